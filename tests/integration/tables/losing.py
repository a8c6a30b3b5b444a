"""Names what a table lost that was emptied: ``python -m … FOLDER LIMIT ROWS``.

Prints the peak memory in bytes before that and after it, for few rows and for so many.
"""

from __future__ import annotations

import resource
import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from broker.tables.files.apply import Previous
from broker.tables.losses import lost_rows
from broker.tables.model import DataFile, Limits

_BATCH = 20_000


def emptied(root: Path, rows: int) -> tuple[Previous, Previous]:
    """A version with a key of numbers in no order, and one with a single other row."""
    found = []
    for name, first, last in (("old", 0, rows), ("new", -1, 0)):
        path = f"{name}-{rows}.parquet"
        with pq.ParquetWriter(root / path, pa.schema([("id", pa.int64())])) as file:
            for start in range(first, last, _BATCH):
                numbers = pa.array(range(start, min(start + _BATCH, last)), pa.int64())
                file.write_batch(pa.record_batch([pc.bit_wise_xor(numbers, 0x5555)], ["id"]))
        found.append(Previous(root, (DataFile(path, 0, last - first, path),)))
    return found[0], found[1]


def main() -> None:
    """Few rows first, so that what is loaded once is there."""
    root, limit, rows = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
    versions = [emptied(root, count) for count in (10, rows)]
    for before, after in versions:
        lost_rows(before, after, ("id",), work=root, limits=Limits(limit, 2))
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
        sys.stdout.write(f"{peak}\n")


if __name__ == "__main__":
    main()
