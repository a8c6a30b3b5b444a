"""What differs between two versions of a table, row by row, matched by key.

Only files that differ are read: a row that stands in an equal file is in both versions, and a
row that moved moved between files that changed.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any

import duckdb

from ..foreign.columns import folded
from .files.apply import Previous
from .model import DataFile, Limits
from .session import columns_of, identifier, one_row, parquet, session
from .types import comparable

__all__ = [
    "Counts",
    "RowChange",
    "Values",
    "changed_files",
    "changes",
    "common_key",
    "compare",
    "difference_query",
    "differences",
    "json_of_texts",
    "make_difference",
    "parsed_row",
]


@dataclass(frozen=True, slots=True)
class Counts:
    """Rows by what became of them. Without a key, a changed row is one removed and one added."""

    added: int
    removed: int
    changed: int


@dataclass(frozen=True, slots=True)
class RowChange:
    """What became of a row: ``added``, ``removed`` or ``changed``.

    ``key`` leads from its columns to their values, and is the whole row without a key. ``before``
    and ``after`` are whole rows; None where there is none. Values are DuckDB's own texts.
    """

    change: str
    key: dict[str, str | None]
    before: dict[str, str | None] | None
    after: dict[str, str | None] | None


def common_key(before: tuple[str, ...], after: tuple[str, ...]) -> tuple[str, ...]:
    """The key of both versions, as the newer one spells it; none where it is another one."""
    return after if [*map(folded, before)] == [*map(folded, after)] else ()


def parsed_row(row: str) -> dict[str, Any]:
    """A row as JSON holds it: a number that a double does not hold is text, and so is NaN."""
    found: dict[str, Any] = json.loads(row, parse_float=_fraction, parse_constant=str)
    return found


def _fraction(text: str) -> float | str:
    number = float(text)
    return number if Decimal(repr(number)) == Decimal(text) else text


def compare(
    before: Previous, after: Previous, key: tuple[str, ...], *, work: Path, limits: Limits
) -> Counts:
    """Count what was added, removed and changed."""
    with session(limits, work) as connection:
        if not make_difference(connection, before, after, key):
            return Counts(0, 0, 0)
        return _counted(connection)


def _counted(connection: duckdb.DuckDBPyConnection) -> Counts:
    counts = ", ".join(
        f"count(*) FILTER (change = '{change}')" for change in ("added", "removed", "changed")
    )
    return Counts(*one_row(connection, f"SELECT {counts} FROM difference"))


def changes(
    before: Previous,
    after: Previous,
    key: tuple[str, ...],
    *,
    most: int,
    work: Path,
    limits: Limits,
) -> tuple[Counts, list[RowChange]]:
    """Count them, and give so many of them: the first of each kind in turn, in order of the key."""
    with session(limits, work) as connection:
        if not make_difference(connection, before, after, key, _rows_as_text):
            return Counts(0, 0, 0), []
        counts = _counted(connection)
        rows = connection.execute(
            "SELECT change, row, before, after FROM (SELECT *, row_number() OVER "
            "(PARTITION BY change ORDER BY row) AS place FROM difference) "
            f"ORDER BY place, change LIMIT {most}"
        ).fetchall()
    parsed = ((change, *map(_texts, texts)) for change, *texts in rows)
    found = [RowChange(change, key or {}, old, new) for change, key, old, new in parsed]
    return counts, sorted(found, key=lambda one: one.change)


def _texts(row: str | None) -> dict[str, str | None] | None:
    found: dict[str, str | None] | None = None if row is None else json.loads(row)
    return found


def differences(
    before: Previous, after: Previous, key: tuple[str, ...], *, work: Path, limits: Limits
) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield (``added``, ``removed`` or ``changed``; the row, or its key) in order of the key."""
    with session(limits, work) as connection:
        if not make_difference(connection, before, after, key):
            return
        result = connection.execute("SELECT change, row FROM difference ORDER BY ALL")
        while batch := result.fetchmany(10_000):
            yield from ((change, parsed_row(row)) for change, row in batch)


def make_difference(
    connection: duckdb.DuckDBPyConnection,
    before: Previous,
    after: Previous,
    key: tuple[str, ...],
    showing: _Showing | None = None,
) -> bool:
    """Make the view ``difference``, of keys if nothing else is shown; False if no file differs."""
    showing = showing or _keys
    old, new = changed_files(before, after)
    if not old.files and not new.files:
        return False
    # A side without files has the columns of the other, and no row.
    one, other = old if old.files else new, new if new.files else old
    connection.execute(f"CREATE TEMP VIEW o AS FROM {parquet(one.paths())} WHERE {bool(old.files)}")
    connection.execute(
        f"CREATE TEMP VIEW n AS FROM {parquet(other.paths())} WHERE {bool(new.files)}"
    )
    old_columns, new_columns = columns_of(connection, "o"), columns_of(connection, "n")
    spelled = {folded(name): name for name in new_columns}
    old_columns = {spelled.get(folded(name), name): kind for name, kind in old_columns.items()}
    names = [*new_columns, *(name for name in old_columns if name not in new_columns)]
    spelled = {folded(name): name for name in names}
    key = tuple(spelled[folded(name)] for name in key)
    query = difference_query(old_columns, new_columns, key, showing(key, names))
    connection.execute(f"CREATE TEMP VIEW difference AS {query}")
    return True


# The sides that a row has, each as what gives the SQL of a column's value.
Values = Mapping[str, Callable[[str], str]]
_Showing = Callable[[tuple[str, ...], Sequence[str]], Callable[[Values], str]]


@dataclass(frozen=True, slots=True)
class _Columns:
    """The columns of both versions; a value is compared in the type that holds both exactly."""

    old: dict[str, str]
    new: dict[str, str]

    @property
    def names(self) -> list[str]:
        return [*self.new, *(name for name in self.old if name not in self.new)]

    def value(self, side: str, name: str) -> str:
        """The SQL of a value of version ``o`` or ``n``; NULL where it has no such column."""
        before, after = self.old.get(name), self.new.get(name)
        columns = self.old if side == "o" else self.new
        found = f"{side}.{identifier(name)}" if name in columns else "NULL"
        if before is None or after is None or before == after:
            return f"CAST({found} AS {before or after})"
        return f"CAST({found} AS {comparable(before, after)})"

    def same(self, key: tuple[str, ...]) -> str:
        """The condition under which two rows have one key."""
        return " AND ".join(f"{self.value('o', name)} = {self.value('n', name)}" for name in key)


def difference_query(
    old: Mapping[str, str],
    new: Mapping[str, str],
    key: tuple[str, ...],
    show: Callable[[Values], str],
) -> str:
    """The SQL of the rows of ``o`` and ``n`` that differ: a column ``change``, then what is shown.

    ``old`` and ``new`` lead from the columns of both to their types. ``show`` gets the sides that
    a row has, ``o``, ``n`` or both, each as what gives the SQL of a column, and returns a list of
    columns.
    """
    columns = _Columns(dict(old), dict(new))
    return _by_key(columns, key, show) if key else _as_a_whole(columns, show)


def _keys(key: tuple[str, ...], names: Sequence[str]) -> Callable[[Values], str]:
    """Shows the key of a row as JSON, or the whole row where there is no key."""
    shown = key or names

    def show(values: Values) -> str:
        value = values.get("n") or values["o"]
        packed = ", ".join(f"{identifier(name)} := {value(name)}" for name in shown)
        return f"to_json(struct_pack({packed})) AS row"

    return show


def json_of_texts(value: Callable[[str], str], names: Sequence[str]) -> str:
    """The SQL of these columns as JSON, each as DuckDB's own text; ``value`` gives their SQL."""
    texts = (f"{identifier(name)} := CAST({value(name)} AS VARCHAR)" for name in names)
    return f"to_json(struct_pack({', '.join(texts)}))"


def _rows_as_text(key: tuple[str, ...], names: Sequence[str]) -> Callable[[Values], str]:
    """Shows the key, the row before and the row after as JSON of texts."""

    def show(values: Values) -> str:
        either = values.get("n") or values["o"]
        sides = (json_of_texts(values[side], names) if side in values else "NULL" for side in "on")
        before, after = sides
        return f"{json_of_texts(either, key or names)} AS row, {before} AS before, {after} AS after"

    return show


def _as_a_whole(columns: _Columns, show: Callable[[Values], str]) -> str:
    # Inside, columns are c0, c1 ...: one may be called as the table is.
    selected = {
        side: ", ".join(f"{columns.value(side, name)} AS c{at}" for at, name in enumerate(names))
        for side in "on"
        for names in [columns.names]
    }
    places = {name: f"c{at}" for at, name in enumerate(columns.names)}
    old, new = f"SELECT {selected['o']} FROM o", f"SELECT {selected['n']} FROM n"
    # Rows that one version has more often than the other: each surplus copy counts.
    return (
        f"SELECT 'removed' AS change, {show({'o': places.__getitem__})} "
        f"FROM ({old} EXCEPT ALL {new}) UNION ALL "
        f"SELECT 'added', {show({'n': places.__getitem__})} FROM ({new} EXCEPT ALL {old})"
    )


def _by_key(columns: _Columns, key: tuple[str, ...], show: Callable[[Values], str]) -> str:
    same = columns.same(key)
    differs = " OR ".join(
        [
            "false",
            *(
                f"{columns.value('o', name)} IS DISTINCT FROM {columns.value('n', name)}"
                for name in columns.names
                if name not in key
            ),
        ]
    )
    old, new = partial(columns.value, "o"), partial(columns.value, "n")
    # Keys of the old version alone, keys of the new one alone, and keys of both whose other
    # values differ.
    return (
        f"SELECT 'removed' AS change, {show({'o': old})} FROM o ANTI JOIN n ON {same} UNION ALL "
        f"SELECT 'added', {show({'n': new})} FROM n ANTI JOIN o ON {same} UNION ALL "
        f"SELECT 'changed', {show({'o': old, 'n': new})} FROM n JOIN o ON {same} WHERE {differs}"
    )


def changed_files(before: Previous, after: Previous) -> tuple[Previous, Previous]:
    """The files of each side that the other does not have byte for byte."""
    return (
        Previous(before.root, _others(before.files, after.files)),
        Previous(after.root, _others(after.files, before.files)),
    )


def _others(files: tuple[DataFile, ...], known: tuple[DataFile, ...]) -> tuple[DataFile, ...]:
    """Of files with the same bytes, as many as are more than the known ones."""
    left = Counter(file.sha256 for file in known)
    found = []
    for file in files:
        if left[file.sha256]:
            left[file.sha256] -= 1
        else:
            found.append(file)
    return tuple(found)
