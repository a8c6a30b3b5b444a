"""Bytes through a child between two ends: all of them, counted, and an end in every case."""

from __future__ import annotations

import socket
import subprocess
import sys
from pathlib import Path
from threading import Thread

import pytest

SOURCE = str(Path(__file__).parents[3] / "src")
PROGRAM = """
import sys
sys.path.insert(0, sys.argv[1])
from broker.transport.carry import carry
before, *command = sys.argv[2:]
carried = carry(command, {"PATH": "/usr/bin:/bin"}, before=before.encode())
# Of this process and of children that ended: so what `cat` wrote counts.
written = dict(line.split(": ") for line in open("/proc/self/io").read().splitlines())["wchar"]
print(carried.code, carried.sent, carried.received, written, file=sys.stderr)
"""
MANY = bytes(range(256)) * 20_000


def carried(
    *command: str, sent: bytes = b"", before: str = ""
) -> subprocess.CompletedProcess[bytes]:
    line = [sys.executable, "-c", PROGRAM, SOURCE, before, *command]
    return subprocess.run(line, input=sent, check=False, capture_output=True, timeout=60)


@pytest.mark.parametrize("size", [0, 1, 3_000_000])
def test_everything_arrives_and_is_counted(size: int) -> None:
    sent = bytes(range(256)) * (size // 256 + 1)
    done = carried("cat", sent=sent[:size])
    assert done.stdout == sent[:size]
    assert done.stderr.decode().split()[:3] == ["0", str(size), str(size)]


def test_what_the_child_reads_before_the_client_is_not_counted() -> None:
    done = carried("cat", sent=b"client", before="before ")
    assert done.stdout == b"before client"
    assert done.stderr.split()[:3] == [b"0", b"13", b"6"]


def test_the_kernel_moves_the_bytes_and_no_copy_is_written() -> None:
    done = carried("head", f"--bytes={len(MANY)}", "/dev/zero")
    assert done.stdout == bytes(len(MANY))
    assert int(done.stderr.split()[3]) < 1.5 * len(MANY)


def test_sshd_gives_the_program_sockets() -> None:
    ours, theirs = socket.socketpair()
    line = [sys.executable, "-c", PROGRAM, SOURCE, "", "cat"]
    with (
        ours,
        subprocess.Popen(line, stdin=theirs, stdout=theirs, stderr=subprocess.PIPE) as running,
    ):
        theirs.close()

        def send() -> None:
            ours.sendall(MANY)
            ours.shutdown(socket.SHUT_WR)

        sender = Thread(target=send)
        sender.start()
        with ours.makefile("rb") as stream:
            assert stream.read() == MANY
        sender.join()
        _, errors = running.communicate(timeout=60)
    assert [int(word) for word in errors.split()][:3] == [0, len(MANY), len(MANY)]


def test_a_client_that_waits_for_the_first_word_gets_it() -> None:
    """As openrsync does: splice(2), while it waits for the client, would keep the child waiting."""
    ours, theirs = socket.socketpair()
    talk = 'read line; echo "$line"; read answer; echo "$answer"'
    line = [sys.executable, "-c", PROGRAM, SOURCE, "first\n", "sh", "-c", talk]
    with (
        ours,
        subprocess.Popen(line, stdin=theirs, stdout=theirs, stderr=subprocess.DEVNULL) as running,
    ):
        theirs.close()
        ours.settimeout(30)
        try:
            with ours.makefile("rb") as stream:
                assert stream.readline() == b"first\n"
                ours.sendall(b"second\n")
                assert stream.read() == b"second\n"
        finally:
            running.kill()


def test_what_the_kernel_does_not_splice_arrives_all_the_same(tmp_path: Path) -> None:
    sent, got = tmp_path / "sent", tmp_path / "got"
    sent.write_bytes(MANY)
    line = [sys.executable, "-c", PROGRAM, SOURCE, "", "cat"]
    with sent.open("rb") as incoming, got.open("ab") as outgoing:
        done = subprocess.run(
            line, stdin=incoming, stdout=outgoing, stderr=subprocess.PIPE, check=False, timeout=60
        )
    assert got.read_bytes() == MANY
    assert done.stderr.decode().split()[:3] == ["0", str(len(MANY)), str(len(MANY))]


def test_the_end_of_the_child_is_the_end_whatever_the_client_still_sends() -> None:
    done = carried("sh", "-c", "echo early; exit 23", sent=b"x" * 1_000_000)
    assert done.stdout == b"early\n"
    assert done.stderr.split()[:2] == [b"23", b"6"]


def test_a_client_that_goes_away_ends_the_child() -> None:
    line = [sys.executable, "-c", PROGRAM, SOURCE, "", "yes"]
    with subprocess.Popen(line, stdout=subprocess.PIPE, stdin=subprocess.DEVNULL) as running:
        assert running.stdout is not None
        assert running.stdout.read(2) == b"y\n"
        running.stdout.close()
        assert running.wait(timeout=60) == 0


WATCHED = """
import sys
sys.path.insert(0, sys.argv[1])
from broker.transport.carry import carry
looks = iter([(None, 1.0), ("full", 0.01)])
carried = carry(sys.argv[2:], {"PATH": "/usr/bin:/bin"}, lambda: next(looks))
print(carried.code, carried.problem, file=sys.stderr)
"""


@pytest.mark.parametrize(
    ("command", "message"),
    [
        (("sleep", "60"), "-15 full"),
        (("sh", "-c", "trap '' TERM; echo; while :; do sleep 1; done"), "-9 full"),
        (("true",), "0 None"),
    ],
)
def test_a_child_is_ended_when_a_look_finds_a_problem(
    command: tuple[str, ...], message: str
) -> None:
    done = subprocess.run(
        [sys.executable, "-c", WATCHED, SOURCE, *command],
        stdin=subprocess.DEVNULL,
        check=False,
        capture_output=True,
        timeout=60,
    )
    assert done.stderr.decode().strip() == message
