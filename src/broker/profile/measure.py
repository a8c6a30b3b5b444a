"""Measures the columns of one data file with DuckDB."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import duckdb

from ..tables.pieces import pieces
from ..tables.schema import Column
from .cells import DAY, level_for, thinned
from .group_sql import FIELDS, cells_query, groups_query
from .in_memory import count_in_memory
from .kinds import Kind, digits_of, kind_of
from .state import MOST_TEXT, ColumnState, by_frequency

__all__ = ["FEW_ROWS", "measure"]

FEW_ROWS = 20_000  # of which Arrow counts the values before DuckDB has planned its queries
_AT_ONCE = 50  # columns in one query: each takes memory and time of DuckDB's planner


def measure(
    connection: duckdb.DuckDBPyConnection,
    path: Path,
    name: str,
    columns: Sequence[Column],
    rows: int,
) -> tuple[ColumnState, ...]:
    """The state of every column of the file at ``path``, whose SHA-256 is ``name``.

    Takes memory for the different values of a column, which are spilled past the limit; of a file
    of few ``rows`` for all of it.
    """
    found: dict[int, ColumnState] = {}
    if rows <= FEW_ROWS:
        for at, one in count_in_memory(connection, path, columns).items():
            level = _level(columns[at], one.facts)
            cells = {} if level is None else one.cells(level)
            found[at] = _state(name, columns[at], one.facts, level, cells)
    others = [at for at in range(len(columns)) if at not in found]
    for places in pieces(others, _AT_ONCE):
        answers = connection.execute(groups_query(path, columns, places)).fetchall()
        facts = {row[0]: dict(zip(FIELDS, row[1:], strict=True)) for row in answers}
        levels = {at: _level(columns[at], facts[at]) for at in places}
        counted = _cells(connection, path, columns, levels)
        for at in places:
            found[at] = _state(name, columns[at], facts[at], levels[at], counted[at])
    return tuple(found[at] for at in range(len(columns)))


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
    counts = [rank >> 32 for rank in facts["ranks"] or ()]
    values = list(zip(facts["values"] or (), counts, strict=True))
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
        not_finite=int(facts["not_finite"]),
        zeros=int(facts["zeros"]),
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
