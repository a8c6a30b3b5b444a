"""Processes of the outer machine, by what /proc says of them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Process", "inits", "is_init_of_namespace", "supervisors"]


@dataclass(frozen=True)
class Process:
    """A process and the moment it started: a number alone may be another's by now."""

    pid: int
    started: int

    @classmethod
    def current(cls) -> Process:
        return cls.of(os.getpid())

    @classmethod
    def of(cls, pid: int) -> Process:
        return cls(pid, int(_fields(pid)[_STARTED]))

    def alive(self) -> bool:
        """Whether it still runs; a zombie, which is not waited for yet, does not."""
        try:
            fields = _fields(self.pid)
        except OSError:
            return False
        return fields[_STATE] not in "ZX" and int(fields[_STARTED]) == self.started


# proc(5): field 3 of stat is the state, field 22 the start in clock ticks since boot.
_STATE, _STARTED = 0, 19


def _fields(pid: int) -> list[str]:
    """What stands in stat after the process's name, which may hold blanks itself."""
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()


def supervisors() -> Iterator[tuple[int, list[str]]]:
    """Every systemd-nspawn, and the shell that restarts it, with its arguments."""
    for pid in _all():
        arguments = _read(pid, "cmdline").split("\0")
        if "systemd-nspawn" in arguments:
            yield pid, arguments


def inits() -> Iterator[tuple[int, str]]:
    """The first process of every process namespace below ours, with what is mounted there."""
    for pid in _all():
        if is_init_of_namespace(pid):
            yield pid, _read(pid, "mountinfo")


def _all() -> list[int]:
    return [int(folder.name) for folder in Path("/proc").iterdir() if folder.name.isdigit()]


def _read(pid: int, name: str) -> str:
    """Empty when the process has ended meanwhile."""
    try:
        return Path(f"/proc/{pid}/{name}").read_text(errors="replace")
    except OSError:
        return ""


def is_init_of_namespace(pid: int) -> bool:
    """Whether the process is number 1 of a process namespace one below ours."""
    lines = _read(pid, "status").splitlines()
    numbers = next((line.split()[1:] for line in lines if line.startswith("NSpid:")), [])
    return len(numbers) == 2 and numbers[1] == "1"
