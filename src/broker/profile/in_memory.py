"""Measures columns that have few different values with Arrow, in memory.

Those of a small file are counted by Arrow, too: for a few thousand rows DuckDB takes longer to plan
its queries than to answer them. It still makes the sketches, and writes those values as text that
``texts`` does not, so that states of both kinds add up.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from ..tables.schema import Column
from .cells import DAY_US
from .kinds import Kind, kind_of
from .queries import FIELDS
from .state import MOST_TEXT, MOST_VALUES
from .texts import written

__all__ = ["CountedColumn", "count_groups", "count_rows", "most_frequent", "numbers_of"]

_LAST_US = 2**63 - 2**40  # past which DuckDB has its infinite times


@dataclass(frozen=True)
class CountedColumn:
    """A column of which every different value that is not NULL was counted.

    ``facts`` are those of ``queries.FIELDS``. ``numbers`` are the ``values`` as doubles, or as
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
        if pc.sum(self.counts).as_py() == len(self.counts):  # each comes once
            found = pc.value_counts(cells.drop_null()).flatten()
        else:
            counted = pa.table({"cell": cells, "count": self.counts}).drop_null()
            found = (
                counted.group_by("cell", use_threads=False).aggregate([("count", "sum")]).columns
            )
        return dict(zip(found[0].to_pylist(), found[1].to_pylist(), strict=True))


def count_rows(
    connect: Callable[[], duckdb.DuckDBPyConnection],
    table: pa.Table,
    columns: Sequence[Column],
    places: Iterable[int],
    *,
    sketches: bool,
) -> dict[int, CountedColumn]:
    """Those of these columns of a small file that Arrow can count, by their place.

    They have no sketches unless these are asked for.
    """
    kinds = {at: kind for at in places if (kind := kind_of(columns[at].type)) is not Kind.OTHER}
    found = {at: _Values.of_rows(kind, _whole(table.column(at))) for at, kind in kinds.items()}
    return _counted(connect, found, sketches=sketches)


def count_groups(
    connect: Callable[[], duckdb.DuckDBPyConnection], groups: pa.Table, kinds: Mapping[int, Kind]
) -> dict[int, CountedColumn]:
    """The same of columns of these kinds, whose rows were counted by ``queries.groups_query``."""
    found = {}
    for at, kind in kinds.items():
        of_column = groups.filter(pc.equal(groups["place"], at))
        found[at] = _Values.of_groups(kind, _whole(of_column[f"v{at}"]), _whole(of_column["n"]))
    return _counted(connect, found, sketches=True)


def _counted(
    connect: Callable[[], duckdb.DuckDBPyConnection],
    values: Mapping[int, _Values],
    *,
    sketches: bool,
) -> dict[int, CountedColumn]:
    found = {at: one for at, one in values.items() if not one.may_be_infinite}
    texts = _texts(connect, {at: one.shown() for at, one in found.items()})
    sketched = {at: one.values for at, one in found.items()} if sketches else {}
    made = _sketches(connect, sketched)
    return {at: one.counted(texts[at], made.get(at)) for at, one in found.items()}


@dataclass(frozen=True)
class _Values:
    """The different values of a column, without NULL, and how often each comes."""

    kind: Kind
    rows: int
    nulls: int
    values: pa.Array
    counts: pa.Array
    numbers: pa.Array | None

    @classmethod
    def of_rows(cls, kind: Kind, array: pa.Array) -> _Values:
        if pa.types.is_floating(array.type):
            array = pc.add(array, 0.0)  # there is one zero
        return cls._of(kind, len(array), *pc.value_counts(array).flatten())

    @classmethod
    def of_groups(cls, kind: Kind, values: pa.Array, counts: pa.Array) -> _Values:
        return cls._of(kind, _total(counts), values, counts)

    @classmethod
    def _of(cls, kind: Kind, rows: int, values: pa.Array, counts: pa.Array) -> _Values:
        if values.null_count:
            known = pc.is_valid(values)
            values, counts = values.filter(known), counts.filter(known)
        nulls = rows - _total(counts)
        return cls(kind, rows, nulls, values, counts, numbers_of(kind, values))

    @property
    def may_be_infinite(self) -> bool:
        """Whether DuckDB may hold one of the times for infinite."""
        if self.kind is not Kind.TIME or not len(self.values):
            return False
        ends = pc.min_max(self.numbers).as_py()
        return bool(max(-ends["min"], ends["max"]) > _LAST_US)

    def shown(self) -> pa.Array:
        """The least and the greatest finite value, or NULL twice; then those that are listed."""
        ends = pc.min_max(self._of_finite(self.values))
        outermost = pa.array([ends["min"], ends["max"]], self.values.type)
        return pa.concat_arrays([outermost, self._listed[0]])

    def counted(
        self, texts: Sequence[str | None], sketch: Mapping[str, Any] | None
    ) -> CountedColumn:
        low, high, *frequent = texts
        counts = self._listed[1].to_pylist()
        facts = {
            **dict.fromkeys(FIELDS),
            "rows": self.rows,
            "nulls": self.nulls,
            "distinct": len(self.values),
            "not_finite": self.rows - self.nulls - _total(self._of_finite(self.counts)),
            "low": low,
            "high": high,
            "has_all": self._lists_all,
            "values": frequent[: len(counts)],
            "counts": counts,
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
            return _of_numbers(self._of_finite(self.numbers), self._of_finite(self.counts))
        return {}

    def _of_finite(self, array: pa.Array) -> pa.Array:
        """The part of an array that stands beside finite values."""
        return array if self._finite is None else array.filter(self._finite)

    @cached_property
    def _finite(self) -> pa.Array | None:
        """Of each value, whether it is a finite one; None where all are."""
        return pc.is_finite(self.values) if pa.types.is_floating(self.values.type) else None

    @property
    def _lists_all(self) -> bool:
        return len(self.values) <= MOST_VALUES

    @cached_property
    def _listed(self) -> tuple[pa.Array, pa.Array]:
        """The most frequent values, and how often each comes; where not all, more than once."""
        if self._lists_all:
            return self.values, self.counts
        often = pc.greater(self.counts, 1)
        values, counts = self.values.filter(often), self.counts.filter(often)
        if len(values) > MOST_VALUES:
            places = most_frequent(pa.table({"value": values, "count": counts}))
            values, counts = values.take(places), counts.take(places)
        return values, counts


def most_frequent(pairs: pa.Table) -> pa.Array:
    """Where the most frequent of these values stand, by ``count`` and then ``value``."""
    keys = [("count", "descending"), ("value", "ascending")]
    return pc.select_k_unstable(pairs, MOST_VALUES, keys)


def _of_numbers(numbers: pa.Array, counts: pa.Array) -> dict[str, Any]:
    """Zeros, sum, quartiles of the different ones and ends of finite numbers."""
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


def _whole(column: pa.ChunkedArray) -> pa.Array:
    return column.combine_chunks() if column.num_chunks != 1 else column.chunk(0)


def _total(counts: pa.Array) -> int:
    return pc.sum(counts).as_py() or 0


def numbers_of(kind: Kind, values: pa.Array) -> pa.Array | None:
    """Numbers as doubles, times as microseconds since 1970; None of other kinds."""
    if kind is Kind.NUMBER:
        if pa.types.is_decimal(values.type):  # Arrow's own cast is off by the last bit: -0.41
            values = values.cast(pa.string())
        return values.cast(pa.float64(), safe=False)  # to the nearest one past 2**53
    if kind is not Kind.TIME:
        return None
    if pa.types.is_date32(values.type):
        return pc.multiply(values.cast(pa.int32()).cast(pa.int64()), DAY_US)
    return values.cast(pa.int64())


def _days(micros: pa.Array) -> pa.Array:
    return pc.floor(pc.divide(micros.cast(pa.float64(), safe=False), float(DAY_US))).cast(
        pa.int64()
    )


def _cells_of_numbers(numbers: pa.Array, level: int) -> pa.Array:
    """As ``queries`` has them; NULL where a number is not finite."""
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
    connect: Callable[[], duckdb.DuckDBPyConnection], shown: Mapping[int, pa.Array]
) -> dict[int, list[str | None]]:
    """What is shown of each column, as DuckDB writes it."""
    found = {at: texts for at, one in shown.items() if (texts := written(one)) is not None}
    others = {at: one for at, one in shown.items() if at not in found}
    rows = _each(connect, _padded(others), f"left({{}}::VARCHAR, {MOST_TEXT + 1})")
    return found | {at: [row[place] for row in rows] for place, at in enumerate(others)}


def _sketches(
    connect: Callable[[], duckdb.DuckDBPyConnection], values: Mapping[int, pa.Array]
) -> dict[int, Mapping[str, Any]]:
    """DuckDB's states of the different values."""
    rows = _each(connect, _padded(values), "approx_count_distinct({}) EXPORT_STATE")
    return dict(zip(values, rows[0] if rows else (), strict=True))


def _padded(arrays: Mapping[int, pa.Array]) -> dict[int, pa.Array]:
    """The same with NULL at their ends, so that all are as long as the longest."""
    longest = max(map(len, arrays.values()), default=0)
    return {
        at: pa.concat_arrays([one, pa.nulls(longest - len(one), one.type)])
        for at, one in arrays.items()
    }


def _each(
    connect: Callable[[], duckdb.DuckDBPyConnection], columns: Mapping[int, pa.Array], sql: str
) -> list[tuple[Any, ...]]:
    """The same SQL of each of these columns."""
    if not columns:
        return []
    connection = connect()
    names = [f"c{at}" for at in columns]
    connection.register("measured", pa.table([*columns.values()], names=names))
    try:
        chosen = ", ".join(sql.format(name) for name in names)
        return connection.execute(f"SELECT {chosen} FROM measured").fetchall()
    finally:
        connection.unregister("measured")
