"""Slices in Parquet: each is a file of its own, whole on the disk before it is read."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from ...errors import SourceError
from ..decimals import decimal_text
from .spool import Spool

__all__ = ["parquet_rows"]

_BATCH_ROWS = 32_768


def parquet_rows(
    streams: Iterator[Spool], names: Sequence[str], where: str
) -> Iterator[pa.RecordBatch]:
    """The rows of all slices as text, like those of CSV: the engine alone makes values of it."""
    schema = pa.schema([(name, pa.string()) for name in names])
    for number, spool in enumerate(streams, start=1):
        if not spool.wait():
            continue
        try:
            for columns in _texts(spool, names):
                yield pa.RecordBatch.from_arrays(columns, schema=schema)
        except (pa.ArrowException, KeyError) as error:
            raise SourceError(
                "the slice cannot be read as Parquet",
                where=f"{where}: slice {number}",
                found=type(error).__name__,
                remedy="Sync again, or set file_type to csv.",
            ) from None


def _texts(spool: Spool, names: Sequence[str]) -> Iterator[list[pa.Array]]:
    """The columns of a slice, some rows at a time.

    INT96 is read in microseconds, and a second time for what is finer: Arrow has nanoseconds of
    it, in which 9999-12-31 is past 64 bits and comes out as a day of 1816.
    """
    with pq.ParquetFile(spool, coerce_int96_timestamp_unit="us") as file:
        old = [name for name in names if name in _of_96_bits(file.schema)]
        batches = file.iter_batches(_BATCH_ROWS, columns=list(names), use_threads=not old)
        if not old:
            yield from ([_text(batch.column(name)) for name in names] for batch in batches)
            return
        with pq.ParquetFile(spool) as again:
            in_nanoseconds = again.iter_batches(_BATCH_ROWS, columns=old, use_threads=False)
            for batch, finer in zip(batches, in_nanoseconds, strict=True):
                yield [
                    _to_the_nanosecond(batch.column(name), finer.column(name))
                    if name in old
                    else _text(batch.column(name))
                    for name in names
                ]


def _of_96_bits(schema: pq.ParquetSchema) -> set[str]:
    columns = map(schema.column, range(len(schema)))
    return {column.path for column in columns if column.physical_type == "INT96"}


def _to_the_nanosecond(values: pa.Array, finer: pa.Array) -> pa.Array:
    """Times as text, with three more digits where they are not 0.

    ``finer`` are the same, modulo 64 bits of nanoseconds: so is the difference, which is small.
    """
    text, whole = _text(values), pc.multiply(values.cast(pa.int64()), 1000)
    rest = pc.subtract(finer.cast(pa.int64()), whole)
    digits = pc.utf8_lpad(rest.cast(pa.string()), 3, "0")
    return pc.if_else(pc.equal(rest, 0), text, pc.binary_join_element_wise(text, digits, ""))


def _text(values: pa.Array) -> pa.Array:
    if pa.types.is_decimal(values.type):
        return decimal_text(values)
    if pa.types.is_timestamp(values.type) and values.type.tz:
        # Of the offset of a zone Arrow writes no seconds, which it had before 1900 or so.
        values = values.cast(pa.timestamp(values.type.unit, "UTC"))
    return values.cast(pa.string())
