"""The same rows give the same bytes."""

from __future__ import annotations

from pathlib import Path

import pytest

from broker.tables.model import Limits, Partitioning, TableSpec
from tests.unit.tables.reading import Rows
from tests.unit.tables.test_load import run, shuffled


@pytest.mark.parametrize("key", [("id",), ()], ids=["keyed", "in source order"])
def test_same_rows_same_bytes_whatever_the_threads_the_memory_and_the_batches(
    tmp_path: Path, key: tuple[str, ...]
) -> None:
    table = shuffled(200_000)
    spec = TableSpec("t", "s/t", key=key, partitioning=Partitioning("at", "month"))
    ways = [
        (100_000, Limits(memory_bytes=1 << 30, threads=2)),
        (777, Limits(memory_bytes=64 << 20, threads=1)),
        (2048, Limits(memory_bytes=96 << 20, threads=4)),
    ]
    found = [
        run(tmp_path / str(at), Rows(table, batch=batch), spec, limits=limits).files
        for at, (batch, limits) in enumerate(ways)
    ]
    assert found[0] == found[1] == found[2]
    assert len(found[0]) == 5
