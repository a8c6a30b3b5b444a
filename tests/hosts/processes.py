"""Processes of the outer machine, by what /proc says of them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Process", "children", "is_init_of_namespace", "supervisors"]


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
        return cls(pid, _started(pid))

    def alive(self) -> bool:
        try:
            return _started(self.pid) == self.started
        except OSError:
            return False


def _started(pid: int) -> int:
    """Clock ticks since boot, field 22 of proc(5); the name in field 2 may hold spaces."""
    after_name = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2]
    return int(after_name.split()[19])


def supervisors() -> Iterator[tuple[int, list[str]]]:
    """Every systemd-nspawn, and the shell that restarts it, with its arguments."""
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            arguments = _arguments(folder)
            if "systemd-nspawn" in arguments:
                yield int(folder.name), arguments


def _arguments(folder: Path) -> list[str]:
    try:
        return (folder / "cmdline").read_text(errors="replace").split("\0")
    except OSError:
        return []


def children(pid: int) -> list[int]:
    try:
        text = Path(f"/proc/{pid}/task/{pid}/children").read_text()
    except OSError:
        return []
    return [int(word) for word in text.split()]


def is_init_of_namespace(pid: int) -> bool:
    """Whether the process is number 1 of a process namespace one below ours."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return False
    numbers = next((line.split()[1:] for line in lines if line.startswith("NSpid:")), [])
    return len(numbers) == 2 and numbers[1] == "1"
