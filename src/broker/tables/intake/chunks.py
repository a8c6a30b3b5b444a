"""Batches of any size made into chunks of a good size, read ahead in a thread of their own."""

from __future__ import annotations

from collections.abc import Iterator

import pyarrow as pa

from ...errors import TableError
from ..rows import Reading
from .ahead import ahead
from .plain import plain_columns
from .tombstones import Marked

__all__ = ["Chunk", "chunks"]

ROWS = 128 * 1024


class Chunk:
    """Rows with their columns named ``c0``, ``c1`` …, their number ``n``, and what is wrong.

    A column name of the source never reaches SQL here. ``flaws`` marks, by column, values that
    Arrow can carry and a table cannot: broken UTF-8, nanoseconds, a year 10,000. Where rows may be
    ``marked``, ``dead`` says which are.
    """

    def __init__(self, table: pa.Table, start: int, marked: Marked | None = None) -> None:
        dead = None
        if marked is not None:
            table, dead = marked.take_out(table)
        columns, self.flaws = plain_columns(table)
        if dead is not None:
            columns["dead"] = dead
        columns.update({f"x{source}": flaw for source, flaw in self.flaws.items()})
        self.rows = table.num_rows
        self.text_bytes = _text_bytes(table)
        self.table = pa.table({**columns, "n": pa.arange(start, start + table.num_rows)})


def chunks(reading: Reading, *, bytes_: int, marked: Marked | None = None) -> Iterator[Chunk]:
    """Yield the rows in chunks of about 128k rows or ``bytes_``, whatever the source yields."""
    return ahead(lambda: _chunks(reading, bytes_, marked), name="read-ahead")


def _chunks(reading: Reading, bytes_: int, marked: Marked | None) -> Iterator[Chunk]:
    done = 0
    for table in _tables(reading, bytes_):
        yield Chunk(table, done, marked)
        done += table.num_rows


def _tables(reading: Reading, bytes_: int) -> Iterator[pa.Table]:
    pending: list[pa.RecordBatch] = []
    rows = size = 0
    for batch in _checked(reading, bytes_):
        pending.append(batch)
        rows += batch.num_rows
        size += batch.nbytes
        if rows >= ROWS or size >= bytes_:
            yield pa.Table.from_batches(pending)
            pending, rows, size = [], 0, 0
    if rows:
        yield pa.Table.from_batches(pending)


def _checked(reading: Reading, bytes_: int) -> Iterator[pa.RecordBatch]:
    schema = reading.schema
    for batch in reading.batches():
        if not batch.schema.equals(schema):
            raise TableError(
                "the source changed the columns while it was read",
                expected=", ".join(f"{field.name} {field.type}" for field in schema),
                found=", ".join(f"{field.name} {field.type}" for field in batch.schema),
            )
        step = max(1, min(ROWS, batch.num_rows * bytes_ // max(batch.nbytes, 1)))
        for start in range(0, batch.num_rows, step):
            yield batch.slice(start, step)


def _text_bytes(table: pa.Table) -> int:
    """About what the rows take as text: Arrow has an offset where a file has a separator."""
    texts = sum(pa.types.is_string(column.type) for column in table.schema)
    return int(table.nbytes - 3 * texts * table.num_rows)
