"""Measures the columns of a small data file with Arrow, in memory.

For a few thousand rows the queries of ``measure`` take DuckDB longer to plan than to answer. It
still writes values as text and makes the sketches, so that states of both kinds add up.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from ..tables.schema import Column
from .group_sql import FIELDS
from .kinds import Kind, kind_of
from .state import MOST_TEXT, MOST_VALUES

__all__ = ["CountedColumn", "count_in_memory"]

_DAY_US = 86_400_000_000
_LAST_US = 2**63 - 2**40  # past which DuckDB has its infinite times


@dataclass(frozen=True)
class CountedColumn:
    """A column of which every different value that is not NULL was counted.

    ``facts`` are those of ``group_sql.FIELDS``. ``numbers`` are the ``values`` as doubles, or as
    microseconds since 1970, and ``counts`` how often each comes.
    """

    facts: dict[str, Any]
    values: pa.Array
    numbers: pa.Array | None
    counts: pa.Array

    def cells(self, level: int) -> dict[int, int]:
        """How many rows each cell of a level has."""
        if self.facts["low_us"] is not None:
            cells = _days(self.numbers)
        elif pa.types.is_integer(self.values.type):
            cells = _cells_of_integers(self.values, level)
        else:
            cells = _cells_of_numbers(self.numbers, level)
        counted = pa.table({"cell": cells, "count": self.counts})
        counted = counted.filter(pc.is_valid(counted["cell"]))
        grouped = counted.group_by("cell").aggregate([("count", "sum")])
        return dict(zip(grouped["cell"].to_pylist(), grouped["count_sum"].to_pylist(), strict=True))


def count_in_memory(
    connection: duckdb.DuckDBPyConnection, path: Path, columns: Sequence[Column]
) -> dict[int, CountedColumn]:
    """The columns of the file that Arrow can count, by their place."""
    with pq.ParquetFile(path) as file:
        table = file.read()
    found: dict[int, _Values] = {}
    for at, column in enumerate(columns):
        kind = kind_of(column.type)
        if kind is not Kind.OTHER:
            values = _Values.of(kind, table.column(at).combine_chunks())
            if not values.may_be_infinite:
                found[at] = values
    shown = {at: one.shown() for at, one in found.items()}
    texts = _texts(connection, shown)
    sketches = _sketches(connection, {at: one.array for at, one in found.items()})
    return {at: one.counted(texts[at], sketches[at]) for at, one in found.items()}


@dataclass(frozen=True)
class _Values:
    """The different values of a column, without NULL, and how often each comes."""

    kind: Kind
    array: pa.Array
    values: pa.Array
    counts: pa.Array
    numbers: pa.Array | None

    @classmethod
    def of(cls, kind: Kind, array: pa.Array) -> _Values:
        if pa.types.is_floating(array.type):
            array = pc.add(array, 0.0)  # there is one zero
        pairs = pc.value_counts(array)
        pairs = pairs.filter(pc.is_valid(pairs.field(0)))
        values = pairs.field(0)
        return cls(kind, array, values, pairs.field(1), _numbers(kind, values))

    @property
    def may_be_infinite(self) -> bool:
        """Whether DuckDB may hold one of the times for infinite."""
        if self.kind is not Kind.TIME or not len(self.values):
            return False
        ends = pc.min_max(self.numbers).as_py()
        return bool(max(-ends["min"], ends["max"]) > _LAST_US)

    def shown(self) -> pa.Array:
        """The least and the greatest finite value, or NULL twice; then the most frequent ones."""
        finite = self.values.filter(self._finite)
        ordered = finite.take(pc.sort_indices(finite))
        ends = [ordered[0], ordered[-1]] if len(ordered) else [None, None]
        frequent = self.values.take(self._order)
        return pa.concat_arrays([pa.array(ends, self.values.type), frequent])

    def counted(self, texts: Sequence[str | None], sketch: Mapping[str, Any]) -> CountedColumn:
        low, high, *frequent = texts
        counts = self.counts.take(self._order).to_pylist()
        finite = self.counts.filter(self._finite)
        facts = {
            **dict.fromkeys(FIELDS),
            "rows": len(self.array),
            "nulls": self.array.null_count,
            "distinct": len(self.values),
            "not_finite": _total(self.counts) - _total(finite),
            "zeros": 0,
            "low": low,
            "high": high,
            "has_all": len(self.values) <= MOST_VALUES,
            "values": frequent[: len(counts)],
            "ranks": [count << 32 for count in counts],
            "sketch": sketch,
        }
        return CountedColumn(facts | self._of_kind(), self.values, self.numbers, self.counts)

    def _of_kind(self) -> dict[str, Any]:
        if not len(self.values):
            return {}
        if self.kind is Kind.TEXT:
            lengths = pc.utf8_length(self.values)
            ends = pc.min_max(lengths).as_py()
            total = _total(pc.multiply(lengths.cast(pa.int64()), self.counts))
            return {"characters": [ends["min"], total, ends["max"]]}
        if self.kind is Kind.TIME:
            ends = pc.min_max(self.numbers).as_py()
            return {"low_us": ends["min"], "high_us": ends["max"]}
        if self.kind is Kind.NUMBER:
            return _of_numbers(self.numbers, self.counts, self._finite)
        return {}

    @cached_property
    def _finite(self) -> pa.Array:
        """Of each value, whether it is a finite one."""
        if pa.types.is_floating(self.values.type):
            return pc.is_finite(self.values)
        return pc.is_valid(self.values)

    @cached_property
    def _order(self) -> pa.Array:
        """Where the most frequent values stand."""
        return pc.sort_indices(self.counts, sort_keys=[("", "descending")])[:MOST_VALUES]


def _of_numbers(numbers: pa.Array, counts: pa.Array, finite: pa.Array) -> dict[str, Any]:
    """Zeros, sum, quartiles of the different ones and ends of numbers."""
    numbers, counts = numbers.filter(finite), counts.filter(finite)
    if not len(numbers):
        return {}
    ends = pc.min_max(numbers).as_py()
    weighted = pc.multiply(numbers, counts.cast(pa.float64())).to_pylist()
    return {
        "zeros": _total(counts.filter(pc.equal(numbers, 0.0))),
        "total": _sum(weighted),
        "quartiles": pc.quantile(numbers, [0.25, 0.75]).to_pylist(),
        "ends": [ends["min"], ends["max"]],
    }


def _sum(numbers: list[float]) -> float:
    """Exact but for the last rounding; infinite past all doubles."""
    try:
        return math.fsum(numbers)
    except OverflowError:
        return math.inf


def _total(counts: pa.Array) -> int:
    return pc.sum(counts).as_py() or 0


def _numbers(kind: Kind, values: pa.Array) -> pa.Array | None:
    if kind is Kind.NUMBER:
        if pa.types.is_decimal(values.type):  # Arrow's own cast is off by the last bit: -0.41
            values = values.cast(pa.string())
        return values.cast(pa.float64(), safe=False)  # to the nearest one past 2**53
    if kind is not Kind.TIME:
        return None
    if pa.types.is_date32(values.type):
        return pc.multiply(values.cast(pa.int32()).cast(pa.int64()), _DAY_US)
    return values.cast(pa.int64())


def _days(micros: pa.Array) -> pa.Array:
    return pc.floor(pc.divide(micros.cast(pa.float64(), safe=False), float(_DAY_US))).cast(
        pa.int64()
    )


def _cells_of_numbers(numbers: pa.Array, level: int) -> pa.Array:
    """As ``group_sql`` has them; NULL where a number is not finite."""
    finite = pc.if_else(pc.is_finite(numbers), numbers, None)
    scale = float(f"1e{abs(level)}")
    forward, back = (pc.multiply, pc.divide) if level < 0 else (pc.divide, pc.multiply)
    near = pc.floor(forward(finite, scale))
    above = pc.less_equal(back(pc.add(near, 1.0), scale), finite).cast(pa.int64())
    below = pc.greater(back(near, scale), finite).cast(pa.int64())
    return pc.subtract(pc.add(near.cast(pa.int64()), above), below)


def _cells_of_integers(values: pa.Array, level: int) -> pa.Array:
    """The same without a double on the way, which has not each whole number past 2**53."""
    width = 10**level
    near = pc.divide(values, width)  # towards zero
    below = pc.greater(pc.multiply(near, width), values).cast(pa.int64())
    return pc.subtract(near, below)


def _texts(
    connection: duckdb.DuckDBPyConnection, shown: Mapping[int, pa.Array]
) -> dict[int, list[str | None]]:
    """What is shown of each column, as DuckDB writes it."""
    longest = max((len(one) for one in shown.values()), default=0)
    padded = {
        at: pa.concat_arrays([one, pa.nulls(longest - len(one), one.type)])
        for at, one in shown.items()
    }
    rows = _each(connection, padded, f"left({{}}::VARCHAR, {MOST_TEXT + 1})")
    return {at: [row[place] for row in rows] for place, at in enumerate(shown)}


def _sketches(
    connection: duckdb.DuckDBPyConnection, arrays: Mapping[int, pa.Array]
) -> dict[int, Mapping[str, Any]]:
    """DuckDB's states of the different values."""
    rows = _each(connection, arrays, "approx_count_distinct({}) EXPORT_STATE")
    return dict(zip(arrays, rows[0] if rows else (), strict=True))


def _each(
    connection: duckdb.DuckDBPyConnection, columns: Mapping[int, pa.Array], sql: str
) -> list[tuple[Any, ...]]:
    """The same SQL of each of these columns."""
    if not columns:
        return []
    names = [f"c{at}" for at in columns]
    connection.register("measured", pa.table([*columns.values()], names=names))
    try:
        chosen = ", ".join(sql.format(name) for name in names)
        return connection.execute(f"SELECT {chosen} FROM measured").fetchall()
    finally:
        connection.unregister("measured")
