"""A checked query, run on the files of its tables within its limits."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import duckdb

from ...manifest import Manifest, TableEntry
from ...tables.session import identifier
from ...view_sql import TableRows, openable, rows_query
from ..ages import age_of, clock_warning, now_by
from ..history.kept_generations import KeptHistory, read_history
from ..metrics.offer import offer
from ..workspace import CHOSEN, MANIFEST, Workspace, parse_manifest, read_bytes
from .answer import AnswerColumn, QueryAnswer, Row
from .catalog import ViewCatalog
from .check import CheckedQuery, check
from .connection import locked
from .failures import failure
from .limits import QueryLimits

__all__ = ["GuardedData", "absent_views"]

_BATCH = 500


def _utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class GuardedData:
    """The tables of one generation, to be asked. ``tree`` is its folder, ``state`` the program's.

    ``absent`` are the views that the analyst left out, ``clock`` gives the laptop's time.
    ``offers_metrics`` is whether an answer names the metric that fits its query; ``past`` reads the
    generations that are kept, where a query may read earlier ones. ``instead`` has other rows for
    some tables, by their paths.
    """

    manifest: Manifest
    tree: Path
    state: Path
    limits: QueryLimits = field(default_factory=QueryLimits)
    absent: frozenset[str] = frozenset()
    clock: Callable[[], datetime] = _utc_now
    offers_metrics: bool = True
    past: Callable[[], KeptHistory] | None = None
    instead: Mapping[str, TableRows] = field(default_factory=dict, hash=False)

    @classmethod
    def of(cls, workspace: Workspace, limits: QueryLimits) -> GuardedData:
        """The generation in use; raises ``LaptopError`` before the first sync."""
        manifest, tree = workspace.in_use()
        absent, past = absent_views(manifest, tree), partial(read_history, workspace)
        return cls(manifest, tree, workspace.state, limits, absent, past=past)

    def check(self, sql: str, parameters: dict[str, Any] | None = None) -> CheckedQuery:
        """Whether a query may be asked; raises ``LaptopError`` with what to write instead."""
        catalog = ViewCatalog.of(self.manifest, self.absent)
        return check(sql, parameters or {}, catalog, self.limits, self.state, self.past)

    def ask(self, query: CheckedQuery) -> QueryAnswer:
        """Run it; raises ``LaptopError`` where it meets a limit, or data that are not there."""
        began = time.monotonic()
        views = {**query.views, **query.earlier.entries}.items()
        sources = [(view, self._rows(entry)) for view, entry in views]
        paths = set[str]().union(*(one.paths for _, one in sources))
        setup = [f"CREATE VIEW {identifier(view)} AS {one.sql}" for view, one in sources]
        setup += query.earlier.macros
        try:
            with locked(self.limits, self.state, paths=paths, setup=setup) as connection:
                columns, rows, cut = _run(connection, query, self.limits)
        except (duckdb.Error, MemoryError) as error:
            raise failure(error, self.limits) from error
        return QueryAnswer(
            columns=columns,
            rows=rows,
            cut=cut,
            generation=self.manifest.generation,
            tables=self._ages(query),
            notes=self._notes(query),
            seconds=time.monotonic() - began,
            is_ordered=query.names.is_ordered,
            is_plan=bool(query.statement.explain),
        )

    def _rows(self, entry: TableEntry) -> TableRows:
        plain = TableRows(rows_query(entry, self.tree), frozenset(openable(entry, self.tree)))
        return self.instead.get(entry.path, plain)

    def _ages(self, query: CheckedQuery) -> Any:
        now = now_by(self.clock(), self.manifest)
        ages = [age_of(entry, view, now) for view, entry in query.views.items()]
        # That an earlier generation is old is what was asked for.
        earlier = query.earlier.labelled.items()
        ages += [replace(age_of(entry, label, now), problem=None) for label, entry in earlier]
        return tuple(ages)

    def _notes(self, query: CheckedQuery) -> tuple[str, ...]:
        warning = clock_warning(self.manifest, self.clock())
        old = tuple(age.problem for age in self._ages(query) if age.problem)
        return ((warning,) if warning else ()) + old + query.notes + self._metric(query)

    def _metric(self, query: CheckedQuery) -> tuple[str, ...]:
        if not self.offers_metrics:
            return ()
        return offer(self.manifest, self.tree, query.statement.select)


def _run(
    connection: duckdb.DuckDBPyConnection, query: CheckedQuery, limits: QueryLimits
) -> tuple[tuple[AnswerColumn, ...], tuple[Row, ...], str | None]:
    statement, parameters = query.statement, dict(query.parameters) or None
    if statement.explain:
        found = connection.execute(statement.sql, parameters).fetchall()
        plan = tuple((str(text),) for _, text in found)
        return (AnswerColumn("plan", "VARCHAR"),), plan, None
    described = connection.execute(f"DESCRIBE {statement.select}", parameters).fetchall()
    columns = tuple(AnswerColumn(name, kind) for name, kind, *_ in described)
    names = ", ".join(f"c{number}" for number in range(len(columns)))
    # DuckDB writes each value as text itself, as no type of Python holds all of its values. A line
    # end keeps a comment at the end of the query from taking the bracket with it.
    connection.execute(
        f"SELECT CAST(COLUMNS(*) AS VARCHAR) FROM (\n{statement.select}\n) AS answer({names}) "
        f"LIMIT {limits.rows + 1}",
        parameters,
    )
    rows, cut = _fetched(connection, limits)
    return columns, rows, cut


def _fetched(
    connection: duckdb.DuckDBPyConnection, limits: QueryLimits
) -> tuple[tuple[Row, ...], str | None]:
    rows: list[Row] = []
    left = limits.characters
    while batch := connection.fetchmany(_BATCH):
        for row in batch:
            left -= sum(len(value) for value in row if value is not None) + len(row)
            if len(rows) == limits.rows:
                return tuple(rows), f"{limits.rows:,} rows"
            if left < 0:
                return tuple(rows), f"{limits.characters:,} characters"
            rows.append(row)
    return tuple(rows), None


def absent_views(manifest: Manifest, tree: Path) -> frozenset[str]:
    """The names of tables that the broker offers and that are not in this folder."""
    if not (tree / CHOSEN).exists():
        return frozenset()
    offered = parse_manifest(read_bytes(tree / MANIFEST))
    return frozenset(offered.view_names.values()) - frozenset(manifest.view_names.values())
