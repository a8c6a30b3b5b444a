"""What differs in a table between two generations."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path

import duckdb

from ...errors import LaptopError
from ...foreign.columns import folded
from ...manifest import TableEntry
from ...tables.compare import Counts, RowChange, changes, common_key
from ...tables.files.apply import Previous
from ...tables.model import Limits
from ..query.messages import first_part
from .kept_generations import KeptGeneration
from .past_tables import absence

__all__ = [
    "ChangesSince",
    "ColumnChange",
    "TableDifference",
    "columns_changed",
    "compared",
    "difference_of",
]


_LIMITS = Limits(memory_bytes=4 << 30)  # DuckDB has half of it, as for a guarded query


@dataclass(frozen=True, slots=True)
class ColumnChange:
    """A column with another type than before; None where there is no such column."""

    name: str
    before: str | None
    after: str | None


@dataclass(frozen=True, slots=True)
class TableDifference:
    """``rows`` are some of those that were counted. ``notes`` are sentences about the table."""

    table: str
    before: KeptGeneration
    after: KeptGeneration
    key: tuple[str, ...]
    counts: Counts
    columns: tuple[ColumnChange, ...]
    notes: tuple[str, ...]
    rows: tuple[RowChange, ...]

    @property
    def total(self) -> int:
        """How many rows differ."""
        return self.counts.added + self.counts.removed + self.counts.changed


@dataclass(frozen=True, slots=True)
class ChangesSince:
    """What change files say of a table since ``words``, a moment of which no generation is here.

    They are of the changes after those of the generation ``base``. Rows that changed have no value
    of before, and removed ones their key alone.
    """

    table: str
    words: str
    base: str
    after: KeptGeneration
    key: tuple[str, ...]
    counts: Counts
    rows: tuple[RowChange, ...]

    @property
    def total(self) -> int:
        """How many rows differ."""
        return self.counts.added + self.counts.removed + self.counts.changed


def difference_of(
    table_id: str,
    view: str,
    before: KeptGeneration,
    after: KeptGeneration,
    *,
    most: int,
    state: Path,
) -> TableDifference:
    """Compare its rows by key; ``most`` of them are given. ``view`` is what the table is called.

    Raises ``LaptopError`` where neither generation has the table. What does not fit into memory
    goes to a folder below ``state``.
    """
    old, new = before.table(table_id), after.table(table_id)
    one = new or old
    if one is None:
        raise LaptopError(f"{absence(after, view)}, and {absence(before, view)}")
    key = common_key((old or one).key, (new or one).key)
    was = Previous(before.tree, old.files if old else ())
    is_now = Previous(after.tree, new.files if new else ())
    counts, rows = compared(was, is_now, key, most=most, state=state)
    columns = columns_changed(old, new) if old and new else ()
    notes = tuple(_notes(view, (before, old), (after, new)))
    return TableDifference(view, before, after, key, counts, columns, notes, tuple(rows))


def compared(
    was: Previous, is_now: Previous, key: tuple[str, ...], *, most: int, state: Path
) -> tuple[Counts, list[RowChange]]:
    """What differs in these files; raises ``LaptopError`` where one of them cannot be read."""
    try:
        with tempfile.TemporaryDirectory(prefix="compare-", dir=state) as work:
            return changes(was, is_now, key, most=most, work=Path(work), limits=_LIMITS)
    except duckdb.OutOfMemoryException as error:
        raise LaptopError(
            "the rows of two generations are too many or too wide to be compared",
            found=first_part(error),
            remedy="Compare what you need of them with sql and the macros of the table.",
        ) from error
    except duckdb.Error as error:
        raise LaptopError(
            "the rows of two generations cannot be compared",
            found=first_part(error),
            remedy="If a file is gone or damaged, compare with another generation.",
        ) from error


def columns_changed(old: TableEntry, new: TableEntry) -> tuple[ColumnChange, ...]:
    """Columns that are added, removed, or have another type; none where one was never loaded."""
    spelled = {folded(column.name): column.name for column in new.schema.columns}
    before = {
        spelled.get(folded(column.name), column.name): column.type or "VARCHAR"
        for column in old.schema.columns
    }
    after = {column.name: column.type or "VARCHAR" for column in new.schema.columns}
    if not before or not after:
        return ()
    names = [*after, *(name for name in before if name not in after)]
    pairs = (ColumnChange(name, before.get(name), after.get(name)) for name in names)
    return tuple(one for one in pairs if one.before != one.after)


def _notes(
    view: str,
    before: tuple[KeptGeneration, TableEntry | None],
    after: tuple[KeptGeneration, TableEntry | None],
) -> list[str]:
    notes = []
    for generation, entry in (before, after):
        if entry is None:
            notes.append(f"{absence(generation, view)}: all rows of the other count")
        elif not entry.schema.columns:
            notes.append(f"{view} was never loaded in generation {generation.title}")
    old, new = before[1], after[1]
    if old is None or new is None:
        return notes
    if (old.key or new.key) and not common_key(old.key, new.key):
        notes.append(
            f"the key was {_key(old)} and is {_key(new)}: rows are compared as a whole, so a "
            "changed row is one removed and one added"
        )
    elif not new.key:
        notes.append("the table has no key: a changed row is one removed and one added")
    return notes


def _key(entry: TableEntry) -> str:
    return f"({', '.join(entry.key)})" if entry.key else "none"
