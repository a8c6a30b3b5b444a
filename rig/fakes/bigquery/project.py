"""The state of the project: datasets, tables, jobs. DuckDB keeps the rows and runs the queries."""

from __future__ import annotations

import re
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import duckdb
import pyarrow as pa

from . import pruning
from .cells import values
from .dialect import translated
from .errors import ApiError, absent, denied
from .faults import Faults
from .types import arrow_type, duckdb_type, field_of

__all__ = ["ANSWERS", "Job", "Project", "Table"]

ANSWERS = "_answers"  # the hidden dataset of the results of queries
INGESTED = "_PARTITIONTIME"


@dataclass
class Table:
    """A table; ``resource`` is what the API says of it besides name and columns."""

    dataset: str
    name: str
    fields: list[dict[str, Any]]
    resource: dict[str, Any] = field(default_factory=dict)

    @property
    def partition_column(self) -> str | None:
        """The column that partitions it; that of ingestion time stands in no schema."""
        partitioning = self.resource.get("timePartitioning")
        return partitioning.get("field", INGESTED) if partitioning else None

    @property
    def names(self) -> str:
        """The columns of its schema, for SQL."""
        return ", ".join(f'"{one["name"]}"' for one in self.fields)


@dataclass
class Job:
    """A query that ran."""

    id: str
    configuration: dict[str, Any]
    created: datetime
    bytes: int = 0
    answer: Table | None = None
    error: ApiError | None = None
    polls: int = 0


class Project:
    """Safe to use from several threads. ``denied`` holds permissions the account does not have.

    An entry is a permission, or permission and resource: ``bigquery.tables.getData acme.shop.t``.
    """

    def __init__(self, name: str, faults: Faults) -> None:
        """Has nothing in it."""
        self.name, self.faults = name, faults
        self.denied: set[str] = set()
        self.datasets: dict[str, dict[str, Any]] = {}
        self.tables: dict[tuple[str, str], Table] = {}
        self.jobs: dict[str, Job] = {}
        self._lock = threading.RLock()
        self._db = duckdb.connect(config={"autoinstall_known_extensions": False})
        self._db.execute("SET TimeZone = 'UTC'")
        self._db.execute(f"""ATTACH ':memory:' AS "{name}" """)
        self.add_dataset(ANSWERS)

    def close(self) -> None:
        """Forget everything."""
        self._db.close()

    def allow(self, permission: str, resource: str, message: str) -> None:
        """Raise ``ApiError`` if the account does not have a permission, here or everywhere."""
        if {permission, f"{permission} {resource}"} & self.denied:
            raise denied(message)

    def add_dataset(self, name: str, resource: Mapping[str, Any] | None = None) -> None:
        """Make a dataset."""
        self._run(f'CREATE SCHEMA "{self.name}"."{name}"')
        self.datasets[name] = {**(resource or {})}

    def add_table(
        self, dataset: str, name: str, fields: Sequence[Mapping[str, Any]], **resource: Any
    ) -> Table:
        """Make an empty table; ``resource`` is the rest of what the API says of it."""
        if dataset not in self.datasets:
            raise absent("Dataset", f"{self.name}:{dataset}")
        table = Table(dataset, name, [dict(one) for one in fields], dict(resource))
        columns = [f'"{one["name"]}" {duckdb_type(one)}' for one in fields]
        if table.partition_column == INGESTED:
            columns.append(f"{INGESTED} TIMESTAMPTZ DEFAULT date_trunc('day', now())")
        self._run(f"CREATE TABLE {self._sql_name(table)} ({', '.join(columns)})")
        self.tables[dataset, name] = table
        return table

    def table(self, dataset: str, name: str) -> Table:
        """A table; raises ``ApiError``."""
        if (dataset, name) not in self.tables:
            raise absent("Table", f"{self.name}:{dataset}.{name}")
        return self.tables[dataset, name]

    def insert(self, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
        """Append rows as JSON has them, or as Python does."""
        if rows:
            marks = ", ".join(f"CAST(? AS {duckdb_type(one)})" for one in table.fields)
            statement = f"INSERT INTO {self._sql_name(table)} ({table.names}) VALUES ({marks})"
            with self._lock:
                self._db.cursor().executemany(
                    statement, [values(one, table.fields) for one in rows]
                )

    def execute(self, sql: str) -> None:
        """Run a statement of DuckDB's, for tests that need many rows at once."""
        self._run(sql)

    def count(self, table: Table) -> int:
        """How many rows it has."""
        return int(self._run(f"SELECT count(*) FROM {self._sql_name(table)}").fetchall()[0][0])

    def page(self, table: Table, start: int, size: int) -> list[dict[str, Any]]:
        """Some of its rows, as Python has them."""
        return self.arrow(table, start, size).to_pylist()

    def arrow(self, table: Table, start: int = 0, size: int | None = None) -> pa.Table:
        """Its rows as the Storage Read API has them, always in the same order."""
        limit = "" if size is None else f" LIMIT {size} OFFSET {start}"
        query = f"SELECT {table.names} FROM {self._sql_name(table)} ORDER BY rowid{limit}"
        with self._lock:
            return self._db.cursor().sql(query).to_arrow_table()

    def announced(self, table: Table) -> pa.Schema:
        """The columns as the Storage Read API announces them."""
        return pa.schema([(one["name"], arrow_type(one)) for one in table.fields])

    def dry_run(self, query: Mapping[str, Any]) -> tuple[int, list[dict[str, Any]]]:
        """The bytes that a query would read, and the columns of its answer."""
        sql, given = self._translated(query)
        for path in self._tables_of(sql):
            self._may_query(path)
            self._refuse_unbounded(sql, self.table(*path[1:]))
        try:
            described = self._run(f"DESCRIBE {sql}", given).fetchall()
        except duckdb.Error as error:
            raise self._invalid(error) from None
        stored = {
            (one["name"], duckdb_type(one)): one
            for path in self._tables_of(sql)
            for one in self.table(*path[1:]).fields
        }
        columns = [(row[0], _spelled(row[1])) for row in described]
        fields = [
            stored[name, type_] if (name, type_) in stored else field_of(name, type_)
            for name, type_ in columns
        ]
        return self._bytes(sql, given), fields

    def start(self, job_id: str, configuration: dict[str, Any]) -> Job:
        """Run a query to its end; how it ended is in the job."""
        query = configuration["query"]
        job = Job(job_id, configuration, datetime.now(UTC))
        with self._lock:
            self.jobs[job_id] = job
            try:
                job.bytes, fields = self.dry_run(query)
                self._check_bill(job, query)
                sql, given = self._translated(query)
                job.answer = self.add_table(ANSWERS, f"anon{len(self.jobs)}", fields)
                self._run(f"INSERT INTO {self._sql_name(job.answer)} {sql}", given)
            except ApiError as error:
                job.error = error
            except duckdb.Error as error:
                job.error = self._invalid(error)
        return job

    def _check_bill(self, job: Job, query: Mapping[str, Any]) -> None:
        limit = query.get("maximumBytesBilled")
        if limit is not None and job.bytes > int(limit):
            message = f"Query exceeded limit for bytes billed: {limit}. {job.bytes} required."
            job.bytes = 0
            raise ApiError(400, "bytesBilledLimitExceeded", message)

    def _refuse_unbounded(self, sql: str, table: Table) -> None:
        column = table.partition_column
        if not table.resource.get("requirePartitionFilter"):
            return
        if pruning.only_about(self._tree(sql), column) is None:
            name = f"{self.name}.{table.dataset}.{table.name}"
            message = (
                f"Cannot query over table '{name}' without a filter over column(s) '{column}' "
                "that can be used for partition elimination"
            )
            raise ApiError(400, "invalidQuery", message)

    def _may_query(self, path: tuple[str, ...]) -> None:
        name = f"{path[0]}:{path[1]}.{path[2]}"
        self.table(*path[1:])
        message = (
            f"Table {name}: User does not have permission to query table {name}, "
            "or perhaps it does not exist."
        )
        self.allow("bigquery.tables.getData", ".".join(path), message)

    def _tables_of(self, sql: str) -> list[tuple[str, ...]]:
        try:
            return [(self.name, *path[-2:]) for path in pruning.tables(self._tree(sql))]
        except duckdb.Error as error:
            raise self._invalid(error) from None

    def _bytes(self, sql: str, given: Mapping[str, Any]) -> int:
        tree = self._tree(sql)
        total = 0
        for path in pruning.tables(tree):
            table = self.table(*path[-2:])
            names = [one["name"] for one in table.fields]
            width = 8 * len(pruning.columns(tree, names))
            kept = pruning.only_about(tree, table.partition_column)
            condition = self._text(kept) if kept else "SELECT 1"
            where = condition.partition(" WHERE ")[2]
            query = f"SELECT count(*) FROM {self._sql_name(table)}"
            if where:
                query += f" WHERE {where}"
            used = {name: value for name, value in given.items() if f"${name}" in query}
            total += width * int(self._run(query, used).fetchall()[0][0])
        return total

    def _tree(self, sql: str) -> dict[str, Any]:
        text = self._run("SELECT json_serialize_sql(?)", [sql]).fetchall()[0][0]
        return pruning.parsed(text)

    def _text(self, tree: Mapping[str, Any]) -> str:
        text = pruning.text(tree)
        return str(self._run("SELECT json_deserialize_sql(?::JSON)", [text]).fetchall()[0][0])

    def _translated(self, query: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
        parameters = query.get("queryParameters", ())
        given = {one["name"]: one["parameterValue"].get("value") for one in parameters}
        sql = translated(query["query"], parameters)
        return sql, {name: value for name, value in given.items() if f"${name}" in sql}

    def _invalid(self, error: duckdb.Error) -> ApiError:
        return ApiError(400, "invalidQuery", re.sub(r"\s+", " ", str(error).partition("\n")[0]))

    def _sql_name(self, table: Table) -> str:
        return f'"{self.name}"."{table.dataset}"."{table.name}"'

    def _run(self, sql: str, given: Any = None) -> duckdb.DuckDBPyConnection:
        with self._lock:
            cursor = self._db.cursor()
            cursor.execute(f'USE "{self.name}"')  # names without a project are of this one
            return cursor.execute(sql, given or None)


def _spelled(type_: str) -> str:
    """As ``duckdb_type`` writes it: names of members always in quotes."""
    short = type_.replace("TIMESTAMP WITH TIME ZONE", "TIMESTAMPTZ")
    return re.sub(r"([(,] ?)(\w+) (?=[A-Z])", r'\1"\2" ', short)
