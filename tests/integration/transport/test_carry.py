"""Bytes through a child between two pipes: all of them, counted, and an end in every case."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

SOURCE = str(Path(__file__).parents[3] / "src")
PROGRAM = """
import sys
sys.path.insert(0, sys.argv[1])
from broker.transport.carry import carry
carried = carry(sys.argv[2:], {"PATH": "/usr/bin:/bin"})
print(carried.code, carried.sent, carried.received, file=sys.stderr)
"""


def carried(*command: str, sent: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    line = [sys.executable, "-c", PROGRAM, SOURCE, *command]
    return subprocess.run(line, input=sent, check=False, capture_output=True, timeout=60)


@pytest.mark.parametrize("size", [0, 1, 3_000_000])
def test_everything_arrives_and_is_counted(size: int) -> None:
    sent = bytes(range(256)) * (size // 256 + 1)
    done = carried("cat", sent=sent[:size])
    assert done.stdout == sent[:size]
    assert done.stderr.decode().split() == ["0", str(size), str(size)]


def test_the_end_of_the_child_is_the_end_whatever_the_client_still_sends() -> None:
    done = carried("sh", "-c", "echo early; exit 23", sent=b"x" * 1_000_000)
    assert done.stdout == b"early\n"
    assert done.stderr.split()[:2] == [b"23", b"6"]


def test_a_client_that_goes_away_ends_the_child() -> None:
    line = [sys.executable, "-c", PROGRAM, SOURCE, "yes"]
    with subprocess.Popen(line, stdout=subprocess.PIPE, stdin=subprocess.DEVNULL) as running:
        assert running.stdout is not None
        assert running.stdout.read(2) == b"y\n"
        running.stdout.close()
        assert running.wait(timeout=60) == 0
