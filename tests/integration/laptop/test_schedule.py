"""A folder that syncs by itself: what is checked first, and what the system is given."""

from __future__ import annotations

import os
import shlex
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest

from broker.laptop.schedule.timer import FolderTimer, name_for
from broker.laptop.schedule.units import units

from .homes import Home, Laptop

# It answers as the manager of a person: what is in force stands in their home.
SYSTEMCTL = """#!/bin/sh
echo "$*" >> "$HOME/calls"
case "$3 $4" in
    *UnitPath*) echo "/etc/systemd/user $HOME/.config/systemd/user" ;;
    show-environment*) cat "$HOME/environment" ;;
    restart*) touch "$HOME/active-$4" ;;
    stop*) rm "$HOME/active-$4" ;;
    show*.timer) [ ! -e "$HOME/active-$4" ] || echo ActiveState=active ;;
esac
"""


def schedule(laptop: Laptop, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["bash", laptop.path / "server/scripts/broker.sh", "schedule", *words],
        env=laptop.environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


@pytest.fixture
def person(synced: Laptop, tmp_path: Path) -> Path:
    """Their home, on a laptop whose manager answers."""
    home, tools = tmp_path / "person", tmp_path / "tools"
    for folder in (home, tools):
        folder.mkdir()
    (home / "environment").write_text("PATH=/bin\n")
    (tools / "systemctl").write_text(SYSTEMCTL)
    (tools / "systemctl").chmod(0o755)
    environment = synced.environment
    environment["HOME"] = str(home)
    environment["PATH"] = f"{tools}{os.pathsep}{environment['PATH']}"
    return home


def made_in(person: Path) -> list[str]:
    return sorted(path.name for path in person.glob(".config/**/data-broker-*"))


def test_it_is_off_until_it_is_switched_on_and_off_removes_all(
    synced: Laptop, person: Path
) -> None:
    assert schedule(synced, "status").stdout == "schedule: off\n"
    assert schedule(synced, "off").stdout == "there was no timer\n"
    name = name_for(synced.path)
    for every, words in (("6h", "every 6 hours"), ("30m", "every 30 minutes")):
        ended = schedule(synced, "on", "--every", every)
        assert (ended.returncode, ended.stderr) == (0, "")
        assert ended.stdout == f"schedule: it syncs by itself {words}\n"
        assert made_in(person) == [f"{name}.service", f"{name}.timer"]
    assert words in schedule(synced, "status").stdout
    ended = schedule(synced, "off")
    assert ended.returncode == 0
    assert ended.stdout.splitlines()[-1] == "this folder is synced only by you from now on"
    assert made_in(person) == []
    assert not (synced.path / ".broker/schedule.json").exists()


def test_status_says_that_a_timer_is_there_and_that_it_was_stopped_by_hand(
    synced: Laptop, person: Path
) -> None:
    assert schedule(synced, "on").returncode == 0
    script = synced.path / "server/scripts/broker.sh"
    line = ["bash", script, "status"]
    shown = subprocess.run(
        line, env=synced.environment, capture_output=True, text=True, check=False
    )
    assert "schedule: it syncs by itself every hour\n" in shown.stdout
    for active in person.glob("active-*"):
        active.unlink()
    ended = schedule(synced, "status")
    assert ended.returncode == 3
    assert (
        "its timer is not running. Run: bash server/scripts/broker.sh schedule on" in ended.stdout
    )


def test_a_folder_that_was_moved_takes_its_timer_along(synced: Laptop, person: Path) -> None:
    assert schedule(synced, "on").returncode == 0
    old = synced.path
    synced.path = old.with_name("moved folder")
    old.rename(synced.path)
    ended = schedule(synced, "status")
    assert ended.returncode == 3
    assert f"its timer was made for {old}" in ended.stdout
    ended = schedule(synced, "on")
    assert ended.returncode == 0
    assert f"{name_for(old)}.timer, of {old}" in ended.stdout
    assert {name.partition(".")[0] for name in made_in(person)} == {name_for(synced.path)}
    synced.path.rename(old)
    synced.path = old
    assert schedule(synced, "off").returncode == 0
    assert made_in(person) == []


def test_a_copy_of_a_folder_leaves_the_timer_of_the_other(synced: Laptop, person: Path) -> None:
    assert schedule(synced, "on").returncode == 0
    before = made_in(person)
    copy = Laptop(synced.path.with_name("copy"), synced.home, synced.environment)
    subprocess.run(["cp", "-a", synced.path, copy.path], check=True)
    assert "of which this folder is a copy" in schedule(copy, "status").stdout
    assert schedule(copy, "off").stdout == "there was no timer\n"
    assert made_in(person) == before
    assert schedule(copy, "on").returncode == 0
    assert len(made_in(person)) == 4


def test_where_a_timer_could_not_sync_none_is_made(
    synced: Laptop, home: Home, person: Path
) -> None:
    """The reason is that of the sync itself."""
    home.path.rename(home.path.with_name("gone"))
    ended = schedule(synced, "on")
    assert ended.returncode == 1
    assert ended.stderr.count("\n") == 1
    assert "a sync without a terminal fails, so a timer would fail as well" in ended.stderr
    assert "this is not the folder of a broker" in ended.stderr
    assert made_in(person) == []
    assert not (synced.path / ".broker/schedule.json").exists()


def test_before_the_first_sync_it_says_what_to_type(laptop: Laptop) -> None:
    ended = schedule(laptop, "on")
    assert ended.returncode == 1
    assert "Run: bash server/scripts/sync_data.sh" in ended.stderr


def test_without_a_manager_of_the_person_it_gives_a_line_for_cron_that_works(
    synced: Laptop, home: Home, tmp_path: Path
) -> None:
    """The real systemctl, with no manager that it could reach; a name that cron would cut."""
    synced.path.rename(tmp_path / "100% it's mine")
    synced.path = tmp_path / "100% it's mine"
    synced.environment |= {"HOME": str(tmp_path / "nobody"), "XDG_RUNTIME_DIR": str(tmp_path)}
    ended = schedule(synced, "on", "--every", "6h")
    assert ended.returncode == 1
    assert "systemd does not run timers for you here" in ended.stderr
    assert not (tmp_path / "nobody").exists()
    assert not (synced.path / ".broker/schedule.json").exists()
    line = ended.stderr.strip().partition("add this line by crontab -e: ")[2]
    moments, command = line.split(" ", 5)[:5], line.split(" ", 5)[5]
    assert moments == ["0", "*/6", "*", "*", "*"]
    assert "%" not in command.replace("\\%", "")
    assert shlex.split(command.replace("\\%", "%"))[-1] == "--quiet"
    home.table("stores", "SELECT 8::BIGINT AS id, 'Brno' AS name")
    home.publish()
    done = subprocess.run(
        ["/bin/sh", "-c", command.replace("\\%", "%")],
        env=synced.environment,
        check=False,
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert synced.query("FROM stores") == [(8, "Brno")]


@pytest.mark.parametrize("every", ["30m", "1h", "6h"])
def test_systemd_takes_the_units_of_a_folder_whatever_its_name(tmp_path: Path, every: str) -> None:
    """Its own check of unit files; that it runs the right script is in tests/system."""
    root = tmp_path / "a \"b\" 'c' 100% $HOME %h ; é"
    root.mkdir()
    path = f'{tmp_path}/my "tools" 50%{os.pathsep}{os.environ["PATH"]}'
    made = units(FolderTimer(root, every, "/bin/bash", {"PATH": path}))
    assert verified(tmp_path, made) == (0, "")
    wrong = {name: text.replace("Persistent=", "Persistant=") for name, text in made.items()}
    assert "Unknown key" in verified(tmp_path, wrong)[1]


def verified(folder: Path, made: Mapping[str, str]) -> tuple[int, str]:
    for name, text in made.items():
        (folder / name).write_text(text)
    done = subprocess.run(
        ["systemd-analyze", "--user", "verify", *(folder / name for name in made)],
        env={"PATH": os.environ["PATH"], "HOME": str(folder), "XDG_RUNTIME_DIR": str(folder)},
        check=False,
        capture_output=True,
        text=True,
    )
    return done.returncode, done.stderr
