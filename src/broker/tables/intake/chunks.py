"""Batches of any size made into chunks of a good size, read ahead in a thread of their own."""

from __future__ import annotations

from collections.abc import Iterator

import pyarrow as pa
import pyarrow.compute as pc

from ...errors import TableError
from ..rows import Reading
from .ahead import ahead
from .tombstones import Marked

__all__ = ["Chunk", "chunks", "plain"]

ROWS = 128 * 1024


class Chunk:
    """Rows with their columns named ``c0``, ``c1`` …, their number ``n``, and what is wrong.

    A column name of the source never reaches SQL here. ``flaws`` marks, by column, values that
    Arrow can carry and a table cannot: broken UTF-8, or nanoseconds. Where rows may be
    ``marked``, ``dead`` says which are.
    """

    def __init__(self, table: pa.Table, start: int, marked: Marked | None = None) -> None:
        dead = None
        if marked is not None:
            table, dead = marked.take_out(table)
        columns, self.flaws = _plain_columns(table)
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
    held: list[pa.RecordBatch] = []
    rows = size = 0
    for batch in _checked(reading, bytes_):
        held.append(batch)
        rows += batch.num_rows
        size += batch.nbytes
        if rows >= ROWS or size >= bytes_:
            yield pa.Table.from_batches(held)
            held, rows, size = [], 0, 0
    if rows:
        yield pa.Table.from_batches(held)


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


def plain(type_: pa.DataType) -> pa.DataType:
    """One Arrow type for each kind of value: no dictionary, no nanosecond, one kind of text."""
    types = pa.types
    if types.is_dictionary(type_):
        return plain(type_.value_type)
    if types.is_null(type_) or types.is_large_string(type_) or types.is_string_view(type_):
        return pa.string()
    if types.is_decimal(type_) and not types.is_decimal128(type_):
        return pa.decimal128(type_.precision, type_.scale)
    if types.is_timestamp(type_) and type_.unit == "ns":
        return pa.timestamp("us", type_.tz)
    if types.is_time64(type_) and type_.unit == "ns":
        return pa.time64("us")
    return pa.date32() if types.is_date64(type_) else type_


def _plain_columns(
    table: pa.Table,
) -> tuple[dict[str, pa.ChunkedArray], dict[int, pa.ChunkedArray]]:
    columns: dict[str, pa.ChunkedArray] = {}
    flaws: dict[int, pa.ChunkedArray] = {}
    for source, column in enumerate(table.columns):
        type_ = plain(column.type)
        value = column if type_ == column.type else column.cast(type_, safe=False)
        if getattr(column.type, "unit", None) == "ns":
            _mark(flaws, source, pc.not_equal(value.cast(column.type), column))
        if not _is_utf8(value):
            value, broken = _mended(value)
            _mark(flaws, source, broken)
        columns[f"c{source}"] = value
    return columns, flaws


def _mark(flaws: dict[int, pa.ChunkedArray], source: int, flaw: pa.ChunkedArray) -> None:
    flaw = pc.fill_null(flaw, False)
    if pc.any(flaw).as_py():
        flaws[source] = flaw


def _is_utf8(column: pa.ChunkedArray) -> bool:
    """DuckDB writes broken UTF-8 to Parquet without a word, and then cannot read it."""
    try:
        column.validate(full=True)
    except pa.ArrowInvalid:
        return False
    return True


def _mended(column: pa.ChunkedArray) -> tuple[pa.ChunkedArray, pa.ChunkedArray]:
    raw = column.cast(pa.large_binary()).to_pylist()
    texts = [None if v is None else v.decode("utf-8", "backslashreplace") for v in raw]
    broken = [
        v is not None and text is not None and v != text.encode()
        for v, text in zip(raw, texts, strict=True)
    ]
    return pa.chunked_array([pa.array(texts, column.type)]), pa.chunked_array([pa.array(broken)])
