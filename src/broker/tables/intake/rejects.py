"""Rows that did not make it into the table: kept in whole, counted, capped."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from ...errors import TableError
from ..files.writing import data_file, write
from ..issues import MOST_ISSUES, Issue, IssueKind, RowPlace, shape_in_sql, type_remedy
from ..model import DataFile, Partitioning, TableSpec
from ..row_places import placed
from ..rows import OTHER_FORMAT, Reading, Reject
from ..session import literal, one_row, parquet

__all__ = [
    "BROKEN",
    "DUPLICATE",
    "NO_KEY",
    "RejectedError",
    "Rejects",
    "duplicate_keys",
    "issues_of",
    "record",
    "rejects_in",
]

DUPLICATE = "duplicate key"
NO_KEY = "NULL in the key"
BROKEN = "not UTF-8, finer than a microsecond, or outside of the years 1 to 9999"
_REMEDIES = {
    DUPLICATE: "If they are different rows, add the column that tells them apart to `primary_key`.",
    NO_KEY: "Correct the source, or declare another `primary_key`.",
    BROKEN: "Correct the source, or declare its encoding, or the column as text.",
    OTHER_FORMAT: "Correct the source, or the format of the column under `csv.formats`; "
    "`null_values` of the format lists texts that stand for NULL.",
}
_NOT_A_ROW = "Correct the source, or declare how it is written (delimiter, quote, encoding)."
_MORE = "Or raise `max_rejects`."
# While rows come in, ``row_number`` counts them from 0 and ``is_placed`` is false.
_SCHEMA = """(file VARCHAR, row_number BIGINT, line BIGINT, column_name VARCHAR, reason VARCHAR,
              value VARCHAR, record VARCHAR, is_placed BOOLEAN DEFAULT true)"""
_COLUMNS = "file, row_number, line, column_name, reason, value, record"


class RejectedError(TableError):
    """So many rows do not fit that there is no table. ``issues`` says which, and why."""

    def __init__(
        self,
        where: str,
        issues: tuple[Issue, ...],
        most: int | None = None,
        what: str | None = None,
        warnings: tuple[str, ...] = (),
    ) -> None:
        """``where`` is the table; ``most`` is its cap, where that was reached.

        ``what`` says what is wrong, where it is not the number of rows; ``warnings`` are what the
        reading of the rows says besides.
        """
        worst = next(one for one in issues if one.kind is IssueKind.REJECTED)
        too_many = what or ("too many rows do not fit" if most is not None else "no row fits")
        super().__init__(
            f"{too_many}: {worst.count} times {worst.reason}, first in {worst.places[0]}",
            where=f"{where}, column {worst.column}" if worst.column else where,
            expected=f"at most {most} rejected rows" if most is not None else None,
            remedy=" ".join((worst.remedy, *([_MORE] if most else warnings))),
        )
        self.issues = issues


def record(names: dict[str, str]) -> str:
    """The SQL of a whole row as a JSON object; ``names`` maps SQL values to column names."""
    members = (f"{literal(name)}, CAST({value} AS VARCHAR)" for value, name in names.items())
    return f"CAST(json_object({', '.join(members)}) AS VARCHAR)"


def issues_of(
    connection: duckdb.DuckDBPyConnection, relation: str, by: Partitioning | None
) -> tuple[Issue, ...]:
    """What is wrong with rejected rows of a table that is partitioned ``by`` a column, if any.

    By column and reason, the most frequent first; displaced rows stand at the end.
    """
    # A line that is not a row has no shape of a value.
    looks = f"CASE WHEN column_name IS NOT NULL THEN {shape_in_sql('value')} END"
    found = connection.execute(
        "SELECT column_name, reason, CAST(sum(n) AS BIGINT), "
        "list_slice(list_sort(flatten(list(places))), 1, 3), "
        "list_slice(list(look ORDER BY n DESC, look) FILTER (look IS NOT NULL), 1, 3) "
        f"FROM (SELECT column_name, reason, {looks} AS look, count(*) AS n, "
        "min({file: file, row: row_number, line: line}, 3) AS places "
        f"FROM {relation} GROUP BY 1, 2, 3) "
        f"GROUP BY 1, 2 ORDER BY reason = {literal(DUPLICATE)}, 3 DESC, 1, 2 "
        f"LIMIT {MOST_ISSUES}"
    ).fetchall()
    partition = by.column if by is not None else None
    return tuple(_issue(*one, partition=partition) for one in found)


def _issue(
    column: str | None,
    reason: str,
    count: int,
    places: list[dict[str, Any]],
    looks: list[str] | None,
    *,
    partition: str | None,
) -> Issue:
    shapes = tuple(looks or ())
    remedy = _REMEDIES.get(reason, _NOT_A_ROW)
    if column is not None and reason not in _REMEDIES:
        remedy = type_remedy(column, reason, shapes, is_partition=column == partition)
    return Issue(
        kind=IssueKind.DISPLACED if reason == DUPLICATE else IssueKind.REJECTED,
        count=count,
        reason=reason,
        column=column,
        places=tuple(RowPlace(**one) for one in places),
        shapes=shapes,
        remedy=remedy,
    )


def rejects_in(path: Path) -> str:
    """The SQL to read a reject file; those of older releases name no file of the source."""
    return (
        'SELECT file, "row" AS row_number, line, "column" AS column_name, reason, value, record '
        f"FROM (SELECT CAST(NULL AS VARCHAR) AS file WHERE false "
        f"UNION ALL BY NAME SELECT * FROM {parquet([path])})"
    )


def duplicate_keys(key: Iterable[str], rows: int) -> Issue:
    """That ``rows`` rows gave way to others of their key, which no reject file has."""
    remedy = _REMEDIES[DUPLICATE]
    return Issue(IssueKind.DISPLACED, rows, DUPLICATE, ", ".join(key), remedy=remedy)


class Rejects:
    """The record of each rejected row: where it stood, which column, why, and the row itself."""

    def __init__(
        self,
        connection: duckdb.DuckDBPyConnection,
        spec: TableSpec,
        reading: Reading | None,
        *,
        table: str = "rejects",
    ) -> None:
        """``reading`` is where the rows come from, if any were read."""
        self.rows = 0
        self._connection = connection
        self._spec = spec
        self._reading = reading
        self._table = table
        self._is_made = self._has_places = False

    def add(
        self, relation: str, *, flaw: str, column: str, reason: str, value: str, row: str
    ) -> None:
        """Tell one flaw of the rows of ``relation`` that the condition ``flaw`` selects."""
        self._make()
        self._has_places = False
        self._connection.execute(
            f"INSERT INTO {self._table} SELECT NULL, n, NULL, ?, ?, CAST({value} AS VARCHAR), "
            f"{row}, false FROM {relation} WHERE {flaw}",
            [column, reason],
        )

    def count(self, rows: int) -> None:
        """Count rows left out; raises ``TableError`` past the table's cap."""
        self.rows += rows
        if self.rows <= self._spec.max_rejects:
            return
        raise RejectedError(self._spec.name, self.issues(), self._spec.max_rejects)

    def issues(self) -> tuple[Issue, ...]:
        """What is wrong with the rows."""
        by = self._spec.partitioning
        return issues_of(self._connection, self._placed(), by) if self._is_made else ()

    def merge_source(self, rejects: Iterable[Reject]) -> None:
        """Add the rows that the source itself could not read."""
        found = list(rejects)
        if not found:
            return
        self._make()
        # As a table: one statement for each of 100,000 rows takes minutes.
        columns = {
            "file": pa.array((one.file for one in found), pa.string()),
            "row_number": pa.array((one.row for one in found), pa.int64()),
            "line": pa.array((one.line for one in found), pa.int64()),
            **{
                name: pa.array((getattr(one, name) for one in found), pa.string())
                for name in ("column", "reason", "value", "record")
            },
        }
        with self._lent("source_rejects", pa.table(columns)):
            self._connection.execute(
                f"INSERT INTO {self._table} ({_COLUMNS}) "
                'SELECT file, row_number, line, "column", reason, value, record FROM source_rejects'
            )
        self.count(len({(one.file, one.row) for one in found}))

    def _placed(self) -> str:
        """The SQL of all rejects, each with its place in the source."""
        if not self._has_places:
            self._find_places()
            self._has_places = True
        return (
            "(SELECT coalesce(p.file, r.file) AS file, "
            "coalesce(p.row, r.row_number) AS row_number, line, column_name, reason, value, record "
            f"FROM {self._table} AS r "
            f"LEFT JOIN {self._table}_places AS p ON r.row_number = p.n AND NOT r.is_placed)"
        )

    def _find_places(self) -> None:
        query = f"SELECT DISTINCT row_number FROM {self._table} WHERE NOT is_placed ORDER BY 1"
        numbers = self._connection.sql(query).to_arrow_table().column(0).combine_chunks()
        places = placed(self._reading.places if self._reading is not None else None, numbers)
        with self._lent("found_places", places.append_column("n", numbers)):
            self._connection.execute(
                f"CREATE OR REPLACE TABLE {self._table}_places AS FROM found_places"
            )

    @contextmanager
    def _lent(self, name: str, table: pa.Table) -> Iterator[None]:
        self._connection.register(name, table)
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
            "SELECT count(DISTINCT (file, row_number, line, record, "
            "if(record IS NULL, value, NULL))) FROM standing",
        )
        self._connection.execute(
            f"INSERT INTO {self._table} ({_COLUMNS}) SELECT {_COLUMNS} FROM standing"
        )
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
        names = 'file, row_number AS "row", line, column_name AS "column", reason, value, record'
        query = f"SELECT {names} FROM {self._placed()} ORDER BY ALL"
        rows = write(self._connection, query, path, columns=7)
        return data_file(out, path, rows)
