"""Rows that did not make it into the table: kept in whole, counted, capped."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb
import pyarrow as pa

from ...errors import TableError
from ..files.writing import data_file, write
from ..model import DataFile, TableSpec
from ..rows import Reject
from ..session import literal, one_row

__all__ = ["DUPLICATE", "Rejects", "record"]

DUPLICATE = "duplicate key"
_SCHEMA = """(row_number BIGINT, line BIGINT, column_name VARCHAR, reason VARCHAR,
              value VARCHAR, record VARCHAR)"""


def record(names: dict[str, str]) -> str:
    """The SQL of a whole row as a JSON object; ``names`` maps SQL values to column names."""
    members = (f"{literal(name)}, CAST({value} AS VARCHAR)" for value, name in names.items())
    return f"CAST(json_object({', '.join(members)}) AS VARCHAR)"


class Rejects:
    """The record of each rejected row: where it stood, which column, why, and the row itself."""

    def __init__(
        self, connection: duckdb.DuckDBPyConnection, spec: TableSpec, *, table: str = "rejects"
    ) -> None:
        self.rows = 0
        self._connection = connection
        self._spec = spec
        self._table = table
        self._is_made = False

    def add(
        self, relation: str, *, flaw: str, column: str, reason: str, value: str, row: str
    ) -> None:
        """Tell one flaw of the rows of ``relation`` that the condition ``flaw`` selects."""
        self._make()
        self._connection.execute(
            f"INSERT INTO {self._table} SELECT n + 1, NULL, ?, ?, CAST({value} AS VARCHAR), {row} "
            f"FROM {relation} WHERE {flaw}",
            [column, reason],
        )

    def count(self, rows: int) -> None:
        """Count rows left out; raises ``TableError`` past the table's cap."""
        self.rows += rows
        if self.rows <= self._spec.max_rejects:
            return
        column, reason, flaws, first = one_row(
            self._connection,
            "SELECT coalesce(column_name, ''), reason, count(*), min(row_number) "
            f"FROM {self._table} GROUP BY ALL ORDER BY 3 DESC, 1 LIMIT 1",
        )
        raise TableError(
            f"too many rows do not fit: {flaws} times {reason}, first in row {first}",
            where=f"{self._spec.name}, column {column}" if column else self._spec.name,
            expected=f"at most {self._spec.max_rejects} rejected rows",
            remedy="Fix the source, declare another type under `types`, or raise max_rejects.",
        )

    def merge_source(self, rejects: Iterable[Reject]) -> None:
        """Add the rows that the source itself could not read, and number all rows as it does."""
        found = list(rejects)
        if not found:
            return
        self._make()
        skipped = sorted({reject.row for reject in found})
        before = [row - at for at, row in enumerate(skipped, 1)]
        # As a table: one statement for each of 100,000 rows takes minutes.
        columns = {
            "row_number": pa.array((one.row for one in found), pa.int64()),
            "line": pa.array((one.line for one in found), pa.int64()),
            **{
                name: pa.array((getattr(one, name) for one in found), pa.string())
                for name in ("column", "reason", "value")
            },
        }
        with self._lent("source_skipped", {"before": pa.array(before, pa.int64())}):
            self._connection.execute(
                "CREATE OR REPLACE TABLE skipped AS SELECT before FROM source_skipped"
            )
        self._connection.execute(
            f"UPDATE {self._table} SET row_number = row_number + "
            f"(SELECT count(*) FROM skipped WHERE before < {self._table}.row_number)"
        )
        with self._lent("source_rejects", columns):
            self._connection.execute(
                f"INSERT INTO {self._table} "
                'SELECT row_number, line, "column", reason, value, NULL FROM source_rejects'
            )
        self.count(len(skipped))

    @contextmanager
    def _lent(self, name: str, columns: dict[str, pa.Array]) -> Iterator[None]:
        self._connection.register(name, pa.table(columns))
        try:
            yield
        finally:
            self._connection.unregister(name)

    def stand(self, query: str) -> None:
        """Add rejects of earlier batches, which no cap concerns: they were let pass before."""
        self._make()
        self._connection.execute(f"CREATE OR REPLACE TABLE standing AS {query}")
        (rows,) = one_row(
            self._connection,
            'SELECT count(DISTINCT ("row", line, record, if(record IS NULL, value, NULL))) '
            "FROM standing",
        )
        self._connection.execute(f"INSERT INTO {self._table} FROM standing")
        self.rows += rows
        self._is_made = bool(one_row(self._connection, f"SELECT count(*) FROM {self._table}")[0])

    def _make(self) -> None:
        if not self._is_made:
            self._connection.execute(f"CREATE OR REPLACE TABLE {self._table} {_SCHEMA}")
            self._is_made = True

    def write_file(self, out: Path, spec: TableSpec) -> DataFile | None:
        """Write the reject file, in source order; None when there is nothing to tell."""
        if not self._is_made:
            return None
        path = out / "rejects" / f"{spec.path}.parquet"
        names = 'row_number AS "row", line, column_name AS "column", reason, value, record'
        query = f"SELECT {names} FROM {self._table} ORDER BY ALL"
        rows = write(self._connection, query, path, columns=6)
        return data_file(out, path, rows)
