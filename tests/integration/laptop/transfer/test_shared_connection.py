"""One login for all that a sync transfers, by a stand-in for ssh that shares its connections."""

from __future__ import annotations

import os
import socket
import sys
from pathlib import Path

import pytest

from ..homes import Home, Laptop

# As ssh: -f -N logs in and leaves a socket, -O exit removes it, and all else runs a command,
# through the socket where there is one. FAULTS names what it cannot do, LOG what it did.
SSH = """
import fcntl, os, socket, subprocess, sys
home, log, faults, *words = sys.argv[1:]
at = words.index("broker")
command = words[at + 1:]
settings = dict(w.split("=", 1) for w in words[:at] if "=" in w)
path = settings.get("ControlPath", "")
def fails(name):
    with open(faults, "r+") as stream:
        fcntl.flock(stream, fcntl.LOCK_EX)  # transfers run side by side
        left = stream.read().split()
        if name not in left:
            return False
        left.remove(name)
        stream.seek(0)
        stream.truncate()
        stream.write(" ".join(left))
        return True
def note(word):
    with open(log, "a") as stream:
        stream.write(word + "\\n")
if settings.get("ControlMaster") == "yes":
    assert {"-f", "-N"} <= {*words} and not command
    if fails("socket"):
        sys.exit("unix_listener: cannot bind to path: Operation not permitted")
    if fails("login"):
        sys.stderr.write("kex_exchange_identification: Connection closed by remote host\\n")
        sys.exit(255)
    socket.socket(socket.AF_UNIX).bind(path)
    note("login " + path)
elif "-G" in words:
    pass
elif "-O" in words:
    os.unlink(path)
    note("exit " + path)
else:
    is_shared = bool(path) and os.path.exists(path)
    note("shared" if is_shared else "alone")
    if is_shared and fails("transfer"):
        sys.exit(255)
    if is_shared and fails("kill"):
        with open(f"/proc/{os.getppid()}/stat") as stream:  # rsync, which the sync started
            os.kill(int(stream.read().rpartition(")")[2].split()[1]), 9)
        sys.exit(255)
    sys.exit(subprocess.run(command, cwd=home).returncode)
"""


class Calls:
    """The stand-in, and what it was called for."""

    def __init__(self, folder: Path, home: Path) -> None:
        self.programs = folder / "shared-programs"
        self.programs.mkdir()
        self._log, self._faults = folder / "ssh-calls", folder / "ssh-faults"
        self._log.touch()
        self.fail()
        script = folder / "shared_ssh.py"
        script.write_text(SSH)
        place = self.programs / "ssh"
        words = f"{sys.executable} {script} {home} {self._log} {self._faults}"
        place.write_text(f'#!/bin/sh\nexec {words} "$@"\n')
        place.chmod(0o755)

    def fail(self, *names: str) -> None:
        """Once each: ``socket``, ``login``, ``transfer``, or ``kill`` of the sync itself."""
        self._faults.write_text(" ".join(names))

    @property
    def faults(self) -> list[str]:
        """What it still will not do."""
        return self._faults.read_text().split()

    def take(self) -> list[str]:
        """The first word of each call since the last time, in order."""
        found = [line.split()[0] for line in self._log.read_text().splitlines()]
        self._log.write_text("")
        return found


@pytest.fixture
def calls(synced: Laptop, home: Home) -> Calls:
    """A generation of another table is there to fetch."""
    home.table("stores", "SELECT 8::BIGINT AS id, 'Brno' AS name")
    home.publish()
    made = Calls(synced.path.parent, home.path)
    synced.environment["PATH"] = f"{made.programs}{os.pathsep}{synced.environment['PATH']}"
    return made


def sockets(laptop: Laptop) -> list[Path]:
    return [path for path in (laptop.path / ".broker").iterdir() if path.is_socket()]


def test_a_sync_logs_in_once(synced: Laptop, calls: Calls) -> None:
    ended = synced.sync("broker")
    assert ended.returncode == 0, ended.stderr
    # Manifest, scripts and choice; the data; and what is here now.
    assert calls.take() == ["login", *["shared"] * 5, "exit"]
    assert not sockets(synced)
    ended = synced.sync()
    assert ended.returncode == 0, ended.stderr
    assert calls.take() == ["login", *["shared"] * 3, "exit"]


def test_the_program_that_arrives_goes_on_with_a_login_of_its_own(
    synced: Laptop, home: Home, calls: Calls
) -> None:
    (home.path / "server/scripts/README.md").write_text("New here.\n")
    home.offer_scripts()
    ended = synced.sync("broker")
    assert ended.returncode == 0, ended.stderr
    assert "going on with the new ones" in ended.stdout
    logins = [word for word in calls.take() if word != "shared"]
    assert logins == ["login", "exit", "login", "exit"]
    assert not sockets(synced)


def test_a_disk_without_sockets_has_a_connection_for_each_transfer(
    synced: Laptop, calls: Calls
) -> None:
    calls.fail("socket")
    ended = synced.sync("broker")
    assert ended.returncode == 0, ended.stderr
    assert calls.take() == ["alone"] * 5
    assert "trying again" not in ended.stdout


def test_a_login_that_breaks_off_is_tried_again(synced: Laptop, calls: Calls) -> None:
    calls.fail("login")
    ended = synced.sync("broker")
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout.count("trying again") == 1
    assert calls.take() == ["login", *["shared"] * 5, "exit"]


def test_a_host_that_refuses_is_asked_as_often_as_before_and_told_in_one_sentence(
    synced: Laptop, calls: Calls
) -> None:
    calls.fail(*["login"] * 12)
    ended = synced.sync("broker")
    assert (ended.returncode, len(ended.stderr.strip().splitlines())) == (1, 1), ended.stderr
    assert "broker cannot be reached over ssh" in ended.stderr
    assert "Connection closed by remote host" in ended.stderr
    assert calls.take() == []
    assert calls.faults == ["login"] * 3  # three folders, three tries each


def test_a_transfer_that_breaks_goes_on_over_a_connection_of_its_own(
    synced: Laptop, calls: Calls
) -> None:
    calls.fail("transfer")
    ended = synced.sync("broker")
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout.count("trying again") == 1
    found = calls.take()
    assert (found[0], found[-1]) == ("login", "exit")
    assert "alone" in found


def test_the_login_of_a_sync_that_was_killed_ends_with_the_next_one(
    synced: Laptop, calls: Calls
) -> None:
    calls.fail("kill")
    assert synced.sync("broker").returncode < 0
    assert len(sockets(synced)) == 1
    assert synced.sync("broker").returncode == 0
    logins = [word for word in calls.take() if word != "shared"]
    assert logins == ["login", "exit", "login", "exit"]
    assert not sockets(synced)


def test_what_a_lost_power_left_is_removed(synced: Laptop, calls: Calls) -> None:
    place = synced.path / ".broker/ssh-00000000"
    with socket.socket(socket.AF_UNIX) as left:
        left.bind(os.path.relpath(place))  # the path of a socket may not be long
    assert sockets(synced) == [place]
    assert synced.sync("broker").returncode == 0
    assert calls.take()
    assert not sockets(synced)
