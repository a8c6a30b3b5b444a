"""The next version of a table, written from the files of the one before and its change file."""

from __future__ import annotations

from pathlib import Path

from .files.apply import Previous, apply_change
from .files.change import hostile, read_recipe
from .model import DataFile, Limits
from .session import session

__all__ = ["replay"]


def replay(
    previous_root: Path,
    previous: tuple[DataFile, ...],
    change: Path,
    *,
    out: Path,
    work: Path,
    limits: Limits,
) -> tuple[DataFile, ...]:
    """Write below ``out`` what ``change`` changes; returns all files of the new version.

    The bytes are those that the broker published, whatever the threads and memory: compare the
    hashes with the signed manifest. Files that do not change come back with ``is_new`` False.
    Raises ``TableError`` for a file that is not a change file of this broker.
    """
    recipe = read_recipe(change)
    with hostile(change), session(limits, work) as connection:
        return apply_change(
            connection,
            recipe,
            Previous(previous_root, previous),
            change,
            out=out,
            threads=limits.threads,
        )
