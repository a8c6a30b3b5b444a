"""Keeps what was measured of the files of a table, for the next time, as Parquet."""

from __future__ import annotations

import io
from array import array
from collections.abc import Iterable, Mapping
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from .kinds import Kind
from .state import ColumnState

__all__ = ["from_parquet", "to_parquet"]

_REVISION = b"3"  # of what is measured: another one makes every state anew
_MADE_BY = {b"profile": _REVISION, b"duckdb": duckdb.__version__.encode()}
_NUMBERS = ("rows", "nulls", "distinct", "not_finite", "zeros", "low_us", "high_us", "level")
_SCHEMA = pa.schema(
    [
        ("file", pa.string()),
        ("column", pa.string()),
        ("kind", pa.string()),
        *((name, pa.int64()) for name in _NUMBERS),
        ("low", pa.string()),
        ("high", pa.string()),
        ("total", pa.float64()),
        ("characters", pa.list_(pa.int64())),
        ("has_all", pa.bool_()),
        ("values", pa.list_(pa.string())),
        ("value_counts", pa.binary()),
        ("sketch", pa.binary()),
        ("cells", pa.binary()),
        ("cell_counts", pa.binary()),
    ]
)


def to_parquet(states: Iterable[ColumnState]) -> bytes:
    """The states as a file; the same ones always give the same bytes."""
    ordered = sorted(states, key=lambda one: (one.file, one.column))
    table = pa.Table.from_pylist([_row(one) for one in ordered], schema=_SCHEMA)
    sink = io.BytesIO()
    pq.write_table(table.replace_schema_metadata(_MADE_BY), sink, compression="zstd")
    return sink.getvalue()


def from_parquet(content: bytes) -> Mapping[tuple[str, str], ColumnState]:
    """The states by file and column; none where another release of DuckDB or of this made them."""
    try:
        table = pq.read_table(io.BytesIO(content))
    except (OSError, ValueError):
        return {}
    made_by = table.schema.metadata or {}
    if not table.schema.equals(_SCHEMA) or any(made_by.get(k) != v for k, v in _MADE_BY.items()):
        return {}
    return {(one.file, one.column): one for one in map(_state, table.to_pylist())}


def _row(state: ColumnState) -> dict[str, Any]:
    cells = sorted(state.cells)
    return {
        **{name: getattr(state, name) for name in (*_NUMBERS, "file", "column", "low", "high")},
        "kind": str(state.kind),
        "total": state.total,
        "characters": state.characters,
        "has_all": state.has_all,
        "values": [value for value, _ in state.values],
        "value_counts": _packed(count for _, count in state.values),
        "sketch": state.sketch,
        "cells": _packed(cells),
        "cell_counts": _packed(map(state.cells.__getitem__, cells)),
    }


def _state(row: dict[str, Any]) -> ColumnState:
    values = tuple(zip(row.pop("values"), _unpacked(row.pop("value_counts")), strict=True))
    cells = zip(_unpacked(row.pop("cells")), _unpacked(row.pop("cell_counts")), strict=True)
    characters = row.pop("characters")
    return ColumnState(
        **{**row, "kind": Kind(row["kind"])},
        values=values,
        cells=dict(cells),
        characters=tuple(characters) if characters else None,
    )


def _packed(numbers: Iterable[int]) -> bytes:
    """Whole numbers in eight bytes each, as this machine orders them; no other one reads them."""
    return array("q", numbers).tobytes()


def _unpacked(content: bytes) -> array[int]:
    found = array("q")
    found.frombytes(content)
    return found
