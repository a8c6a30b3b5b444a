"""Uids and gids that ``/etc/subuid`` and ``/etc/subgid`` lend to accounts: see subuid(5)."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

__all__ = ["read_ranges"]

# Below are real accounts, whatever a line says: see Debian Policy, section 9.2.2.
_FIRST = 65_536


def read_ranges(path: Path, numbers: Mapping[str, int]) -> list[tuple[range, int]]:
    """Each range with the uid of the account that has it; ``numbers`` maps names to uids.

    Lines that name no known account, or uids that are accounts' own, count for nothing.
    """
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
    except FileNotFoundError:
        return []
    found = []
    for fields in (line.strip().split(":") for line in text.splitlines()):
        if len(fields) == 3 and fields[1].isdecimal() and fields[2].isdecimal():
            name, first, count = fields[0], int(fields[1]), int(fields[2])
            uid = int(name) if name.isdecimal() else numbers.get(name)
            if uid is not None and first >= _FIRST:
                found.append((range(first, first + count), uid))
    return found
