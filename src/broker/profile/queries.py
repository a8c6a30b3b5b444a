"""The SQL that measures columns of a file. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from ..tables.schema import Column
from ..tables.session import inside, numbered
from .kinds import Kind, kind_of
from .state import MOST_TEXT

__all__ = ["FIELDS", "SAMPLED", "aggregates_query", "cells_query", "counts_query", "groups_query"]

_CELL_OF_DAY = "floor(epoch_us(v) / 86400000000.0)::BIGINT"
SAMPLED = 4_096  # rows of a file, about

# What is measured of a column; ``quartiles`` and ``ends`` of its finite numbers, for their cells.
FIELDS = (
    *("rows", "nulls", "distinct", "sketch", "values", "counts", "has_all", "low", "high"),
    *("not_finite", "zeros", "low_us", "high_us", "total", "characters", "quartiles", "ends"),
)


def groups_query(path: Path, columns: Sequence[Column], places: Sequence[int]) -> str:
    """The different values of each column, and how often each comes.

    ``place`` is the column's, ``vPLACE`` the value, and ``n`` the count.
    """
    values = {at: _value(columns, at) for at in places}
    place = " ".join(f"WHEN grouping({value}) = 0 THEN {at}" for at, value in values.items())
    chosen = ", ".join(f"{value} AS v{at}" for at, value in values.items())
    sets = ", ".join(f"({value})" for value in values.values())
    return (
        f"SELECT CASE {place} END AS place, {chosen}, count(*) AS n "
        f"FROM {_rows(path, columns)} GROUP BY GROUPING SETS ({sets})"
    )


def counts_query(path: Path, columns: Sequence[Column], at: int, values: str) -> str:
    """How often each value ``v`` of the relation ``values`` comes: its text, and the count."""
    return (
        f"SELECT left(v::VARCHAR, {MOST_TEXT + 1}), count(*) FROM {_values(path, columns, at)} "
        f"SEMI JOIN {values} USING (v) GROUP BY v"
    )


def aggregates_query(
    path: Path,
    columns: Sequence[Column],
    places: Sequence[int],
    rows: int,
    *,
    counts: bool = False,
    infinite: bool = False,
) -> str:
    """One row with what one pass tells of these columns of a file: ``NAME_PLACE`` for each fact.

    ``sample`` has the values of some of its ``rows``; ``distinct`` is NULL unless it ``counts``
    them. Where ``is_finite`` is false, ``infinite`` leaves out values that are not.
    """
    terms = ["count(*) AS rows"]
    for at in places:
        facts = _aggregates(columns[at].type, infinite=infinite)
        facts["distinct"] = "count(DISTINCT {v})" if counts else "NULL::BIGINT"
        value = _value(columns, at)
        terms += [f"{sql.format(v=value)} AS {name}_{at}" for name, sql in facts.items()]
    # One list of rows: a list for each column would choose them as often, which takes longer.
    sample = ", ".join(f"s{at} := {_sampled(columns, at)}" for at in places)
    terms.append(f"list(struct_pack({sample})) FILTER (is_sampled) AS sample")
    # Rows by the hash of their place: the same ones each time, and no rhythm of the rows is met.
    some = f"hash(p.file_row_number) % {max(rows // SAMPLED, 1)} = 0 AS is_sampled"
    chosen = f"SELECT p.*, {some} FROM {_rows(path, columns)}"
    return f"SELECT {', '.join(terms)} FROM ({chosen}) AS p"


def _aggregates(type_: str | None, *, infinite: bool) -> dict[str, str]:
    """The SQL of each fact, in which ``{v}`` is the value."""
    kind = kind_of(type_)
    facts = {"nulls": "count(*) - count({v})", "sketch": "approx_count_distinct({v}) EXPORT_STATE"}
    if kind is Kind.OTHER:
        return facts
    finite = " FILTER (isfinite({v}))" if infinite else ""
    low, high = f"(min({{v}}){finite})", f"(max({{v}}){finite})"
    facts |= {
        "low": f"left({low}::VARCHAR, {MOST_TEXT + 1})",
        "high": f"left({high}::VARCHAR, {MOST_TEXT + 1})",
    }
    if kind is Kind.TIME or type_ == "DOUBLE":
        facts["is_finite"] = f"isfinite({low}) AND isfinite({high})"
    if infinite:
        facts["not_finite"] = "count_if(NOT isfinite({v}))"
    if kind is Kind.TEXT:
        facts["characters"] = "[min(length({v})), sum(length({v})), max(length({v}))]"
    if kind is Kind.TIME:
        facts |= {"low_us": f"epoch_us({low})", "high_us": f"epoch_us({high})"}
    if kind is Kind.NUMBER:
        facts |= {
            "zeros": "count_if({v} = 0)",
            "total": f"fsum({{v}}::DOUBLE){finite}",
            "ends": f"[{low}::DOUBLE, {high}::DOUBLE]",
        }
    return facts


def _sampled(columns: Sequence[Column], at: int) -> str:
    """What is sampled of a column; no text that is too long to be shown (four bytes each)."""
    kind, value = kind_of(columns[at].type), _value(columns, at)
    if kind is Kind.TEXT:
        return f"CASE WHEN strlen({value}) <= {4 * MOST_TEXT} THEN {value} END"
    return "NULL" if kind is Kind.OTHER else value


def cells_query(path: Path, columns: Sequence[Column], levels: Mapping[int, int]) -> str:
    """How many rows each cell has: ``place``, ``cell``, ``count``, for columns with a level."""
    parts = []
    for at, level in levels.items():
        if columns[at].type == "BIGINT":
            cell = _cell_of_integer(level)
        else:
            is_number = kind_of(columns[at].type) is Kind.NUMBER
            cell = _cell_of_number(level) if is_number else _CELL_OF_DAY
        parts.append(
            f"SELECT {at} AS place, cell, count(*) AS count FROM (SELECT {cell} AS cell "
            f"FROM {_values(path, columns, at)} WHERE v IS NOT NULL AND isfinite(v)) GROUP BY cell"
        )
    return " UNION ALL ".join(parts)


def _values(path: Path, columns: Sequence[Column], at: int) -> str:
    return f"(SELECT {_value(columns, at)} AS v FROM {_rows(path, columns)})"


def _rows(path: Path, columns: Sequence[Column]) -> str:
    return numbered([path], [column.name for column in columns])


def _value(columns: Sequence[Column], at: int) -> str:
    value = inside([column.name for column in columns])[columns[at].name]
    return (
        f"({value} + 0.0::DOUBLE)" if columns[at].type == "DOUBLE" else value
    )  # there is one zero


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
