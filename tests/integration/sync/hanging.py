"""``broker`` with a source ``csv`` that hangs for good, in a pool of its own, in one table.

``python -m tests.integration.sync.hanging sync …``
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pyarrow as pa

from broker.cli import main
from broker.sources import registry
from broker.sources.contract import TableRequest, Window
from broker.sources.csv import CsvSource
from broker.tables.rows import End, Reading

HANGS = "in.c-shop.customers"


class Hanging(CsvSource):
    """The real one, but for one table."""

    def __init__(self, settings: Mapping[str, Any], config_dir: Path) -> None:
        super().__init__(settings, config_dir)
        self._pool = ThreadPoolExecutor(1)

    def read(self, table: TableRequest, window: Window) -> Any:
        reading = super().read(table, window)
        return HangingReading(reading, self._pool) if table.id == HANGS else reading


class HangingReading:
    """Rows whose next batch never comes."""

    def __init__(self, reading: Reading, pool: ThreadPoolExecutor) -> None:
        self.schema, self.places = reading.schema, reading.places
        self._pool, self._reading = pool, reading

    def batches(self) -> Iterator[pa.RecordBatch]:
        self._pool.submit(threading.Event().wait).result()
        return self._reading.batches()

    def end(self) -> End:
        return self._reading.end()


if __name__ == "__main__":
    registry.BUILT_IN["csv"] = f"{__name__}:Hanging"
    main()
