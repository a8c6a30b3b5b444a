"""Rows to a Parquet file whose bytes depend on the rows alone, and the file's hash."""

from __future__ import annotations

import hashlib
from pathlib import Path

import duckdb
import pyarrow.parquet as pq

from ..errors import TableError
from .model import DataFile, TableSpec
from .session import literal, one_row

__all__ = ["OPTIONS", "data_file", "data_path", "write"]

# Every setting that shapes the bytes is pinned: a laptop replays a change file to the same hash.
# Level 1 of zstd gives smaller files than level 3 on tables of this kind, in half the time.
OPTIONS = (
    "(FORMAT parquet, COMPRESSION zstd, COMPRESSION_LEVEL 1, PARQUET_VERSION v2, "
    "DICTIONARY_SIZE_LIMIT 10000, ROW_GROUP_SIZE 122880)"
)


def data_path(root: Path, spec: TableSpec, partition: str | None) -> Path:
    """Where the file of a partition stands, or that of a table without partitions."""
    place = f"{spec.path}/{partition}" if partition else spec.path
    return root / "parquet" / f"{place}.parquet"


def write(connection: duckdb.DuckDBPyConnection, query: str, path: Path) -> int:
    """Write the rows of a query in their order; returns how many, as the file itself says."""
    path.parent.mkdir(parents=True, exist_ok=True)
    (written,) = one_row(connection, f"COPY ({query}) TO {literal(str(path))} {OPTIONS}")
    rows = int(pq.read_metadata(path).num_rows)
    if written != rows:
        raise TableError("a file does not hold the rows that were written", where=path.name)
    return rows


def data_file(root: Path, path: Path, rows: int, partition: str | None = None) -> DataFile:
    """Hash a file that was just written and say what it is."""
    with path.open("rb") as stream:
        digest = hashlib.file_digest(stream, "sha256").hexdigest()
        size = stream.tell()
    return DataFile(str(path.relative_to(root)), size, rows, digest, partition)
