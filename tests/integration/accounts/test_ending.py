"""Processes of an account that do what they can to outlive the end of its rights."""

from __future__ import annotations

import os
import select
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from broker.access import Reader
from broker.access.observer import Attempt, try_as
from broker.accounts.debian import system
from broker.accounts.debian.system import DebianSystem
from rig.hosts import wait_for

pytestmark = [
    pytest.mark.skipif(os.geteuid() != 0, reason="only root can become other users"),
    pytest.mark.xdist_group("ending"),  # all under one uid
]

UID = 61300
NO_GROUPS: list[int] = []
BEGIN = "import ctypes, os, sys, threading, time; libc = ctypes.CDLL(None)\n"
READY = "print('ready', flush=True)\n"
# The first thread ends, so the process looks as if it waited to be reaped.
HEADLESS = f"""{BEGIN}
threading.Thread(target=time.sleep, args=[600]).start()
{READY}
libc.syscall({{"x86_64": 60, "aarch64": 93}}[os.uname().machine], 0)
"""
# Several threads, as a call spares the process that makes it.
KILLS = f"""{BEGIN}
def kill():
    while True:
        libc.kill(-1, int(sys.argv[1]))
threads = [threading.Thread(target=kill) for _ in range(4)]
for thread in threads:
    thread.start()
{READY}
"""
FORKS = f"""{BEGIN}{READY}
while True:
    try:
        if os.fork():
            os._exit(0)
    except OSError:
        pass
"""
ENDS = """
import sys
from broker.accounts.debian.system import _kill_all
while True:
    _kill_all(int(sys.argv[1]))
"""


@pytest.fixture
def host(monkeypatch: pytest.MonkeyPatch) -> DebianSystem:
    """This machine, whose systemd has no manager of that account."""
    monkeypatch.setattr(system, "_forget_manager", lambda _uid: None)
    return DebianSystem()


@contextmanager
def started(script: str, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    """Run it under ``UID``, a uid that no account has."""
    command = ["/usr/bin/python3", "-I", "-c", script, *arguments]
    with subprocess.Popen(
        command, user=UID, group=UID, extra_groups=NO_GROUPS, stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
            yield process
        finally:
            process.kill()
            system._kill_all(UID)


@pytest.mark.parametrize(
    ("script", "arguments"),
    [(HEADLESS, ()), (KILLS, ("9",)), (KILLS, ("19",)), (FORKS, ())],
    ids=["headless", "kills", "stops", "forks"],
)
def test_nothing_outlives_the_end(
    script: str, arguments: tuple[str, ...], host: DebianSystem
) -> None:
    with started(script, *arguments) as process:
        host.end(UID)
        process.wait(timeout=10)
        assert process.stdout is not None
        ended, _, _ = select.select([process.stdout], [], [], 10)
        assert ended, "a process still holds the output of the first"
        assert process.stdout.read() == ""


def test_a_process_whose_first_thread_ended_counts_as_running(host: DebianSystem) -> None:
    with started(HEADLESS) as process:
        status = Path(f"/proc/{process.pid}/status")
        wait_for("its end", lambda: "Z (zombie)" in status.read_text(), seconds=10)
        assert host.running([UID])


@contextmanager
def ending() -> Iterator[None]:
    """Root ends the processes of another account, again and again."""
    with subprocess.Popen([sys.executable, "-c", ENDS, str(UID + 1)]) as process:
        try:
            yield
        finally:
            process.kill()


@pytest.mark.parametrize("signal", ["9", "19"], ids=["kills", "stops"])
def test_the_proof_looks_as_an_account_that_kills_or_stops_all_it_may(signal: str) -> None:
    reader = Reader("someone", UID, UID, (), frozenset(), "/nonexistent")
    place = Attempt("/", "folder")
    calm = try_as(reader, [place] * 5000)
    with started(KILLS, signal), ending():
        assert try_as(reader, [place] * 5000) == calm
    assert try_as(replace(reader, uid=UID + 1), [place]) == calm[:1]
