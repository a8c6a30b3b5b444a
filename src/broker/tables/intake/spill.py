"""Rows set aside by partition, in memory while they are few, in one private file when not."""

from __future__ import annotations

import errno
import os
import shutil
from collections import defaultdict
from collections.abc import Iterable, Iterator
from itertools import groupby
from operator import itemgetter
from pathlib import Path

import pyarrow as pa

__all__ = ["Spill"]

_VECTOR = 2048  # DuckDB's unit: only batches of whole units give row groups of one size
_ROWS = 10 * _VECTOR  # of a batch in the file: several are decompressed at a time
_BYTES = 64 * 2**20  # of a batch in the file that is joined of others
_OFFSETS = 2**30  # bytes of a partition, past which texts may need offsets of 64 bits
_RESERVE = 256 * 2**20  # what other tables and the publishing of all of them may need
# The first file is plain: so much the page cache takes, and LZ4 would cost a tenth of a load. What
# comes after it is for the disk, and compressed.
_PLAIN_BYTES = 2 * 2**30
_OPTIONS = tuple(
    pa.ipc.IpcWriteOptions(compression=codec, use_threads=False) for codec in (None, "lz4")
)


class Spill:
    """Append batches by partition, then read each partition back in the order of appending.

    Until ``bound`` bytes nothing is written. Past it, all batches go to one file, and where there
    are many to a second one, a batch per partition, so that neither memory nor open files grow
    with the number of partitions.
    """

    def __init__(self, schema: pa.Schema, path: Path, *, bound: int) -> None:
        self.schema = schema
        self.bytes: dict[int | None, int] = defaultdict(int)
        self.rows: dict[int | None, int] = defaultdict(int)
        self._paths = (path, path.with_name(f"{path.name}.lz4"))
        self._bound = bound
        self._pending: dict[int | None, list[pa.RecordBatch]] = defaultdict(list)
        self._pending_bytes = 0
        self._places: dict[int | None, list[tuple[Path, int]]] = defaultdict(list)
        self._writer: _Writer | None = None

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
            self._writer.close()

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
        numbers = list(partitions)
        names = self.schema.names if columns is None else columns
        schema = pa.schema([self.schema.field(name) for name in names])
        batches = (batch for number in numbers for batch in self._batches(number, schema))
        if not even:
            return pa.RecordBatchReader.from_batches(schema, batches)
        if any(self.bytes[number] > _OFFSETS for number in numbers):
            schema = pa.schema([(field.name, _wide(field.type)) for field in schema])
            batches = (batch.cast(schema) for batch in batches)
        return pa.RecordBatchReader.from_batches(schema, _even(batches))

    def close(self) -> None:
        """Forget the rows and remove the files."""
        self._pending.clear()
        try:
            if self._writer is not None:
                self._writer.close()
        finally:
            for path in self._paths:
                path.unlink(missing_ok=True)

    def __enter__(self) -> Spill:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _flush(self) -> None:
        """Raise ``OSError`` while others have room: how far a file expands is unknown."""
        folder = self._paths[0].parent
        if shutil.disk_usage(folder).free < self._pending_bytes + _RESERVE:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(self._paths[0]))
        writer = self._file()
        for partition, batches in self._pending.items():
            for batch in _sized(batches):
                self._places[partition].append((writer.path, writer.write(batch)))
        self._pending.clear()
        self._pending_bytes = 0

    def _file(self) -> _Writer:
        """The file to go on with: the first one until it is large."""
        if self._writer is None:
            self._writer = _Writer(self._paths[0], self.schema, _OPTIONS[0])
        elif self._writer.path == self._paths[0] and self._writer.bytes >= _PLAIN_BYTES:
            self._writer.close()
            self._writer = _Writer(self._paths[1], self.schema, _OPTIONS[1])
        return self._writer

    def _batches(self, partition: int | None, schema: pa.Schema) -> Iterator[pa.RecordBatch]:
        if not self._places:
            yield from (batch.select(schema.names) for batch in self._pending.get(partition, ()))
            return
        fields = [self.schema.get_field_index(name) for name in schema.names]
        options = pa.ipc.IpcReadOptions(included_fields=fields)
        # Read, not mapped: a mapping of the whole file would count as this process's memory.
        for path, places in groupby(self._places[partition], itemgetter(0)):
            with pa.OSFile(str(path)) as source:
                file = pa.ipc.open_file(source, options=options)
                for _, place in places:
                    yield file.get_batch(place).select(schema.names)


class _Writer:
    """Writes batches to one file and counts them."""

    def __init__(self, path: Path, schema: pa.Schema, options: pa.ipc.IpcWriteOptions) -> None:
        self.path = path
        self.bytes = 0
        self._written = 0
        self._sink = pa.OSFile(str(path), "wb")
        self._writer = pa.ipc.new_file(self._sink, schema, options=options)

    def write(self, batch: pa.RecordBatch) -> int:
        """Write a batch; returns the number by which it is read."""
        self._writer.write_batch(batch)
        self._written += 1
        self.bytes += batch.nbytes
        return self._written - 1

    def close(self) -> None:
        """Say that all is there; may be called again."""
        if not self._sink.closed:
            with self._sink:  # where the disk is full, closed all the same: its space is freed
                self._writer.close()


def _sized(batches: list[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Join batches too small to stand alone, for that is worth a copy; slice large ones."""
    small = sum(batch.num_rows for batch in batches) < _VECTOR * len(batches)
    for batch in _joined(batches) if small else batches:
        for start in range(0, batch.num_rows, _ROWS):
            yield batch.slice(start, _ROWS)


def _joined(batches: list[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """As few batches as have about ``_BYTES``: Arrow cannot join texts past 2 GiB."""
    pending: list[pa.RecordBatch] = []
    size = 0
    for batch in batches:
        if pending and size + batch.nbytes > _BYTES:
            yield pa.concat_batches(pending)
            pending, size = [], 0
        pending.append(batch)
        size += batch.nbytes
    yield pa.concat_batches(pending)


def _even(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Cut a stream into batches of whole vectors, whatever the sizes in which it came.

    Only the vectors that two batches share are copied.
    """
    seam: list[pa.RecordBatch] = []
    rows = 0
    for batch in batches:
        missing = (_VECTOR - rows) % _VECTOR
        if rows:
            seam.append(batch.slice(0, missing))
            rows += seam[-1].num_rows
        if rows == _VECTOR:
            yield pa.concat_batches(seam)
            seam, rows = [], 0
        if rows:
            continue
        rest = batch.slice(missing)
        rows = rest.num_rows % _VECTOR
        if rows < rest.num_rows:
            yield rest.slice(0, rest.num_rows - rows)
        seam = [rest.slice(rest.num_rows - rows)]
    if rows:
        yield pa.concat_batches(seam)


def _wide(type_: pa.DataType) -> pa.DataType:
    """The same type with offsets of 64 bits."""
    if pa.types.is_string(type_):
        return pa.large_string()
    return pa.large_binary() if pa.types.is_binary(type_) else type_
