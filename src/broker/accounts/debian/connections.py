"""Connections of one account at sshd, from the moment that a client has named it, and sessions."""

from __future__ import annotations

import os
import re
from contextlib import suppress
from pathlib import Path

__all__ = ["in_sessions", "monitors"]

_SLICE = re.compile(r"/user-([0-9]+)\.slice/")
_PROGRAMS = frozenset({"sshd", "sshd-session"})


def monitors(name: str, proc: Path = Path("/proc")) -> list[int]:
    """Root's own process of each connection: it stands before any process of the account does.

    sshd titles it ``sshd: NAME [priv]`` (``sshd-session:`` since 9.8). Any account may title a
    process so, but the program and its owner come from the kernel.
    """
    title = re.compile(rf"sshd(-session)?: {re.escape(name)} \[priv\]")
    found = []
    for folder in proc.glob("[0-9]*"):
        with suppress(OSError):  # it ended while we looked
            title_now = (folder / "cmdline").read_text(errors="replace").strip("\0 ")
            if title.fullmatch(title_now) and _is_sshd(folder):
                found.append(int(folder.name))
    return found


def in_sessions(uid: int, proc: Path = Path("/proc")) -> set[int]:
    """All processes in the sessions of a uid, under any uid: sudo changes only that.

    Without the process that asks and those above it, as that may be a shell of su. The uppermost
    slice counts: below it a manager of user units makes any that its owner names. What systemd
    runs there to remove the folder in /run/user has to end by itself.
    """
    found = set[int]()
    for folder in proc.glob("[0-9]*"):
        with suppress(OSError):  # it ended while we looked
            groups = (folder / "cgroup").read_text(errors="replace").splitlines()
            here = any(_is_of(line, uid) for line in groups)
            if here and _state_and_parent(folder)[0] not in "ZX":
                found.add(int(folder.name))
    return found - _line_of(os.getpid(), proc)


def _is_of(line: str, uid: int) -> bool:
    """Whether a control group is one of this uid's sessions, as no account can join root's unit."""
    top = _SLICE.search(line)
    if top is None or int(top[1]) != uid:
        return False
    return line[top.end() :] != f"user-runtime-dir@{uid}.service"


def _line_of(process: int, proc: Path) -> set[int]:
    """A process with its parent, its parent's parent and so on."""
    found = set[int]()
    with suppress(OSError):
        while process not in found:
            found.add(process)
            process = int(_state_and_parent(proc / str(process))[1])
    return found


def _state_and_parent(folder: Path) -> list[str]:
    """The two fields behind the name in ``stat``, which may hold anything: proc(5)."""
    return (folder / "stat").read_text(errors="replace").rpartition(")")[2].split()[:2]


def _is_sshd(folder: Path) -> bool:
    program = (folder / "exe").readlink().name
    return folder.stat().st_uid == 0 and program in _PROGRAMS
