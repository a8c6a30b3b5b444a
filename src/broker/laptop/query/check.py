"""What is checked of a query before it meets the data."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import duckdb

from ...errors import LaptopError
from ...manifest import TableEntry
from ..history.kept_generations import KeptHistory
from .catalog import ViewCatalog
from .earlier import EarlierTables, earlier_tables
from .failures import failure
from .limits import QueryLimits
from .messages import first_part
from .names import SqlNames, names_in
from .notes import large_scans
from .plan import QueryPlan, bind
from .refusals import (
    WHAT_THERE_IS,
    is_refused_function,
    is_table_function,
    refused_function,
    refused_table_function,
)
from .suggestions import suggested
from .syntax import SelectStatement, read_statement

__all__ = ["CheckedQuery", "check"]


@dataclass(frozen=True, slots=True)
class CheckedQuery:
    """A query that may be asked. ``views`` are those that it reads, ``notes`` what it costs.

    ``earlier`` is what it reads of earlier generations, by their macros.
    """

    statement: SelectStatement
    parameters: Mapping[str, Any] = field(hash=False)
    names: SqlNames
    views: Mapping[str, TableEntry] = field(hash=False)
    notes: tuple[str, ...]
    earlier: EarlierTables


def check(
    sql: str,
    parameters: Mapping[str, Any],
    catalog: ViewCatalog,
    limits: QueryLimits,
    state: Path,
    history: Callable[[], KeptHistory] | None = None,
) -> CheckedQuery:
    """Check it from the text to the types; raises ``LaptopError`` with what to write instead.

    ``history`` reads the generations that are kept, where a query may call their macros.
    """
    statement = read_statement(sql)
    statement.check_parameters(parameters)
    names = names_in(statement.tree)
    earlier = _check_calls(names, history)
    wanted = catalog.wanted(names)
    plan = _bound(statement, parameters, names, wanted, earlier, limits, state)
    return CheckedQuery(
        statement=statement,
        parameters=parameters,
        names=names,
        views=_read(plan, names, wanted),
        notes=_notes(plan, wanted, earlier),
        earlier=earlier.read_by(plan.tables),
    )


def _check_calls(names: SqlNames, history: Callable[[], KeptHistory] | None) -> EarlierTables:
    """Refuse what a query may not call; returns what its macros read."""
    for name in sorted(names.shows):
        raise LaptopError(
            "this form of SHOW is not supported",
            found=name,
            remedy=WHAT_THERE_IS,
        )
    others = sorted(name for name in names.table_functions if not is_table_function(name))
    if others and history is None:
        raise refused_table_function(others[0])
    earlier = earlier_tables(others, history()) if others and history else EarlierTables()
    for name in sorted(names.functions - names.table_functions):
        if is_refused_function(name):
            raise refused_function(name)
    return earlier


def _bound(
    statement: SelectStatement,
    parameters: Mapping[str, Any],
    names: SqlNames,
    wanted: Mapping[str, TableEntry],
    earlier: EarlierTables,
    limits: QueryLimits,
    state: Path,
) -> QueryPlan:
    views = {**wanted, **earlier.entries}
    try:
        return bind(statement, parameters, views, limits, state, macros=earlier.macros)
    except duckdb.BinderException as error:
        raise LaptopError(
            "the query does not fit the tables",
            found=first_part(error),
            remedy=suggested(str(error), statement.select, names, {**wanted, **earlier.labelled}),
        ) from error
    except (duckdb.Error, MemoryError) as error:
        raise failure(error, limits) from error


def _notes(
    plan: QueryPlan, wanted: Mapping[str, TableEntry], earlier: EarlierTables
) -> tuple[str, ...]:
    labels = earlier.labels
    conditions = tuple((labels.get(view, view), text) for view, text in plan.conditions)
    views = {**wanted, **earlier.labelled}
    return large_scans(replace(plan, conditions=conditions), views)


def _read(
    plan: QueryPlan, names: SqlNames, wanted: Mapping[str, TableEntry]
) -> dict[str, TableEntry]:
    """The views that the bound plan reads; what SHOW and DESCRIBE are about is in no plan."""
    if names.shows_tables:
        return dict(wanted)
    described = {path[0].lower() for path in names.described}
    return {
        view: entry
        for view, entry in wanted.items()
        if view in plan.tables or view.lower() in described
    }
