"""Measures columns of a file that may have many different values: one pass, and a sample of rows.

The different ones are not listed but estimated from a sketch. Those that are frequent in the sample
are counted in all rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from ..tables.schema import Column
from .in_memory import most_frequent, numbers_of
from .kinds import Kind, kind_of
from .queries import FIELDS, aggregates_query, counts_query

__all__ = ["RARE", "sketch_columns"]

RARE = 512  # one in so many sampled rows has it, at least, where a value counts as frequent


def sketch_columns(
    connection: duckdb.DuckDBPyConnection,
    path: Path,
    columns: Sequence[Column],
    places: Sequence[int],
    rows: int,
    *,
    counts: bool,
) -> dict[int, dict[str, Any]]:
    """The facts (``queries.FIELDS``) of each of these columns of a file that has so many rows.

    Where it ``counts`` different values, it takes memory for each of them.
    """
    query = aggregates_query(path, columns, places, rows, counts=counts)
    found = _answers(connection, query, places)
    strange = [at for at, one in found.items() if one.get("is_finite") is False]
    if strange:
        query = aggregates_query(path, columns, strange, rows, counts=counts, infinite=True)
        found |= _answers(connection, query, strange)
    for at, one in found.items():
        different, sample = one.pop("sample")
        known = one["rows"] - one["nulls"]
        listed = _count_frequent(connection, path, columns, at, sample)
        has_all = sum(count for _, count in listed) == known
        one |= {
            "values": [value for value, _ in listed],
            "counts": [count for _, count in listed],
            "has_all": has_all,
            "distinct": len(listed) if has_all else one["distinct"],
            "quartiles": _quartiles(kind_of(columns[at].type), different),
        }
    return found


def _answers(
    connection: duckdb.DuckDBPyConnection, query: str, places: Sequence[int]
) -> dict[int, dict[str, Any]]:
    """The facts of each column, with what of the sample is different, and what is frequent."""
    answer = connection.sql(query).to_arrow_table()
    (row,) = answer.drop_columns("sample").to_pylist()
    sample = answer["sample"].chunk(0).flatten()
    found: dict[int, dict[str, Any]] = {}
    for number, at in enumerate(places):
        ending = f"_{at}"
        facts = {name.removesuffix(ending): row[name] for name in row if name.endswith(ending)}
        sampled = _sampled(sample.field(number) if len(sample) else pa.array([], pa.null()))
        found[at] = {**dict.fromkeys(FIELDS), "rows": row["rows"], **facts, "sample": sampled}
    return found


def _sampled(values: pa.Array) -> tuple[pa.Array, pa.Array]:
    """The different ones of sampled values, and those that are frequent among all of them."""
    pairs = pc.value_counts(values)
    pairs = pa.table({"value": pairs.field(0), "count": pairs.field(1)})
    pairs = pairs.filter(pc.is_valid(pairs["value"]))
    frequent = pairs.filter(pc.greater_equal(pairs["count"], -(-len(values) // RARE)))
    first = frequent["value"].take(most_frequent(frequent))
    return pairs["value"].combine_chunks(), first.combine_chunks()


def _count_frequent(
    connection: duckdb.DuckDBPyConnection,
    path: Path,
    columns: Sequence[Column],
    at: int,
    values: pa.Array,
) -> list[tuple[str, int]]:
    """How often each of these values comes in all rows, as text."""
    if not len(values):
        return []
    connection.register("frequent", pa.table({"v": values}))
    try:
        return connection.execute(counts_query(path, columns, at, "frequent")).fetchall()
    finally:
        connection.unregister("frequent")


def _quartiles(kind: Kind, values: pa.Array) -> list[float] | None:
    """Of the different numbers of the sample."""
    numbers = numbers_of(kind, values) if kind is Kind.NUMBER else None
    if numbers is None:
        return None
    finite = numbers.filter(pc.is_finite(numbers))
    return pc.quantile(finite, [0.25, 0.75]).to_pylist() if len(finite) else None
