"""A folder of tables, and short ways to read from it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from broker.sources.contract import TableRequest, Window
from broker.sources.csv import CsvSource
from broker.tables.rows import End

Row = tuple[Any, ...]
Put = Callable[[str, bytes | str], Path]
Read = Callable[..., tuple[list[Row], End]]


@pytest.fixture
def source(tmp_path: Path) -> CsvSource:
    """A CSV source over the test's folder."""
    return CsvSource({"path": str(tmp_path)}, tmp_path)


@pytest.fixture
def put(tmp_path: Path) -> Put:
    """Write a file into the folder of tables."""

    def write(name: str, content: bytes | str) -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    return write


@pytest.fixture
def read(source: CsvSource) -> Read:
    """Read a table whole: its rows as tuples, and the source's last word."""

    def rows(
        table_id: str = "t", window: Window | None = None, **request: Any
    ) -> tuple[list[Row], End]:
        reading = source.read(TableRequest(table_id, **request), window or Window())
        found = [tuple(row.values()) for batch in reading.batches() for row in batch.to_pylist()]
        return found, reading.end()

    return rows
