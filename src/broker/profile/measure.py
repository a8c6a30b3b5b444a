"""Measures the columns of one data file with DuckDB."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from ..tables.pieces import pieces
from ..tables.schema import Column
from .cells import DAY, level_for, thinned
from .footers import places_of_few_values
from .in_memory import CountedColumn, count_groups, count_rows
from .kinds import Kind, digits_of, kind_of
from .queries import cells_query, groups_query
from .sketched import sketch_columns
from .state import MOST_TEXT, ColumnState, by_frequency

__all__ = ["FEW_ROWS", "FEW_VALUES", "FileRows", "is_small", "measure"]

FEW_ROWS = 20_000  # of which Arrow counts the values before DuckDB has planned its queries
FEW_VALUES = 20_000  # of a column: each is counted
_GROUPED = 10  # columns in one query: a row for each value of each has a place for all of them
_SKETCHED = 25  # columns in one query: each takes memory for its sample


def is_small(rows: int) -> bool:
    """Whether the values of a file of so many rows are counted in memory."""
    return rows <= FEW_ROWS


@dataclass(frozen=True)
class FileRows:
    """A data file, which is named by its SHA-256, and has so many rows."""

    path: Path
    name: str
    rows: int

    @cached_property
    def table(self) -> pa.Table:
        """All of a small file."""
        with pq.ParquetFile(self.path) as file:
            return file.read(use_threads=False)


def measure(
    connect: Callable[[], duckdb.DuckDBPyConnection],
    file: FileRows,
    columns: Sequence[Column],
    places: Sequence[int],
    *,
    sketches: bool = True,
) -> dict[int, ColumnState]:
    """The state of each of these columns of a file, by its place.

    ``connect`` answers a database; a small file of simple columns may need none. Without
    ``sketches`` states of columns that are counted do not add up with those of other files.
    Takes memory for the different values of a column that has few of them, and for all of a small
    file.
    """
    found: dict[int, ColumnState] = {}
    for at, one in _count(connect, file, columns, places, sketches=sketches).items():
        level = _level(columns[at], one.facts)
        cells = {} if level is None else one.cells(level)
        found[at] = _state(file.name, columns[at], one.facts, level, cells)
    others = [at for at in places if at not in found]
    for some in pieces(others, _SKETCHED):
        connection, path, rows = connect(), file.path, file.rows
        facts = sketch_columns(connection, path, columns, some, rows, counts=rows <= FEW_VALUES)
        levels = {at: _level(columns[at], facts[at]) for at in some}
        counted = _cells(connection, path, columns, levels)
        for at in some:
            found[at] = _state(file.name, columns[at], facts[at], levels[at], counted[at])
    return found


def _count(
    connect: Callable[[], duckdb.DuckDBPyConnection],
    file: FileRows,
    columns: Sequence[Column],
    places: Sequence[int],
    *,
    sketches: bool,
) -> dict[int, CountedColumn]:
    """Those of these columns of which each value can be counted."""
    if is_small(file.rows):
        return count_rows(connect, file.table, columns, places, sketches=sketches)
    few = set(places)
    if file.rows > FEW_VALUES:
        few &= places_of_few_values(file.path, FEW_VALUES)
    kinds = {
        at: kind for at in sorted(few) if (kind := kind_of(columns[at].type)) is not Kind.OTHER
    }
    found: dict[int, CountedColumn] = {}
    for some in pieces(list(kinds), _GROUPED):
        groups = connect().sql(groups_query(file.path, columns, some)).to_arrow_table()
        found |= count_groups(connect, groups, {at: kinds[at] for at in some})
    return found


def _level(column: Column, facts: dict[str, Any]) -> int | None:
    """The level at which the values of a column are counted; None where there are none."""
    kind = kind_of(column.type)
    if not kind.has_cells or facts["low"] is None:
        return None
    if kind is Kind.TIME:
        return DAY
    low, high = facts["ends"]
    return level_for(_quartiles(facts), (low, high), digits=digits_of(column.type))


def _quartiles(facts: dict[str, Any]) -> tuple[float, float]:
    """Of the different values: of all where they are listed, else of a sample."""
    if facts["has_all"]:
        values = sorted(one for one in map(float, facts["values"]) if math.isfinite(one))
        return values[len(values) // 4], values[3 * len(values) // 4]
    low, high = facts["quartiles"] or facts["ends"]
    return low, high


def _cells(
    connection: duckdb.DuckDBPyConnection,
    path: Path,
    columns: Sequence[Column],
    levels: Mapping[int, int | None],
) -> dict[int, dict[int, int]]:
    found: dict[int, dict[int, int]] = defaultdict(dict)
    known = {at: level for at, level in levels.items() if level is not None}
    if known:
        for at, cell, count in connection.execute(cells_query(path, columns, known)).fetchall():
            found[at][cell] = count
    return found


def _state(
    name: str, column: Column, facts: dict[str, Any], level: int | None, cells: dict[int, int]
) -> ColumnState:
    kind = kind_of(column.type)
    level, cells = thinned(kind, level or 0, cells)
    values = list(zip(facts["values"] or (), facts["counts"] or (), strict=True))
    if not facts["has_all"]:
        values = [pair for pair in values if pair[1] > 1]
    short = [pair for pair in values if len(pair[0]) <= MOST_TEXT]
    return ColumnState(
        file=name,
        column=column.name,
        kind=kind,
        rows=int(facts["rows"]),
        nulls=int(facts["nulls"]),
        distinct=facts["distinct"],
        not_finite=int(facts["not_finite"] or 0),
        zeros=int(facts["zeros"] or 0),
        low=facts["low"],
        high=facts["high"],
        low_us=facts["low_us"],
        high_us=facts["high_us"],
        total=_rounded(facts["total"]),
        characters=_three(facts["characters"]),
        values=tuple(sorted(short, key=by_frequency)),
        has_all=facts["has_all"] and len(short) == len(values),
        sketch=bytes((facts["sketch"] or {}).get("registers") or ()),
        level=level,
        cells=cells,
    )


def _rounded(total: float | None) -> float | None:
    """To 14 digits: the last ones depend on the order in which threads added up.

    None where the sum is past all doubles.
    """
    is_known = total is not None and math.isfinite(total)
    return float(f"{total:.13e}") if is_known else None


def _three(numbers: Sequence[Any] | None) -> tuple[int, int, int] | None:
    if not numbers or numbers[0] is None:
        return None
    least, total, greatest = map(int, numbers)
    return least, total, greatest
