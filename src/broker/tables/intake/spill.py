"""Rows set aside by partition, in memory while they are few, in one private file when not."""

from __future__ import annotations

import errno
import os
import shutil
from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path

import pyarrow as pa

__all__ = ["Spill"]

_VECTOR = 2048  # DuckDB's unit: only batches of whole units give row groups of one size
_ROWS = 10 * _VECTOR  # of a batch in the file: several are decompressed at a time
_RESERVE = 256 * 2**20  # what other tables and the publishing of all of them may need
# Compressed, because copying pages into the kernel costs more than LZ4 does.
_OPTIONS = pa.ipc.IpcWriteOptions(compression="lz4", use_threads=False)


class Spill:
    """Append batches by partition, then read each partition back in the order of appending.

    Until ``bound`` bytes nothing is written. Past it, all batches go to one file, a batch per
    partition, so that neither memory nor open files grow with the number of partitions.
    """

    def __init__(self, schema: pa.Schema, path: Path, *, bound: int) -> None:
        self.schema = schema
        self.bytes: dict[int | None, int] = defaultdict(int)
        self.rows: dict[int | None, int] = defaultdict(int)
        self._path = path
        self._bound = bound
        self._pending: dict[int | None, list[pa.RecordBatch]] = defaultdict(list)
        self._pending_bytes = 0
        self._places: dict[int | None, list[int]] = defaultdict(list)
        self._written = 0
        self._sink: pa.NativeFile | None = None
        self._writer: pa.ipc.RecordBatchFileWriter | None = None

    def append(self, partition: int | None, batch: pa.RecordBatch) -> None:
        """Add rows at the end of a partition."""
        size = batch.nbytes
        self.rows[partition] += batch.num_rows
        self.bytes[partition] += size
        self._pending[partition].append(batch)
        self._pending_bytes += size
        if self._pending_bytes >= self._bound:
            self._flush()

    def finish(self) -> None:
        """Say that all rows are there; only now may they be read."""
        if self._writer is not None:
            self._flush()
            self._close_file()

    def partitions(self) -> list[int | None]:
        """The partitions that have rows, in order, that of NULL last."""
        return sorted(self.rows, key=lambda number: (number is None, number or 0))

    def reader(
        self,
        partitions: Iterable[int | None],
        columns: list[str] | None = None,
        *,
        even: bool = False,
    ) -> pa.RecordBatchReader:
        """Stream partitions one after another, all columns or some.

        ``even`` makes the sizes of batches regular: needed where they would shape a file.
        """
        names = self.schema.names if columns is None else columns
        schema = pa.schema([self.schema.field(name) for name in names])
        batches = (batch for number in partitions for batch in self._batches(number, schema))
        return pa.RecordBatchReader.from_batches(schema, _even(batches) if even else batches)

    def close(self) -> None:
        """Forget the rows and remove the file."""
        self._close_file()
        self._pending.clear()
        self._path.unlink(missing_ok=True)

    def __enter__(self) -> Spill:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _close_file(self) -> None:
        if self._writer is not None and self._sink is not None:
            self._writer.close()
            self._sink.close()
            self._writer = None

    def _flush(self) -> None:
        """Raise ``OSError`` while others have room: how far a file expands is unknown."""
        if shutil.disk_usage(self._path.parent).free < self._pending_bytes + _RESERVE:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(self._path))
        if self._writer is None:
            self._sink = pa.OSFile(str(self._path), "wb")
            self._writer = pa.ipc.new_file(self._sink, self.schema, options=_OPTIONS)
        for partition, batches in self._pending.items():
            for batch in _sized(batches):
                self._writer.write_batch(batch)
                self._places[partition].append(self._written)
                self._written += 1
        self._pending.clear()
        self._pending_bytes = 0

    def _batches(self, partition: int | None, schema: pa.Schema) -> Iterator[pa.RecordBatch]:
        if not self._places:
            yield from (batch.select(schema.names) for batch in self._pending.get(partition, ()))
            return
        fields = [self.schema.get_field_index(name) for name in schema.names]
        options = pa.ipc.IpcReadOptions(included_fields=fields)
        # Read, not mapped: a mapping of the whole file would count as this process's memory.
        with pa.OSFile(str(self._path)) as source:
            file = pa.ipc.open_file(source, options=options)
            for place in self._places[partition]:
                yield file.get_batch(place).select(schema.names)


def _sized(batches: list[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Join batches too small to stand alone, for that is worth a copy; slice large ones."""
    small = sum(batch.num_rows for batch in batches) < _VECTOR * len(batches)
    for batch in [pa.concat_batches(batches)] if small else batches:
        for start in range(0, batch.num_rows, _ROWS):
            yield batch.slice(start, _ROWS)


def _even(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Cut a stream into batches of whole vectors, whatever the sizes in which it came."""
    pending: list[pa.RecordBatch] = []
    rows = 0
    for batch in batches:
        pending.append(batch)
        rows += batch.num_rows
        if rows >= _ROWS:
            whole = pa.concat_batches(pending)
            even = rows - rows % _VECTOR
            yield whole.slice(0, even)
            pending, rows = [whole.slice(even)], rows - even
    if rows:
        yield pa.concat_batches(pending)
