"""Programs that would run with another person's rights: files with setuid or setgid bits, and
mounts on which such bits count."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

from ..accounts.walk import walk
from .owners import account
from .policy import Areas
from .proof import Finding

__all__ = ["is_safe", "setid_findings"]

_SETID = stat.S_ISUID | stat.S_ISGID
_SAFE = os.ST_NOSUID | os.ST_NODEV


def setid_findings(areas: Areas) -> tuple[int, list[Finding]]:
    """How many files and mounts were looked at where others write, and what is wrong there.

    Setgid folders only hand their group on, and open nothing.
    """
    checks, found = 0, []
    for place in (areas.data, areas.homes, *areas.temporary):
        if not place.is_dir():
            continue
        checks += 1
        if not is_safe(place):
            found.append(Finding("everybody", str(place), "is mounted without nosuid and nodev"))
        for wrong in _below(place, found):
            checks += 1
            found += [wrong] if wrong else []
    return checks, found


def is_safe(place: Path) -> bool:
    """Whether the kernel heeds no setuid bit and no device here."""
    return os.statvfs(place).f_flag & _SAFE == _SAFE


def _below(place: Path, found: list[Finding]) -> Iterator[Finding | None]:
    """For each file: what is wrong with it."""

    def report(path: str, error: OSError) -> None:
        found.append(Finding("root", path, f"cannot look here: {error.strerror}"))

    for one in walk(place, report):
        if stat.S_ISREG(one.status.st_mode):
            setid = one.status.st_mode & _SETID
            owner = account(one.status.st_uid)
            yield Finding(owner, one.path, "has a setuid or setgid bit") if setid else None
