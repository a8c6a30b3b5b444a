"""Slices in Parquet: each is a file of its own, whole on the disk before it is read."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pyarrow as pa
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
            with pq.ParquetFile(spool) as file:
                for batch in file.iter_batches(_BATCH_ROWS, columns=list(names)):
                    columns = [_text(batch.column(name)) for name in names]
                    yield pa.RecordBatch.from_arrays(columns, schema=schema)
        except (pa.ArrowException, KeyError) as error:
            raise SourceError(
                "the slice cannot be read as Parquet",
                where=f"{where}: slice {number}",
                found=type(error).__name__,
                remedy="Sync again, or set file_type to csv.",
            ) from None


def _text(values: pa.Array) -> pa.Array:
    return decimal_text(values) if pa.types.is_decimal(values.type) else values.cast(pa.string())
