"""The change files that a manifest offers: which of them lead from one version to the newest.

A version is named by its files, not by a generation: a laptop that has exactly those can go on from
them, however many generations lie between, and whatever was rolled back.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence

from ..tables.model import DataFile
from .model import ChangeFile, TableEntry

__all__ = ["changes_since", "extend_changes", "version_of_files"]

_MOST_CHANGES = 32
_COUNT_DIGITS = 16


def version_of_files(files: Iterable[DataFile]) -> str:
    """The name of the version that consists of these files: 16 hexadecimal digits."""
    lines = sorted(f"{file.sha256} {file.path}\n" for file in files)
    return hashlib.sha256("".join(lines).encode()).hexdigest()[:_COUNT_DIGITS]


def changes_since(entry: TableEntry, files: Sequence[DataFile]) -> tuple[ChangeFile, ...] | None:
    """The change files that turn these files into those of ``entry``, the oldest first.

    None where they do not reach back to them; none of them where the files are the same.
    """
    version = version_of_files(files)
    if version == version_of_files(entry.files):
        return ()
    for at, change in enumerate(entry.changes):
        if change.before == version:
            return entry.changes[at:]
    return None


def extend_changes(
    entry: TableEntry, before: TableEntry | None, made: ChangeFile | None
) -> tuple[ChangeFile, ...]:
    """The changes that the new version of a table offers: those of its last one, and ``made``.

    Older ones are left out where they could show more than the table does now: a column that is
    gone, or rows of another question to the source; and all, where the readers are others. They are
    kept for 32 versions at most, and while all together are smaller than half of the table.
    """
    if before is None or before.access != entry.access:
        return ()
    if made is None and version_of_files(entry.files) != version_of_files(before.files):
        return ()
    known = before.changes if _shows_no_more(before, entry) else ()
    if made is None:
        return known
    # A version that comes back is one again: who has it goes on from its last time.
    back = next((at for at, old in enumerate(known) if old.before == made.before), -1)
    older = known[back + 1 :][1 - _MOST_CHANGES :]
    while older and sum(old.file.bytes for old in (*older, made)) > entry.bytes // 2:
        older = older[1:]
    return (*older, made)


def _shows_no_more(before: TableEntry, entry: TableEntry) -> bool:
    columns = [[(c.name, c.type) for c in one.schema.columns] for one in (before, entry)]
    is_same = (before.question, before.path) == (entry.question, entry.path)
    return is_same and columns[0] == columns[1]
