"""Programs that would run with another person's rights: files with setuid or setgid bits, and
mounts on which such bits count."""

from __future__ import annotations

import os
import re
import stat
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from ..accounts.debian.walk import Found, walk
from .owners import account
from .policy import Areas
from .proof import Violation

__all__ = ["other_ways", "setid_violations"]

_SETID = stat.S_ISUID | stat.S_ISGID
_MOUNTS = Path("/proc/self/mountinfo")
_SAFE = os.ST_NOSUID | os.ST_NODEV
# Files are free to make and paths have no limit: what one account leaves must not fill a proof.
_LISTED, _PATH = 20, 1000


def setid_violations(areas: Areas) -> tuple[int, list[Violation]]:
    """How many files and mounts were looked at where others write, and what is wrong there.

    Setgid folders only hand their group on, and open nothing.
    """
    checks, found = 0, []
    for place in (areas.data, areas.homes, *areas.temporary):
        if not place.is_dir():
            continue
        for way in (place, *filter(Path.is_dir, other_ways(place))):
            checks += 1
            if not _is_safe(way):
                found.append(
                    Violation("everybody", str(way), "is mounted without nosuid and nodev")
                )
        for wrong in _below(place, found):
            checks += 1
            found += [wrong] if wrong else []
    return checks, found


def other_ways(place: Path, mounts: Path = _MOUNTS) -> list[Path]:
    """Where else the same files stand: below another mount, which has options of its own.

    A mount that another one at the same path hides is listed under that path, too.
    """
    rows = [line.split() for line in mounts.read_text(errors="replace").splitlines()]
    parts = [(row[2], Path(_plain(row[3])), Path(_plain(row[4]))) for row in rows]
    ours = [part for part in parts if place.is_relative_to(part[2])]
    if not ours:
        return []
    device, root, target = max(reversed(ours), key=lambda part: len(part[2].parts))
    files = root / place.relative_to(target)
    ways = {
        at / files.relative_to(top) if files.is_relative_to(top) else at
        for number, top, at in parts
        if number == device and (files.is_relative_to(top) or top.is_relative_to(files))
    }
    return sorted(way for way in ways if not way.is_relative_to(place))


def _is_safe(place: Path) -> bool:
    """Whether the kernel heeds no setuid bit and no device here."""
    return os.statvfs(place).f_flag & _SAFE == _SAFE


def _plain(name: str) -> str:
    """Spaces and the like are octal numbers there: see proc_pid_mountinfo(5)."""
    return re.sub(r"\\([0-7]{3})", lambda found: chr(int(found[1], 8)), name)


def _below(place: Path, found: list[Violation]) -> Iterator[Violation | None]:
    """For each file: what is wrong with it; the first few of each account, then their number."""
    places, files = Counter[str](), Counter[str]()

    def report(path: str, error: OSError) -> None:
        places["root"] += 1
        if places["root"] <= _LISTED:
            found.append(Violation("root", _short(path), f"cannot look here: {error.strerror}"))

    for one in walk(place, report):
        if stat.S_ISREG(one.status.st_mode):
            yield _setid(one, files) if one.status.st_mode & _SETID else None
    for counted, what in (
        (places, "more places where it cannot look"),
        (files, "more files with a setuid or setgid bit"),
    ):
        found += [
            Violation(owner, str(place), f"has {number - _LISTED:,} {what}")
            for owner, number in counted.items()
            if number > _LISTED
        ]


def _setid(one: Found, files: Counter[str]) -> Violation | None:
    owner = account(one.status.st_uid)
    files[owner] += 1
    if files[owner] > _LISTED:
        return None
    return Violation(owner, _short(one.path), "has a setuid or setgid bit")


def _short(path: str) -> str:
    return path if len(path) <= _PATH else f"{path[:_PATH]}..."
