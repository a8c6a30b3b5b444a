"""The source ``bigquery``: each table is one of BigQuery's, or what a query answers."""

from __future__ import annotations

import hashlib
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property, partial
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...config.description import BigQueryTable
from ...errors import ConfigError, ForbiddenError
from ...tables.schema import TableSchema
from ..contract import Finding, Location, SourceTable, TableRequest, Trial, Window
from ..settings import checked
from .budget import Budget
from .facts import Facts
from .reading import EstimatedQuery, QueryReading
from .settings import Settings
from .sql import Statement, quoted, select
from .types import column

if TYPE_CHECKING:
    from .warehouse import Warehouse

__all__ = ["BigQuerySource"]


@dataclass(frozen=True, slots=True)
class _Origin:
    """Where a table's rows are: ``sql`` stands behind FROM."""

    sql: str
    facts: Facts
    max_bytes: int


class BigQuerySource:
    """Every read is a query, so that its rows are those of one moment; several threads may ask."""

    Settings = Settings

    def __init__(self, settings: Mapping[str, Any], config_dir: Path) -> None:
        """A relative path is relative to ``config_dir``; raises ``ConfigError``."""
        own = {key: value for key, value in settings.items() if key != "type"}
        if own.get("credentials_file"):
            own["credentials_file"] = str(config_dir.absolute() / own["credentials_file"])
        self._settings = checked(Settings, own, "data_source")
        self._warehouse: Warehouse = _warehouse(self._settings)

    def discover(self) -> Iterator[SourceTable]:
        """Every table of the project, or of the dataset that the settings name."""
        for name in self.table_ids():
            yield self.describe(TableRequest(name))

    def table_ids(self) -> Iterator[str]:
        """Their ids alone."""
        home = f"{self._settings.project}."
        for name in self._warehouse.tables(self._settings.dataset):
            yield name.removeprefix(home)

    def describe(self, table: TableRequest) -> SourceTable:
        """The columns as BigQuery has them, with the key that it does not enforce."""
        facts = self._origin(table).facts
        by_name = {str(field["name"]): field for field in facts.fields}
        wanted = [by_name[name] for name in table.columns if name in by_name]
        return SourceTable(
            table.id,
            TableSchema(tuple(column(field) for field in wanted or facts.fields)),
            table.primary_key or facts.key,
            facts.description,
            rows=facts.rows,
            bytes=facts.bytes,
        )

    def read(self, table: TableRequest, window: Window) -> QueryReading:
        """The rows of a window. Refused here, before it runs, if it would cost too much."""
        return self._reading(table, window, table.columns)

    def read_keys(self, table: TableRequest) -> QueryReading:
        """The key columns of all rows."""
        if not table.primary_key:
            raise ConfigError("there is no primary_key to read", where=f"table {table.id}")
        return self._reading(table, Window(), table.primary_key)

    def check(self, tables: tuple[Trial, ...]) -> Iterator[Finding]:
        """Credentials, the right to run queries, and by a dry run what a sync reads of each table.

        None of it costs anything.
        """
        where = f"project {self._settings.project}"
        query = Finding.of("may run queries", lambda: self._may_query(where))
        yield query
        if query.works:
            yield Finding.of("may read answers", lambda: self._way(where))
        for table in tables:
            name = f"table {table.request.id}"
            yield Finding.of(name, partial(self._would_read, table.request, table.window))
            if table.census:
                yield Finding.of(f"keys of {name}", partial(self._would_count, table.request))
        if self._settings.max_bytes_billed_per_day is not None:
            yield Finding.of("may see its own jobs", self._used_today)

    def _may_query(self, where: str) -> str:
        self._warehouse.dry_run(Statement("SELECT 1 AS one"), where)
        return where

    def _way(self, where: str) -> str:
        """Through which API rows come, and which role would change that."""
        if self._settings.storage_api == "never":
            return "through the REST API, as storage_api says"
        try:
            self._warehouse.try_storage(where)
        except ForbiddenError as error:
            if self._settings.storage_api == "always" or error.expected is None:
                raise
            return f"through the REST API; the Storage Read API takes {error.expected}"
        return "through the Storage Read API"

    def _would_read(self, table: TableRequest, window: Window) -> str:
        columns, size = self._measured(table, window, table.columns)
        return f"{columns} columns, {size:,} bytes in all"

    def _would_count(self, table: TableRequest) -> str:
        _, size = self._measured(table, Window(), table.primary_key)
        return f"{size:,} bytes with each sync"

    def _measured(
        self, table: TableRequest, window: Window, columns: tuple[str, ...]
    ) -> tuple[int, int]:
        """How many columns it has, and how many bytes a read of some would be."""
        origin = self._origin(table)
        statement = select(origin.sql, origin.facts.fields, table, window, columns)
        size = self._warehouse.dry_run(statement, f"table {table.id}").bytes
        return len(origin.facts.fields), size

    def _used_today(self) -> str:
        midnight = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
        return f"{self._warehouse.billed(midnight):,} bytes billed today"

    def _reading(
        self, table: TableRequest, window: Window, columns: tuple[str, ...]
    ) -> QueryReading:
        where = f"table {table.id}"
        origin = self._origin(table)
        statement = select(origin.sql, origin.facts.fields, table, window, columns)
        estimate = self._warehouse.dry_run(statement, where)
        estimated = EstimatedQuery(statement, estimate, origin.max_bytes, self._settings.lag, where)
        return QueryReading(self._warehouse, self._budget, estimated)

    def location(self, table: TableRequest) -> Location:
        """The table by its full name, or the text of the query."""
        options = _options(table)
        if options.query is not None:
            text = " ".join(options.query.split()).rstrip("; ")
            name = f"query {hashlib.sha256(text.encode()).hexdigest()}"
            return Location(f"bigquery {self._settings.project}/{name}", name)
        name = options.table or table.id
        return Location(f"bigquery {self._full_name(name, f'table {table.id}')}", name)

    def _origin(self, table: TableRequest) -> _Origin:
        where = f"table {table.id}"
        options = _options(table)
        limit = int(options.max_bytes_billed or self._settings.max_bytes_billed)
        if options.query is not None:
            text = f"(\n{options.query.rstrip().rstrip(';')}\n)"
            whole = Statement(f"SELECT * FROM {text}")  # noqa: S608 - the operator's own query
            return _Origin(text, Facts(self._warehouse.dry_run(whole, where).fields), limit)
        name = self._full_name(options.table or table.id, where)
        return _Origin(quoted(name), self._warehouse.facts(name, where), limit)

    def _full_name(self, name: str, where: str) -> str:
        """``project.dataset.table`` of one table; raises ``ConfigError``."""
        if "*" in name:
            query = f"SELECT * FROM {quoted(self._whole_name(name, where))}"  # noqa: S608 - shown
            raise ConfigError(
                f"'{name}' is a wildcard, which stands for several tables",
                where=where,
                expected="one table, or a query",
                remedy=f'Write in place of table: bigquery: {{query: "{query}"}}.',
            )
        return self._whole_name(name, where)

    def _whole_name(self, name: str, where: str) -> str:
        """A project may have dots, if it belongs to a domain."""
        parts = name.split(".")
        if len(parts) == 1 and self._settings.dataset:
            parts = [self._settings.dataset, *parts]
        if len(parts) == 2:
            parts = [self._settings.project, *parts]
        if len(parts) < 3 or not all(parts):
            raise ConfigError(
                f"'{name}' does not say which dataset it is in",
                where=where,
                expected="dataset.table or project.dataset.table",
                remedy="Write it under bigquery: {table: …}, or set the source's dataset.",
            )
        return ".".join(parts)

    @cached_property
    def _budget(self) -> Budget:
        per_day = self._settings.max_bytes_billed_per_day
        return Budget(None if per_day is None else int(per_day), self._warehouse.billed)


def _options(table: TableRequest) -> BigQueryTable:
    given = {key: value for key, value in table.options.items() if key != "file"}
    return checked(BigQueryTable, given, f"table {table.id}", "bigquery")


def _warehouse(settings: Settings) -> Warehouse:
    try:
        with warnings.catch_warnings():
            # Google's libraries tell on import until when they will support this Python.
            warnings.simplefilter("ignore", FutureWarning)
            module = import_module(".warehouse", __package__)
    except ImportError as error:
        raise ConfigError(
            "reading from BigQuery needs libraries that are not installed",
            where="data_source",
            found=f"no {error.name or 'google-cloud-bigquery'}",
            remedy="On a host, deploy again: site.yml brings them where a source is of BigQuery. "
            "In a checkout, run bin/bootstrap.",
        ) from error
    made: Warehouse = module.Warehouse(settings)
    return made
