"""Rows to a Parquet file whose bytes depend on the rows alone, and the file's hash."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path

import duckdb
import pyarrow.parquet as pq

from ..errors import TableError
from .model import DataFile
from .session import identifier, literal, one_row

__all__ = ["OPTIONS", "data_file", "data_path", "write", "write_empty"]

# Every setting that shapes the bytes is pinned: a laptop replays a change file to the same hash.
# Level 1 of zstd gives smaller files than level 3 on tables of this kind, in half the time.
OPTIONS = (
    "(FORMAT parquet, COMPRESSION zstd, COMPRESSION_LEVEL 1, PARQUET_VERSION v2, "
    "DICTIONARY_SIZE_LIMIT 10000, ROW_GROUP_SIZE 122880)"
)


def data_path(root: Path, place: str, partition: str | None, cut: int = 0) -> Path:
    """Where a file of a table stands: the table's own, a partition's, or a part of a partition."""
    name = f"{place}/{partition}" if partition else place
    return root / "parquet" / (f"{name}-{cut}.parquet" if cut else f"{name}.parquet")


def write(
    connection: duckdb.DuckDBPyConnection, query: str, path: Path, *, options: str = OPTIONS
) -> int:
    """Write the rows of a query in their order; returns how many, as the file itself says."""
    path.parent.mkdir(parents=True, exist_ok=True)
    (written,) = one_row(connection, f"COPY ({query}) TO {literal(str(path))} {options}")
    rows = int(pq.read_metadata(path).num_rows)
    if written != rows:
        raise TableError("a file does not hold the rows that were written", where=path.name)
    return rows


def write_empty(
    connection: duckdb.DuckDBPyConnection,
    root: Path,
    place: str,
    partition: str | None,
    columns: Mapping[str, str],
) -> DataFile:
    """One file without rows, so that a reader of an empty table still sees its columns."""
    nothing = ", ".join(
        f"CAST(NULL AS {type_}) AS {identifier(name)}" for name, type_ in columns.items()
    )
    path = data_path(root, place, partition)
    write(connection, f"SELECT {nothing} WHERE false", path)
    return data_file(root, path, 0, partition)


def data_file(root: Path, path: Path, rows: int, partition: str | None = None) -> DataFile:
    """Hash a file that was just written and say what it is."""
    with path.open("rb") as stream:
        digest = hashlib.file_digest(stream, "sha256").hexdigest()
        size = stream.tell()
    return DataFile(str(path.relative_to(root)), size, rows, digest, partition)
