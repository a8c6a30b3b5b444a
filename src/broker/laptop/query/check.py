"""What is checked of a query before it meets the data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb

from ...errors import LaptopError
from ...manifest import TableEntry
from .catalog import ViewCatalog
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
    """A query that may be asked. ``views`` are those that it reads, ``notes`` what it costs."""

    statement: SelectStatement
    parameters: Mapping[str, Any] = field(hash=False)
    names: SqlNames
    views: Mapping[str, TableEntry] = field(hash=False)
    notes: tuple[str, ...]


def check(
    sql: str,
    parameters: Mapping[str, Any],
    catalog: ViewCatalog,
    limits: QueryLimits,
    state: Path,
) -> CheckedQuery:
    """Check it from the text to the types; raises ``LaptopError`` with what to write instead."""
    statement = read_statement(sql)
    statement.check_parameters(parameters)
    names = names_in(statement.tree)
    _check_calls(names)
    wanted = catalog.wanted(names)
    plan = _bound(statement, parameters, names, wanted, limits, state)
    return CheckedQuery(
        statement=statement,
        parameters=parameters,
        names=names,
        views=_read(plan, names, wanted),
        notes=large_scans(plan, wanted),
    )


def _check_calls(names: SqlNames) -> None:
    for name in sorted(names.shows):
        raise LaptopError(
            "this form of SHOW is not supported",
            found=name,
            remedy=WHAT_THERE_IS,
        )
    for name in sorted(names.table_functions):
        if not is_table_function(name):
            raise refused_table_function(name)
    for name in sorted(names.functions - names.table_functions):
        if is_refused_function(name):
            raise refused_function(name)


def _bound(
    statement: SelectStatement,
    parameters: Mapping[str, Any],
    names: SqlNames,
    wanted: Mapping[str, TableEntry],
    limits: QueryLimits,
    state: Path,
) -> QueryPlan:
    try:
        return bind(statement, parameters, wanted, limits, state)
    except duckdb.BinderException as error:
        raise LaptopError(
            "the query does not fit the tables",
            found=first_part(error),
            remedy=suggested(str(error), names, wanted),
        ) from error
    except (duckdb.Error, MemoryError) as error:
        raise failure(error, limits) from error


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
