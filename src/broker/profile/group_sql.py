"""The SQL that measures columns of a file: what their different values and counts tell. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from ..tables.schema import Column
from ..tables.session import inside, numbered
from .kinds import Kind, kind_of
from .state import MOST_TEXT, MOST_VALUES

__all__ = ["FIELDS", "cells_query", "groups_query"]

_CELL_OF_DAY = "floor(epoch_us(v) / 86400000000.0)::BIGINT"
_SAMPLE = "hash(v) % 16 = 0"
_NULLS = {
    "rows": "0",
    "nulls": "0",
    "distinct": "0",
    "not_finite": "0",
    "zeros": "0",
    "low": "NULL::VARCHAR",
    "high": "NULL::VARCHAR",
    "low_us": "NULL::BIGINT",
    "high_us": "NULL::BIGINT",
    "total": "NULL::DOUBLE",
    "quartiles": "NULL::DOUBLE[]",
    "ends": "NULL::DOUBLE[]",
    "characters": "NULL::HUGEINT[]",
    "has_all": "false",
    "values": "NULL::VARCHAR[]",
    "ranks": "NULL::BIGINT[]",
    "sketch": "NULL",
}
FIELDS = tuple(_NULLS)


def groups_query(path: Path, columns: Sequence[Column], places: Sequence[int]) -> str:
    """A row for each of these columns of a file, in their order: its place, and ``FIELDS``.

    Values are grouped once (``v``, and how often each comes, ``n``), which costs about what one
    aggregate over all rows does, and tells everything but the cells.
    """
    parts = []
    for at in places:
        facts = {**_NULLS, **_facts(kind_of(columns[at].type))}
        chosen = ", ".join(f"{sql} AS {name}" for name, sql in facts.items())
        value, rows = _value(columns, at), _rows(path, columns)
        groups = f"SELECT {value} AS v, count(*) AS n FROM {rows}"
        parts.append(f"SELECT {at} AS place, {chosen} FROM ({groups} GROUP BY 1)")
    return f"FROM ({' UNION ALL '.join(parts)}) ORDER BY place"


def _facts(kind: Kind) -> dict[str, str]:
    facts = {
        "rows": "coalesce(sum(n), 0)",
        "nulls": "coalesce(sum(n) FILTER (v IS NULL), 0)",
        "distinct": "count(v)",
        "sketch": "approx_count_distinct(v) EXPORT_STATE",
    }
    if kind is Kind.OTHER:
        return facts
    known = "v IS NOT NULL AND isfinite(v)" if kind.has_cells else "v IS NOT NULL"
    low, high = (f"{end}(v) FILTER ({known})" for end in ("min", "max"))
    facts |= _most_frequent(is_text=kind is Kind.TEXT)
    facts |= {
        "low": f"left(({low})::VARCHAR, {MOST_TEXT + 1})",
        "high": f"left(({high})::VARCHAR, {MOST_TEXT + 1})",
    }
    if kind is Kind.TEXT:
        facts["characters"] = "[min(length(v)), sum(length(v) * n), max(length(v))]"
    if kind.has_cells:
        facts["not_finite"] = "coalesce(sum(n) FILTER (NOT isfinite(v)), 0)"
    if kind is Kind.TIME:
        facts |= {"low_us": f"epoch_us({low})", "high_us": f"epoch_us({high})"}
    if kind is Kind.NUMBER:
        facts |= {
            "zeros": "coalesce(sum(n) FILTER (v = 0), 0)",
            "total": f"fsum(v::DOUBLE * n) FILTER ({known})",
            # Of a sixteenth of the values, always the same ones: it takes a fifth of all the time.
            "quartiles": f"approx_quantile(v::DOUBLE, [0.25, 0.75]) FILTER ({known} AND {_SAMPLE})",
            "ends": f"[({low})::DOUBLE, ({high})::DOUBLE]",
        }
    return facts


def _most_frequent(*, is_text: bool) -> dict[str, str]:
    """The values that come most often, and their counts, which are the upper bits of the rank.

    Of equally frequent ones those with the greatest hash, so that it is the same ones each time.
    """
    rank = "(n << 32) + (hash(v) >> 32)::BIGINT"
    values = f"(arg_max(v, {rank}, {MOST_VALUES}) FILTER (v IS NOT NULL))::VARCHAR[]"
    if is_text:
        values = f"list_transform({values}, lambda one: left(one, {MOST_TEXT + 1}))"
    counts = f"max({rank}, {MOST_VALUES}) FILTER (v IS NOT NULL)"
    return {"has_all": f"count(v) <= {MOST_VALUES}", "values": values, "ranks": counts}


def cells_query(path: Path, columns: Sequence[Column], levels: Mapping[int, int]) -> str:
    """How many rows each cell has: ``place``, ``cell``, ``count``, for columns with a level."""
    parts = []
    for at, level in levels.items():
        if columns[at].type == "BIGINT":
            cell = _cell_of_integer(level)
        else:
            is_number = kind_of(columns[at].type) is Kind.NUMBER
            cell = _cell_of_number(level) if is_number else _CELL_OF_DAY
        values = f"SELECT {_value(columns, at)} AS v FROM {_rows(path, columns)}"
        parts.append(
            f"SELECT {at} AS place, cell, count(*) AS count FROM (SELECT {cell} AS cell "
            f"FROM ({values}) WHERE v IS NOT NULL AND isfinite(v)) GROUP BY cell"
        )
    return " UNION ALL ".join(parts)


def _rows(path: Path, columns: Sequence[Column]) -> str:
    return numbered([path], [column.name for column in columns])


def _value(columns: Sequence[Column], at: int) -> str:
    value = inside([column.name for column in columns])[columns[at].name]
    return f"{value} + 0.0::DOUBLE" if columns[at].type == "DOUBLE" else value  # there is one zero


def _cell_of_integer(level: int) -> str:
    """The same without a double on the way, which has not each whole number past 2 ** 53."""
    width = 10**level
    return f"(v // {width} - CASE WHEN v // {width} * {width} > v THEN 1 ELSE 0 END)"


def _cell_of_number(level: int) -> str:
    """``floor(v / 10 ** level)``, and right at the edges, which few doubles hit exactly.

    0.29 * 100 is 28.999999999999996; 29 / 100 is the same double as 0.29.
    """
    scale = f"1e{abs(level)}"
    forward, back = ("*", "/") if level < 0 else ("/", "*")
    near = f"floor(v::DOUBLE {forward} {scale})"
    edge = f"({{}}) {back} {scale}"
    above, below = edge.format(f"{near} + 1"), edge.format(near)
    return (
        f"({near} + CASE WHEN {above} <= v::DOUBLE THEN 1 WHEN {below} > v::DOUBLE THEN -1 "
        "ELSE 0 END)::BIGINT"
    )
