"""A later version of a table, written from the files of an earlier one and its change files."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from .files.apply import Previous, apply_change
from .files.change import hostile, read_recipe
from .files.fold import can_fold, fold
from .model import DataFile, Limits
from .session import session

__all__ = ["replay"]


def replay(
    previous_root: Path,
    previous: tuple[DataFile, ...],
    changes: Sequence[Path],
    *,
    out: Path,
    work: Path,
    limits: Limits,
) -> tuple[DataFile, ...]:
    """Write below ``out`` what the changes change, the oldest first; returns all files after them.

    The bytes are those that the broker published, whatever the threads and memory: compare the
    hashes with the signed manifest. Files that do not change come back with ``is_new`` False.
    Raises ``TableError`` for a file that is not a change file of this broker.
    """
    at = _Replay(Previous(previous_root, previous), work, limits)
    folded = at.fold(changes)
    made = work / "made"
    files = at.apply(changes if folded is None else [folded], made)
    for file in files:
        if file.is_new:
            place = out / file.path
            place.parent.mkdir(parents=True, exist_ok=True)
            shutil.move(made / file.path, place)
    return files


@dataclass(frozen=True, slots=True)
class _Replay:
    """Changes put upon a version, in a scratch folder."""

    previous: Previous
    work: Path
    limits: Limits

    def fold(self, changes: Sequence[Path]) -> Path | None:
        """All of them as one, where that is the same."""
        recipes = [read_recipe(change) for change in changes]
        folded = self.work / "changes.parquet"
        with hostile(changes[0]), session(self.limits, self.work) as connection:
            if not can_fold(connection, recipes, changes, self.previous.files):
                return None
            fold(connection, recipes[0], changes, folded)
        return folded

    def apply(self, changes: Sequence[Path], made: Path) -> tuple[DataFile, ...]:
        """One after the other, into ``made``. Each is written apart, as it reads what is there."""
        files = self.previous.files
        for change in changes:
            out = self.work / "next"
            before = replace(self.previous, files=files, newer=made)
            recipe = read_recipe(change)
            with hostile(change), session(self.limits, self.work) as connection:
                files = apply_change(
                    connection, recipe, before, change, out=out, threads=self.limits.threads
                )
            for file in files:
                if file.is_new:
                    (made / file.path).parent.mkdir(parents=True, exist_ok=True)
                    (out / file.path).replace(made / file.path)
        return tuple(replace(file, is_new=(made / file.path).exists()) for file in files)
