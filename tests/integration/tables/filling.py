"""Loads a table of many times the memory that it may use: ``python -m … FOLDER LIMIT ROWS``.

Prints the bytes that were read, and the peak memory in bytes before the load and after it.
"""

from __future__ import annotations

import resource
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from broker.tables.load import load
from broker.tables.model import Limits, Partitioning, TableSpec, Workplace
from broker.tables.rows import End
from broker.tables.schema import TableSchema

_BATCH = 20_000
_DAYS = 800


class Filling:
    """Rows in no order of their key, over many days, each of some 400 bytes of text."""

    places = None

    def __init__(self, rows: int) -> None:
        names = ("id", "day", *(f"text{at}" for at in range(8)))
        self.schema = pa.schema([(name, pa.string()) for name in names])
        self.bytes = 0
        self._rows = rows

    def batches(self) -> Iterator[pa.RecordBatch]:
        for start in range(0, self._rows, _BATCH):
            numbers = pa.array(range(start, min(start + _BATCH, self._rows)), pa.int64())
            ids = pc.bit_wise_xor(pc.multiply(numbers, 7919), 0x5555)
            text = ids.cast(pa.string())
            days = pc.subtract(numbers, pc.multiply(pc.divide(numbers, _DAYS), _DAYS))
            day = pc.add(days, 18_000).cast(pa.int32()).cast(pa.date32()).cast(pa.string())
            texts = [
                pc.binary_join_element_wise(text, f"text {at} of a row", text, text, " ")
                for at in range(8)
            ]
            batch = pa.record_batch([text, day, *texts], schema=self.schema)
            self.bytes += batch.nbytes
            yield batch

    def end(self) -> End:
        return End(self._rows, datetime.now(UTC))


def main() -> None:
    """Load a table of one row, then the one that was asked for."""
    root, limit, rows = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
    for name, count in (("small", 1), ("large", rows)):
        work = root / f"{name}-work"
        work.mkdir()
        spec = TableSpec(name, f"s/{name}", ("id",), Partitioning("day", "month"))
        reading, limits = Filling(count), Limits(memory_bytes=limit, threads=2)
        load(spec, TableSchema(()), reading, Workplace(root / name, work, limits))
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
        sys.stdout.write(f"{reading.bytes} {peak}\n")


if __name__ == "__main__":
    main()
