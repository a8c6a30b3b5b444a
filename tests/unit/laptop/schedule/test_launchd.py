"""The calls of launchctl, with its answers played: no test here runs on a Mac."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from broker.errors import LaptopError
from broker.laptop.schedule.launchd import LaunchdTimers

from .made import Played, timer_of

DOMAIN = f"gui/{os.getuid()}"


@pytest.fixture
def played(tmp_path: Path) -> Played:
    name = timer_of(tmp_path).name
    return Played({f"print {DOMAIN}/{name}": (113, "")})


def test_on_writes_one_file_and_loads_it_and_off_removes_it(tmp_path: Path, played: Played) -> None:
    timers, timer = LaunchdTimers(tmp_path, played), timer_of(tmp_path)
    place = tmp_path / "Library/LaunchAgents" / f"{timer.name}.plist"
    timers.switch_on(timer)
    assert place.stat().st_mode & 0o7777 == 0o644
    assert played.lines[-1] == f"bootstrap {DOMAIN} {place}"
    assert not any(line.startswith("bootout") for line in played.lines)
    assert not timers.state(timer.name).is_active
    played.answers[f"print {DOMAIN}/{timer.name}"] = (0, "\tstate = x\n\tlast exit code = 3\n")
    assert timers.state(timer.name).exit_code == 3
    timers.switch_on(timer)
    assert played.lines[-2:] == [f"bootout {DOMAIN}/{timer.name}", f"bootstrap {DOMAIN} {place}"]
    assert timers.switch_off(timer.name) == [place]
    assert not place.exists()
    assert played.lines[-1] == f"bootout {DOMAIN}/{timer.name}"


def test_where_it_cannot_be_loaded_nothing_stays(tmp_path: Path, played: Played) -> None:
    played.answers["bootstrap"] = (5, "")
    with pytest.raises(LaptopError, match="bootstrap"):
        LaunchdTimers(tmp_path, played).switch_on(timer_of(tmp_path))
    assert list((tmp_path / "Library/LaunchAgents").iterdir()) == []


def test_an_agent_of_another_is_left_as_it_is(tmp_path: Path, played: Played) -> None:
    timer = timer_of(tmp_path)
    place = tmp_path / "Library/LaunchAgents" / f"{timer.name}.plist"
    place.parent.mkdir(parents=True)
    place.write_bytes(b"mine")
    timers = LaunchdTimers(tmp_path, played)
    for act in (lambda: timers.switch_on(timer), lambda: timers.switch_off(timer.name)):
        with pytest.raises(LaptopError, match="is not the broker's"):
            act()
    assert place.read_bytes() == b"mine"
    assert played.lines == []


def test_without_a_desktop_it_is_refused_and_an_agent_for_keys_is_found(tmp_path: Path) -> None:
    played = Played({"print": (125, ""), "getenv": (0, "/private/tmp/socket\n")})
    timers = LaunchdTimers(tmp_path, played)
    with pytest.raises(LaptopError, match="a session on the desktop"):
        timers.check()
    assert timers.agent_socket() == "/private/tmp/socket"
    played.answers["getenv"] = (0, "\n")
    assert timers.agent_socket() is None
