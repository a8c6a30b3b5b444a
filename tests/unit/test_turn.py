from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from broker import turn
from broker.errors import BrokerError, LockedError
from broker.turn import Process, give_back, mine, processes, session_of, take

ME = os.getpid()
# Two logins: `ansible` works below one of them, and whoever asks below the other.
LISTENER = Process(50, 1, "sshd", 10)
SESSION, OTHER = Process(60, 50, "sshd-session", 20), Process(70, 50, "sshd-session", 30)
SHELL, ASKING = Process(71, 70, "sh", 40), Process(ME, 71, "python3", 41)
WORKING = Process(61, 60, "apt-get", 50)
IDLE = (LISTENER, SESSION, OTHER, SHELL, ASKING)


@pytest.fixture
def place(tmp_path: Path) -> Path:
    return tmp_path / "turn.json"


def table(*found: Process) -> dict[int, Process]:
    return {one.pid: one for one in found}


def runs(monkeypatch: pytest.MonkeyPatch, *found: Process) -> None:
    monkeypatch.setattr(turn, "processes", lambda: table(*found))


def another(place: Path, **more: object) -> str:
    """The turn of a deploy in the first login."""
    document = {"id": "0badcafe", "by": "olga (ansible)", "since": "2026-11-29 05:30:00 UTC"}
    document |= {"session": SESSION.pid, "began": SESSION.began, "after": 45, **more}
    place.write_text(json.dumps(document))
    return str(document["id"])


def test_who_takes_it_changes_the_host_and_gives_it_back(place: Path) -> None:
    own = take("olga (ansible)", place=place)
    for _ in range(2):
        with mine(own, place=place):
            pass
    give_back(own, place=place)
    assert not place.exists()
    assert take("otto (ansible)", place=place, patience=0) != own


def test_another_deploy_that_works_is_waited_for_and_then_named(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs(monkeypatch, *IDLE, WORKING)
    another(place)
    before = place.read_text()
    for check in (False, True):
        with pytest.raises(LockedError) as caught:
            take("otto (ansible)", place=place, patience=0, check=check)
        assert "olga (ansible) began at 2026-11-29 05:30:00 UTC" in str(caught.value)
        assert "Nothing was changed." in str(caught.value)
    assert place.read_text() == before


@pytest.mark.parametrize(
    ("found", "more"),
    [
        (IDLE, {}),
        ((*IDLE, Process(61, 60, "apt-get", 50, ended=True)), {}),
        ((*IDLE, Process(61, 60, "bash", 44)), {}),  # there before: a shell of the same login
        ((*IDLE, WORKING), {"began": 19}),  # another login by now, with the number of the first
        ((*IDLE, WORKING), {"session": OTHER.pid, "began": OTHER.began}),
    ],
)
def test_one_that_shows_no_sign_of_life_loses_it_and_is_refused_where_it_goes_on(
    found: tuple[Process, ...],
    more: dict[str, object],
    place: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    runs(monkeypatch, *found)
    lost = another(place, **more)
    assert take("otto (ansible)", place=place, silence=0, check=True) == ""
    own = take("otto (ansible)", place=place, silence=0)
    refusal = pytest.raises(
        BrokerError, match=r"lost its turn to another.* one that otto \(ansible\)"
    )
    with refusal, mine(lost, place=place):
        raise AssertionError
    give_back(lost, place=place)
    with mine(own, place=place):
        pass


def test_a_machine_that_stood_still_takes_no_turn_away(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A virtual machine that was paused, while the other deploy was between two tasks."""
    runs(monkeypatch, *IDLE)
    own = another(place)
    now = 0.0

    def sleep(seconds: float) -> None:
        nonlocal now
        if now == 0.0:
            now += 50.0
        else:
            runs(monkeypatch, *IDLE, WORKING)
        now += seconds

    monkeypatch.setattr(turn.time, "monotonic", lambda: now)
    monkeypatch.setattr(turn.time, "sleep", sleep)
    with pytest.raises(LockedError, match="another deploy of this host is at work"):
        take("otto (ansible)", place=place)
    assert json.loads(place.read_text())["id"] == own


def test_a_restart_of_the_host_ends_it(place: Path) -> None:
    own = take("olga (ansible)", place=place)
    place.unlink()
    with pytest.raises(BrokerError, match="restarted"), mine(own, place=place):
        raise AssertionError


def test_a_change_tells_in_which_session_it_is_made(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A new configuration of sshd is tried with a connection of its own."""
    runs(monkeypatch, *IDLE)
    own = another(place)
    with mine(own, place=place):
        pass
    assert json.loads(place.read_text())["session"] == OTHER.pid


def test_the_session_is_what_sshd_made_for_one_login() -> None:
    assert session_of(table(*IDLE)) == OTHER
    # Debian 12: sshd itself, forked, with a process of the account's below root's
    old = (LISTENER, Process(80, 50, "sshd", 1), Process(81, 80, "sshd", 1))
    asking = (Process(82, 81, "sudo", 2), Process(ME, 82, "python3", 3))
    assert session_of(table(*old, *asking)).pid == 80
    # sshd was restarted meanwhile
    assert session_of(table(*old[1:], *asking)).pid in {80, 81}
    # no sshd: a console, or the host itself
    assert session_of(table(Process(90, 1, "login", 1), Process(ME, 90, "sh", 2))).pid == 90


def test_processes_are_read_as_the_kernel_tells_them(tmp_path: Path) -> None:
    odd = tmp_path / "7"
    odd.mkdir()
    fields = "Z 5 7 7 0 -1 4194560 0 0 0 0 0 0 0 0 20 0 1 0 4711 0 0"
    (odd / "stat").write_text(f"7 (a) b (c) {fields}\n")
    assert processes(tmp_path) == {7: Process(7, 5, "a) b (c", 4711, ended=True)}
    assert processes()[ME].parent == os.getppid()
