"""Rows to a Parquet file whose bytes depend on the rows alone, and the file's hash."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pyarrow.parquet as pq

from ...errors import TableError
from ..model import DataFile
from ..session import identifier, literal, one_row

__all__ = ["METADATA", "Target", "data_file", "write", "write_empty"]

METADATA = "broker"  # the key under which a file says how its table is kept

_VECTOR = 2048
_ROW_GROUP = 60 * _VECTOR
_DICTIONARY = 10_000  # values of a column's dictionary, for which the writer takes memory at once
_NARROW = 50  # columns up to which a row group has its full height


def options(columns: int, metadata: str | None = None) -> str:
    """The writer's options. Every setting that shapes the bytes is pinned, or follows the columns.

    Level 1 of zstd gives smaller files than level 3 on tables of this kind, in half the time.
    A row group of a wide table has fewer rows: it is held in memory while it is written.
    """
    rows = max(_VECTOR, _ROW_GROUP * _NARROW // max(columns, _NARROW) // _VECTOR * _VECTOR)
    extra = f", KV_METADATA {{{METADATA}: {literal(metadata)}}}" if metadata else ""
    return (
        "(FORMAT parquet, COMPRESSION zstd, COMPRESSION_LEVEL 1, PARQUET_VERSION v2, "
        f"DICTIONARY_SIZE_LIMIT {min(_DICTIONARY, rows)}, ROW_GROUP_SIZE {rows}{extra})"
    )


@dataclass(frozen=True, slots=True)
class Target:
    """Where the files of a partition stand, or the one file of a table without partitions.

    ``table`` is the table's path under ``parquet/`` of the folder ``root``.
    """

    root: Path
    table: str
    partition: str | None = None

    def path(self, cut: int = 0) -> Path:
        """The file; ``cut`` is the number of a part, or 0 for a partition in one file."""
        name = f"{self.table}/{self.partition}" if self.partition else self.table
        return self.root / "parquet" / (f"{name}-{cut}.parquet" if cut else f"{name}.parquet")

    def file(self, path: Path, rows: int) -> DataFile:
        """What was just written there, with its hash."""
        return data_file(self.root, path, rows, self.partition)


def write(
    connection: duckdb.DuckDBPyConnection,
    query: str,
    path: Path,
    *,
    columns: int,
    metadata: str | None = None,
) -> int:
    """Write the rows of a query in their order; returns how many, as the file itself says."""
    path.parent.mkdir(parents=True, exist_ok=True)
    settings = options(columns, metadata)
    (written,) = one_row(connection, f"COPY ({query}) TO {literal(str(path))} {settings}")
    rows = int(pq.read_metadata(path).num_rows)
    if written != rows:
        raise TableError("a file does not hold the rows that were written", where=path.name)
    return rows


def write_empty(
    connection: duckdb.DuckDBPyConnection, place: Target, columns: Mapping[str, str]
) -> DataFile:
    """One file without rows, so that a reader of an empty table still sees its columns."""
    nothing = ", ".join(
        f"CAST(NULL AS {type_}) AS {identifier(name)}" for name, type_ in columns.items()
    )
    query = f"SELECT {nothing} WHERE false"
    rows = write(connection, query, place.path(), columns=len(columns))
    return place.file(place.path(), rows)


def data_file(root: Path, path: Path, rows: int, partition: str | None = None) -> DataFile:
    """Hash a file that was just written and say what it is."""
    with path.open("rb") as stream:
        digest = hashlib.file_digest(stream, "sha256").hexdigest()
        size = stream.tell()
    place = str(path.relative_to(root))
    return DataFile(place, size, rows, digest, partition, writer=duckdb.__version__)
