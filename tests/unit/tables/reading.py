"""Readings made of rows that stand in the test, and tables read back as plain Python."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from broker.tables.model import Limits, TableVersion
from broker.tables.row_places import RowPlaces
from broker.tables.rows import End, Reject
from tests.duck import reader

AS_OF = datetime(2026, 11, 22, 16, 30, tzinfo=UTC)
LIMITS = Limits(memory_bytes=256 * 1024 * 1024, threads=2)


class Rows:
    """A reading over an Arrow table, in batches of any size."""

    def __init__(
        self, table: pa.Table, *, batch: int = 1000, rejects: Sequence[Reject] = ()
    ) -> None:
        self.schema = table.schema
        self.places = _around(rejects, table.num_rows)
        self._table = table
        self._batch = batch
        self._rejects = tuple(rejects)

    def batches(self) -> Iterator[pa.RecordBatch]:
        yield from self._table.to_batches(self._batch)

    def end(self) -> End:
        return End(self._table.num_rows, AS_OF, self._rejects)


def _around(rejects: Sequence[Reject], rows: int) -> RowPlaces | None:
    """The places of so many rows, between which some were rejected."""
    if not rejects:
        return None
    total = rows + len(rejects)
    left = pa.array(set(range(total)) - {reject.row - 1 for reject in rejects}, pa.int64())
    places = RowPlaces()
    places.add(total, first=1, kept=left.sort())
    return places


def text(columns: Sequence[str], rows: Sequence[Sequence[str | None]]) -> pa.Table:
    """Rows as a source without types yields them: every column text."""
    schema = pa.schema([(name, pa.string()) for name in columns])
    return pa.table([[row[at] for row in rows] for at, _ in enumerate(columns)], schema=schema)


def paths(root: Path, version: TableVersion) -> list[Path]:
    return [root / file.path for file in version.files]


def read(files: Sequence[Path]) -> list[tuple[Any, ...]]:
    """All rows, every value as text so that nothing is lost on the way into Python."""
    with reader() as connection:
        names = ", ".join(f"'{path}'" for path in files)
        query = f"SELECT CAST(COLUMNS(*) AS VARCHAR) FROM read_parquet([{names}])"
        return connection.execute(query).fetchall()


def arrow_schemas(files: Sequence[Path]) -> list[pa.Schema]:
    return [pq.read_schema(path) for path in files]
