"""The tables of a generation without their rows, for DuckDB to bind SQL to."""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from threading import Timer

import duckdb

from ..foreign.columns import sql_type
from ..manifest import TableEntry
from ..tables.session import identifier, parquet
from .model import ResultColumn
from .tree import named, own_names, scanned, tree

__all__ = ["MetricPlan", "TableCatalog", "open_catalog"]

_SECONDS = 20
_SETTINGS = """\
SET threads = 1;
SET memory_limit = '256MB';
SET TimeZone = 'UTC';
SET autoinstall_known_extensions = false;
SET autoload_known_extensions = false;
SET allow_community_extensions = false;
SET enable_progress_bar = false;
SET errors_as_json = true;
SET explain_output = 'all';
PRAGMA disable_optimizer;
"""
_LOCKS = """\
SET enable_external_access = false;
SET lock_configuration = true;
"""


@dataclass(frozen=True, slots=True)
class MetricPlan:
    """What DuckDB made of a query.

    ``tables`` has the id of each table that it reads or names, None for one of DuckDB's own.
    """

    tables: frozenset[str | None]
    columns: tuple[ResultColumn, ...]


class TableCatalog:
    """Empty tables under random names, and above them the views that some reader has."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        """``connection`` is to a database of its own, not locked yet."""
        self._connection = connection
        self._place = f"h{secrets.token_hex(8)}.main"
        self._tables: dict[str, str] = {}  # id to the empty table
        self.views: dict[str, str] = {}  # name to table id
        self._until = time.monotonic() + _SECONDS
        connection.execute(f"ATTACH ':memory:' AS {self._place.partition('.')[0]}")

    def add(self, entry: TableEntry, file_of: Callable[[str], Path]) -> None:
        """Make an empty table; raises ``duckdb.Error``, or ``ValueError`` for an unknown type."""
        name = f"{self._place}.t{len(self._tables)}"
        if entry.files:  # all of which have the same columns
            source = f"FROM {parquet([file_of(entry.files[0].path)])} LIMIT 0"
        else:
            columns = ", ".join(
                f"CAST(NULL AS {sql_type(one.type or 'VARCHAR')}) AS {identifier(one.name)}"
                for one in entry.schema.columns
            )
            source = f"SELECT {columns} WHERE false"
        self._connection.execute(f"CREATE TABLE {name} AS {source}")
        self._tables[entry.id] = name

    def show(self, views: Mapping[str, str]) -> None:
        """Have exactly these views, name to table id, of the tables that are here."""
        for name in self.views:
            self._connection.execute(f"DROP VIEW {identifier(name)}")
        self.views = {name: one for name, one in views.items() if one in self._tables}
        for name, one in self.views.items():
            self._connection.execute(f"CREATE VIEW {identifier(name)} AS FROM {self._tables[one]}")

    def plan(self, sql: str) -> MetricPlan:
        """Bind a SELECT; raises ``duckdb.Error`` with JSON as its text."""
        with self._limited():
            plans = self._connection.execute(f"EXPLAIN (FORMAT json) {sql}").fetchall()
            described = self._connection.execute(f"DESCRIBE {sql}").fetchall()
        logical = json.loads(dict(plans)["logical_plan"])  # the optimizer would drop what is empty
        ids = {name: one for one, name in self._tables.items()}
        columns = tuple(ResultColumn(row[0], row[1]) for row in described)
        tables = {ids.get(name) for name in scanned(logical)} | self._named(sql)
        return MetricPlan(frozenset(tables), columns)

    def _named(self, sql: str) -> set[str | None]:
        """Those that the text names: what only gives a type, as in ``typeof()``, is in no plan."""
        lower = {name.lower(): one for name, one in self.views.items()}
        root = tree(self._connection, sql)
        return {lower.get(name) for name in named(root) - own_names(root)}

    @contextmanager
    def _limited(self) -> Iterator[None]:
        """All plans together may take so long: SQL of an operator must not hold up a sync."""
        timer = Timer(max(0.0, self._until - time.monotonic()), self._connection.interrupt)
        timer.daemon = True
        timer.start()
        try:
            yield
        finally:
            timer.cancel()

    def columns_named(self, sql: str) -> dict[str, list[str]]:
        """The columns of each view that a text names."""
        lower = {name.lower(): name for name in self.views}
        views = sorted(lower[name] for name in named(tree(self._connection, sql)) & {*lower})
        described = (self._connection.execute(f"DESCRIBE {identifier(one)}") for one in views)
        return {
            view: [str(row[0]) for row in rows.fetchall()]
            for view, rows in zip(views, described, strict=True)
        }


@contextmanager
def open_catalog(
    tables: Iterable[TableEntry], file_of: Callable[[str], Path]
) -> Iterator[TableCatalog]:
    """A catalog of these tables, whose DuckDB can open no file and no address any more.

    ``file_of`` is where a file of the manifest is now. A table that DuckDB does not take is not in.
    """
    with duckdb.connect() as connection:
        connection.execute(_SETTINGS)
        catalog = TableCatalog(connection)
        for entry in tables:
            if entry.schema.columns:
                with suppress(duckdb.Error, ValueError):
                    catalog.add(entry, file_of)
        connection.execute(_LOCKS)
        yield catalog
