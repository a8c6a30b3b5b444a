"""The calls of systemctl, with its answers played; the real one is in tests/system."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from broker.errors import LaptopError
from broker.laptop.schedule.systemd import SystemdTimers

from .made import Played, timer_of


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "home of anna/.config/systemd/user"


@pytest.fixture
def played(folder: Path) -> Played:
    return Played({"show": (0, f"/etc/systemd/user {folder} /usr/lib/systemd/user\n")})


@pytest.fixture
def timers(tmp_path: Path, played: Played) -> SystemdTimers:
    return SystemdTimers({"HOME": str(tmp_path / "home of anna")}, played)


def test_on_writes_two_units_and_starts_the_timer_and_off_removes_both(
    timers: SystemdTimers, played: Played, folder: Path
) -> None:
    timer = timer_of(folder)
    timers.switch_on(timer)
    assert played.lines[-3:] == [
        "daemon-reload",
        f"enable {timer.name}.timer",
        f"restart {timer.name}.timer",
    ]
    made = sorted(folder.iterdir())
    assert [path.name for path in made] == [f"{timer.name}.service", f"{timer.name}.timer"]
    assert {path.stat().st_mode & 0o7777 for path in made} == {0o644}
    (folder / "timers.target.wants").mkdir()
    (folder / "timers.target.wants" / f"{timer.name}.timer").symlink_to(made[1])
    played.answers[f"show {timer.name}.timer"] = (0, "ActiveState=active\n")
    played.answers = dict(reversed(played.answers.items()))
    assert sorted(timers.switch_off(timer.name)) == made
    assert f"stop {timer.name}.timer" in played.lines
    assert played.lines[-1] == "daemon-reload"
    assert [path for path in folder.rglob("*") if not path.is_dir()] == []
    assert timers.switch_off(timer.name) == []


def test_where_the_timer_cannot_be_started_nothing_stays(
    timers: SystemdTimers, played: Played, folder: Path
) -> None:
    played.answers["enable"] = (1, "")
    with pytest.raises(LaptopError, match=r"enable .*refused"):
        timers.switch_on(timer_of(folder))
    assert [path for path in folder.rglob("*") if not path.is_dir()] == []


@pytest.mark.parametrize("kind", ["service", "timer"])
def test_a_unit_of_another_is_left_as_it_is(
    timers: SystemdTimers, played: Played, folder: Path, kind: str
) -> None:
    timer = timer_of(folder)
    foreign = folder / f"{timer.name}.{kind}"
    folder.mkdir(parents=True)
    foreign.write_text("[Unit]\n")
    for act in (lambda: timers.switch_on(timer), lambda: timers.switch_off(timer.name)):
        played.lines.clear()
        with pytest.raises(LaptopError, match="is not the broker's"):
            act()
        assert [line for line in played.lines if not line.startswith("show")] == []
    assert [path.name for path in folder.iterdir()] == [foreign.name]
    foreign.unlink()
    foreign.symlink_to("/dev/null")  # what `systemctl mask` leaves
    with pytest.raises(LaptopError, match="is not the broker's"):
        timers.switch_on(timer)


def test_units_go_where_the_manager_reads_them(tmp_path: Path, played: Played) -> None:
    other = tmp_path / "settings"
    timers = SystemdTimers({"HOME": str(tmp_path), "XDG_CONFIG_HOME": str(other)}, played)
    with pytest.raises(LaptopError, match="does not read units of yours"):
        timers.check()
    played.answers["show"] = (0, f"{other}/systemd/user /etc/systemd/user\n")
    timers.switch_on(timer_of(tmp_path))
    assert len(list((other / "systemd/user").iterdir())) == 2


def test_without_a_manager_it_is_refused(timers: SystemdTimers, played: Played) -> None:
    played.answers["show"] = (1, "")
    with pytest.raises(LaptopError, match=r"systemd does not run timers for you here.*refused"):
        timers.check()


def test_the_state_is_read_as_systemctl_prints_it(tmp_path: Path, played: Played) -> None:
    timers = SystemdTimers({"HOME": str(tmp_path)}, played)
    played.answers = {
        "show a.timer": (
            0,
            "NextElapseUSecRealtime=Mon 2026-11-30 09:03:12 UTC\nActiveState=active\n",
        ),
        "show a.service": (
            0,
            "ExecMainStatus=4\nExecMainExitTimestamp=Mon 2026-11-30 08:04:01 UTC\n",
        ),
        "show b.timer": (0, "NextElapseUSecRealtime=\nActiveState=inactive\n"),
        "show b.service": (0, "ExecMainExitTimestamp=n/a\nExecMainStatus=0\n"),
    }
    state = timers.state("a")
    assert state.is_active
    assert state.next_run == datetime(2026, 11, 30, 9, 3, 12, tzinfo=UTC)
    assert state.last_run == datetime(2026, 11, 30, 8, 4, 1, tzinfo=UTC)
    assert state.exit_code == 4
    other = timers.state("b")
    assert (other.is_active, other.next_run, other.exit_code) == (False, None, None)


def test_the_socket_of_an_agent_is_that_of_the_manager(tmp_path: Path, played: Played) -> None:
    timers = SystemdTimers({"HOME": str(tmp_path)}, played)
    played.answers = {"show-environment": (0, "PATH=/bin\nSSH_AUTH_SOCK=/run/user/1/keyring\n")}
    assert timers.agent_socket() == "/run/user/1/keyring"
    played.answers = {"show-environment": (0, "PATH=/bin\n")}
    assert timers.agent_socket() is None
