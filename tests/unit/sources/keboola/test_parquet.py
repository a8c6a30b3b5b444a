"""Values of a slice in Parquet as text, at the edges of their types."""

from __future__ import annotations

import io
from datetime import datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from broker.sources.keboola.parquet import parquet_rows
from broker.sources.keboola.spool import Spool

EDGES = [
    datetime(1, 1, 1),
    datetime(1677, 9, 21),
    datetime(1969, 12, 31, 23, 59, 59, 999999),
    None,
    datetime(2262, 4, 12),
    datetime(9999, 12, 31, 23, 59, 59, 999999),
]


def texts(folder: Path, values: pa.Array, **options: Any) -> list[str | None]:
    """The values of a column as they are read from a file that was written with these options."""
    buffer = io.BytesIO()
    table = pa.table({"other": pa.arange(0, len(values)), "v": values})
    pq.write_table(table, buffer, **options)
    spool = Spool(folder)
    spool.append(buffer.getvalue())
    spool.finish()
    batches = list(parquet_rows(iter([spool]), ["v", "other"], "table t"))
    found = pa.Table.from_batches(batches)
    assert found["other"].to_pylist() == [str(n) for n in range(len(values))]
    read: list[str | None] = found["v"].to_pylist()
    return read


@pytest.mark.parametrize("is_96_bits", [False, True])
def test_times_of_all_years_are_those_that_were_written(tmp_path: Path, is_96_bits: bool) -> None:
    values = pa.array(EDGES, pa.timestamp("us"))
    found = texts(tmp_path, values, use_deprecated_int96_timestamps=is_96_bits, row_group_size=2)
    assert found == [one and one.isoformat(" ", "microseconds") for one in EDGES]


def test_nanoseconds_of_96_bits_are_not_cut(tmp_path: Path) -> None:
    values = pa.array([1, -1, 1000, 10**18 + 120, None], pa.timestamp("ns"))
    assert texts(tmp_path, values, use_deprecated_int96_timestamps=True) == [
        "1970-01-01 00:00:00.000000001",
        "1969-12-31 23:59:59.999999999",
        "1970-01-01 00:00:00.000001",
        "2001-09-09 01:46:40.000000120",
        None,
    ]


def test_instants_before_offsets_had_whole_minutes(tmp_path: Path) -> None:
    values = pa.array(
        [datetime(1, 1, 1), datetime(2026, 7, 1)], pa.timestamp("us", "Europe/Prague")
    )
    assert texts(tmp_path, values) == ["0001-01-01 00:00:00.000000Z", "2026-07-01 00:00:00.000000Z"]
