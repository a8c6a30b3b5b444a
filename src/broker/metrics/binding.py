"""Bind metrics to the tables of a generation before it is published, by DuckDB itself."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path

import duckdb

from ..config import PlacedMetric
from ..config.problems import did_you_mean
from ..errors import PublishError
from ..manifest import Manifest
from .bound import BoundMetric, BoundMetrics, names_of
from .catalog import MetricPlan, TableCatalog, open_catalog
from .complaint import Complaint
from .model import Metric, metrics_from_json, metrics_to_json
from .select import SelectError, one_select

__all__ = ["bind_metrics", "failed"]

_TIMES = ("DATE", "TIMESTAMP", "TIMESTAMP WITH TIME ZONE")
_EXPLAIN = "EXPLAIN (FORMAT json) "


def bind_metrics(
    metrics: Sequence[PlacedMetric],
    whole: Manifest,
    audiences: Mapping[str, Manifest],
    file_of: Callable[[str], Path],
) -> BoundMetrics:
    """Bind each metric by the names that operators have, and by those of each audience.

    ``audiences`` are what each may know, by words for it; ``file_of`` is where a file of the
    manifest is now. A metric that does not bind is left out, and a warning says why.
    """
    trials = [_Trial(one, whole) for one in metrics]
    with open_catalog((one for one in whole.tables if not one.loading), file_of) as catalog:
        catalog.show(names_of(whole))
        for trial in trials:
            trial.as_operator(catalog)
        for words, manifest in audiences.items():
            names = names_of(manifest)
            open_ones = [trial for trial in trials if trial.may_bind_otherwise(names)]
            if open_ones:
                catalog.show(names)
            for trial in open_ones:
                trial.as_audience(catalog, words)
    return BoundMetrics(
        tuple(bound for trial in trials if (bound := trial.result()) is not None),
        tuple(warning for trial in trials for warning in trial.warnings),
    )


def failed(error: Exception) -> BoundMetrics:
    """No metrics, where binding them failed in a way that nothing here foresees.

    Names the place, not the text, as the report of a table that failed does.
    """
    frame = traceback.extract_tb(error.__traceback__)[-1]
    problem = PublishError(
        f"no metric is published: an unexpected {type(error).__name__} while they were bound",
        found=f"{Path(frame.filename).name}:{frame.lineno}",
        remedy="This is a fault of the broker; report it with this line.",
    )
    return BoundMetrics(warnings=(str(problem),))


class _UnboundError(Exception):
    """A metric does not bind; the text is a whole warning."""


@dataclass
class _Trial:
    """One metric on its way: each way in which it binds, and what to say where it does not."""

    placed: PlacedMetric
    whole: Manifest
    warnings: list[str] = field(default_factory=list)
    _bindings: list[tuple[dict[str, str], MetricPlan]] = field(default_factory=list)
    _is_dropped: bool = False
    _binds_for_operators: bool = False
    _sql: str = ""

    def as_operator(self, catalog: TableCatalog) -> None:
        """Bind by the names of the whole generation; what does not bind there is reported."""
        try:
            self._sql = one_select(self.placed.metric.sql)
        except SelectError as error:
            where = self.placed.where_in_sql(error.line)
            text = self._says("it must be one SELECT", where=where, found=error.found)
            self.warnings.append(text)
            self._is_dropped = True
            return
        try:
            self._bind(catalog)
        except _UnboundError as error:
            self.warnings.append(str(error))
            return
        self._binds_for_operators = True

    def may_bind_otherwise(self, names: Mapping[str, str]) -> bool:
        """Whether readers with these names of views have it in no way that is known, and could."""
        if self._is_dropped or any(
            binding.items() <= names.items() for binding, _ in self._bindings
        ):
            return False
        if not self._binds_for_operators:
            return True
        return self._bindings[0][1].tables <= {*names.values()}

    def as_audience(self, catalog: TableCatalog, words: str) -> None:
        """Bind by the names of an audience; what it may not know is missing there on purpose."""
        known = self._bindings[0][1].tables if self._bindings else None
        try:
            self._bind(catalog)
        except _UnboundError:
            if known is not None and known <= {*catalog.views.values()}:
                self.warnings.append(self._otherwise_called(catalog, words))
            return
        if known not in (None, self._bindings[-1][1].tables):
            self._is_dropped = True
            self.warnings.append(
                self._says(
                    "its names are of other tables for other readers",
                    remedy="Give one of these tables another name.",
                )
            )

    def result(self) -> BoundMetric | None:
        """The metric, if it binds for anyone."""
        if self._is_dropped or not self._bindings:
            return None
        bindings = tuple(binding for binding, _ in self._bindings)
        return BoundMetric(self._metric(self._bindings[0][1]), bindings)

    def _bind(self, catalog: TableCatalog) -> None:
        plan = self._plan(catalog)
        if not plan.tables or None in plan.tables:
            found = "a table of DuckDB's own" if plan.tables else "none"
            raise _UnboundError(
                self._says("it must read tables of this broker, and no other", found=found)
            )
        self._check_time(plan)
        self._check_length(plan)
        read = {name: one for name, one in catalog.views.items() if one in plan.tables}
        self._bindings.append((dict(sorted(read.items())), plan))

    def _plan(self, catalog: TableCatalog) -> MetricPlan:
        try:
            return catalog.plan(self._sql)
        except duckdb.Error as error:
            complaint = Complaint.of(error, _EXPLAIN + self._sql)
            raise _UnboundError(self._explained(catalog, complaint)) from error

    def _check_time(self, plan: MetricPlan) -> None:
        name = self.placed.metric.time_column
        if name is None:
            return
        types = [one.type for one in plan.columns if one.name == name]
        if len(types) == 1 and types[0] in _TIMES:
            return
        raise _UnboundError(
            self._says(
                f"time_column '{name}' must be one column of its result, of a day or a time",
                where=self.placed.where("time_column"),
                found=", ".join(types) or "no such column",
                remedy=None if types else did_you_mean(name, [one.name for one in plan.columns]),
            )
        )

    def _check_length(self, plan: MetricPlan) -> None:
        """One metric that no laptop reads would take all others of the list with it."""
        try:
            metrics_from_json(metrics_to_json([self._metric(plan)]), where="")
        except PublishError as error:
            text = self._says("it cannot be written down", found=error.found)
            raise _UnboundError(text) from error

    def _metric(self, plan: MetricPlan) -> Metric:
        declared = {**self.placed.metric.model_dump(), "sql": self._sql}
        return Metric(**declared, columns=plan.columns)

    def _explained(self, catalog: TableCatalog, complaint: Complaint) -> str:
        where = self.placed.where_in_sql(complaint.line)
        if complaint.table is not None:
            remedy = self._nearest_table(catalog, complaint.table)
            return self._says(f"there is no table '{complaint.table}'", where=where, remedy=remedy)
        if complaint.column is not None:
            columns = catalog.columns_named(self._sql)
            views = ", ".join(columns)
            return self._says(
                f"there is no column '{complaint.column}'" + (f" in {views}" if views else ""),
                where=where,
                remedy=did_you_mean(complaint.column, chain(*columns.values())),
            )
        return self._says("DuckDB does not take its SQL", where=where, found=complaint.message)

    def _nearest_table(self, catalog: TableCatalog, name: str) -> str | None:
        views = self.whole.view_names
        same = sorted(
            views[entry.path] for entry in self.whole.tables if entry.name.lower() == name.lower()
        )
        if len(same) > 1:
            return f"Several tables have this name: write {' or '.join(same)}."
        if same:
            return "It has not been loaded; `broker status` says why."
        return did_you_mean(name, catalog.views)

    def _otherwise_called(self, catalog: TableCatalog, words: str) -> str:
        binding, _ = self._bindings[0]
        theirs = {one: name for name, one in catalog.views.items()}
        other = [(name, theirs[one]) for name, one in binding.items() if theirs[one] != name]
        return self._says(
            f"readers of {words} do not get it",
            expected="the same name of each table for all of its readers",
            found=", ".join(f"{name}, which they have as {other}" for name, other in other),
            remedy="Give the table a name that no other table has.",
            is_published=True,
        )

    def _says(
        self,
        problem: str,
        *,
        where: str | None = None,
        expected: str | None = None,
        found: str | None = None,
        remedy: str | None = None,
        is_published: bool = False,
    ) -> str:
        name = f"metric {self.placed.metric.name}"
        message = f"{name}: {problem}" if is_published else f"{name} is not published: {problem}"
        place = where or self.placed.where("sql")
        return str(
            PublishError(message, where=place, expected=expected, found=found, remedy=remedy)
        )
