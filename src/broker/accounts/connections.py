"""Connections of one account at sshd, from the moment that a client has named it."""

from __future__ import annotations

import re
from contextlib import suppress
from pathlib import Path

__all__ = ["monitors"]

_PROGRAMS = frozenset({"sshd", "sshd-session"})


def monitors(name: str, proc: Path = Path("/proc")) -> list[int]:
    """Root's own process of each connection: it stands before any process of the account does.

    sshd titles it ``sshd: NAME [priv]`` (``sshd-session:`` since 9.8). Anybody may title a
    process so, but the program and its owner are the kernel's word.
    """
    title = re.compile(rf"sshd(-session)?: {re.escape(name)} \[priv\]")
    found = []
    for folder in proc.glob("[0-9]*"):
        with suppress(OSError):  # it ended while we looked
            told = (folder / "cmdline").read_text(errors="replace").strip("\0 ")
            if title.fullmatch(told) and _is_sshd(folder):
                found.append(int(folder.name))
    return found


def _is_sshd(folder: Path) -> bool:
    program = (folder / "exe").readlink().name
    return folder.stat().st_uid == 0 and program in _PROGRAMS
