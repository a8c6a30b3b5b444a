"""What differs between two versions of a table, row by row, matched by key.

Only files that differ are read: a row that stands in an equal file is in both versions, and a
row that moved moved between files that changed.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb

from .files.apply import Previous
from .model import DataFile, Limits
from .session import columns_of, identifier, one_row, parquet, session
from .types import common

__all__ = ["Counts", "compare", "differences", "examples", "losses"]


_EXAMPLES = 5


@dataclass(frozen=True, slots=True)
class Counts:
    """Rows by what became of them. Without a key, a changed row is one removed and one added."""

    added: int
    removed: int
    changed: int


def losses(
    before: Previous, after: Previous, key: tuple[str, ...], *, work: Path, limits: Limits
) -> int:
    """How many rows of ``before`` have no successor: no row of their key, or simply no row."""
    old, new = _changed(before, after)
    fewer = max(0, _rows(old) - _rows(new))
    if not key or not old.files or not new.files:
        return fewer
    with session(limits, work) as connection:
        if not _is_comparable(connection, old, new, key):
            return fewer
        # The old rows whose key no new row has.
        (lost,) = one_row(
            connection,
            f"SELECT count(*) FROM {parquet(old.paths())} AS o "
            f"ANTI JOIN {parquet(new.paths())} AS n ON {_same(key)}",
        )
    return int(lost)


def examples(
    before: Previous, after: Previous, key: tuple[str, ...], *, work: Path, limits: Limits
) -> list[dict[str, Any]]:
    """The first keys that ``before`` has and ``after`` has not, as JSON holds them."""
    old, new = _changed(before, after)
    if not key or not old.files:
        return []
    with session(limits, work) as connection:
        # The same rows; without new files, all old ones.
        gone = f"FROM {parquet(old.paths())} AS o"
        if new.files:
            if not _is_comparable(connection, old, new, key):
                return []
            gone += f" ANTI JOIN {parquet(new.paths())} AS n ON {_same(key)}"
        names = ", ".join(identifier(name) for name in key)
        # The lowest keys, each as one JSON object of its columns.
        packed = ", ".join(f"{identifier(name)} := {identifier(name)}" for name in key)
        first = f"SELECT {names} {gone} ORDER BY ALL LIMIT {_EXAMPLES}"
        rows = connection.execute(f"SELECT to_json(struct_pack({packed})) FROM ({first})")
        return [_parsed(row) for (row,) in rows.fetchall()]


def _parsed(row: str) -> dict[str, Any]:
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
        if not _prepare(connection, before, after, key):
            return Counts(0, 0, 0)
        counts = ", ".join(
            f"count(*) FILTER (change = '{change}')" for change in ("added", "removed", "changed")
        )
        added, removed, changed = one_row(connection, f"SELECT {counts} FROM difference")
    return Counts(added, removed, changed)


def differences(
    before: Previous, after: Previous, key: tuple[str, ...], *, work: Path, limits: Limits
) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield (``added``, ``removed`` or ``changed``; the row, or its key) in order of the key."""
    with session(limits, work) as connection:
        if not _prepare(connection, before, after, key):
            return
        result = connection.execute("SELECT change, row FROM difference ORDER BY ALL")
        while batch := result.fetchmany(10_000):
            yield from ((change, _parsed(row)) for change, row in batch)


def _prepare(
    connection: duckdb.DuckDBPyConnection,
    before: Previous,
    after: Previous,
    key: tuple[str, ...],
) -> bool:
    """Make the view ``difference``; False if no file differs."""
    old, new = _changed(before, after)
    if not old.files and not new.files:
        return False
    # A side without files has the columns of the other, and no row.
    one, other = old if old.files else new, new if new.files else old
    connection.execute(f"CREATE TEMP VIEW o AS FROM {parquet(one.paths())} WHERE {bool(old.files)}")
    connection.execute(
        f"CREATE TEMP VIEW n AS FROM {parquet(other.paths())} WHERE {bool(new.files)}"
    )
    connection.execute(f"CREATE TEMP VIEW difference AS {_query(connection, key)}")
    return True


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
        return f"CAST({found} AS {common(before, after) or 'VARCHAR'})"

    def same(self, key: tuple[str, ...]) -> str:
        """The condition under which two rows have one key."""
        return " AND ".join(f"{self.value('o', name)} = {self.value('n', name)}" for name in key)


def _query(connection: duckdb.DuckDBPyConnection, key: tuple[str, ...]) -> str:
    columns = _Columns(columns_of(connection, "o"), columns_of(connection, "n"))
    return _by_key(columns, key) if key else _as_a_whole(columns)


def _as_a_whole(columns: _Columns) -> str:
    # Inside, columns are c0, c1 ...: one may be called as the table is.
    selected = {
        side: ", ".join(f"{columns.value(side, name)} AS c{at}" for at, name in enumerate(names))
        for side in "on"
        for names in [columns.names]
    }
    packed = ", ".join(f"{identifier(name)} := c{at}" for at, name in enumerate(columns.names))
    row = f"to_json(struct_pack({packed})) AS row"
    old, new = f"SELECT {selected['o']} FROM o", f"SELECT {selected['n']} FROM n"
    # Rows that one version has more often than the other: each surplus copy counts.
    return (
        f"SELECT 'removed' AS change, {row} FROM ({old} EXCEPT ALL {new}) UNION ALL "
        f"SELECT 'added', {row} FROM ({new} EXCEPT ALL {old})"
    )


def _by_key(columns: _Columns, key: tuple[str, ...]) -> str:
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
    row = "to_json(struct_pack({}))"
    packed = {
        side: row.format(", ".join(f"{identifier(n)} := {side}.{identifier(n)}" for n in key))
        for side in "on"
    }
    # Keys of the old version alone, keys of the new one alone, and keys of both whose other
    # values differ; of each only the key is shown.
    return (
        f"SELECT 'removed' AS change, {packed['o']} AS row FROM o ANTI JOIN n ON {same} UNION ALL "
        f"SELECT 'added', {packed['n']} FROM n ANTI JOIN o ON {same} UNION ALL "
        f"SELECT 'changed', {packed['n']} FROM n JOIN o ON {same} WHERE {differs}"
    )


def _is_comparable(
    connection: duckdb.DuckDBPyConnection, old: Previous, new: Previous, key: tuple[str, ...]
) -> bool:
    """Whether keys mean the same on both sides; of others, only the numbers can be compared."""
    types = [columns_of(connection, parquet(one.paths())) for one in (old, new)]
    return all(types[0].get(name) == types[1].get(name) for name in key)


def _same(key: tuple[str, ...]) -> str:
    return " AND ".join(f"o.{identifier(name)} = n.{identifier(name)}" for name in key)


def _changed(before: Previous, after: Previous) -> tuple[Previous, Previous]:
    """The files of each side that the other does not have byte for byte."""
    return (
        Previous(before.root, _others(before.files, after.files)),
        Previous(after.root, _others(after.files, before.files)),
    )


def _rows(version: Previous) -> int:
    return sum(file.rows for file in version.files)


def _others(files: tuple[DataFile, ...], known: tuple[DataFile, ...]) -> tuple[DataFile, ...]:
    hashes = {file.sha256 for file in known}
    return tuple(file for file in files if file.sha256 not in hashes)
