"""A query bound to empty tables that have the columns of the real ones, without opening a file."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ...errors import LaptopError
from ...manifest import TableEntry
from ...tables.session import identifier
from ...view_sql import typed_columns
from .connection import locked
from .limits import QueryLimits
from .syntax import SelectStatement

__all__ = ["QueryPlan", "bind"]

# Without these an empty table would vanish from the plan, and with it what is asked of it.
_SETTINGS = """\
SET disabled_optimizers = 'statistics_propagation,empty_result_pullup,join_order';
SET explain_output = 'all';
CREATE SCHEMA shapes;
"""
_SHAPE = "memory.shapes.t"


@dataclass(frozen=True, slots=True)
class QueryPlan:
    """``tables`` are the views that are read; ``conditions`` the text of what each scan filters.

    A view that is read twice has two conditions.
    """

    tables: tuple[str, ...]
    conditions: tuple[tuple[str, str], ...]


def bind(
    statement: SelectStatement,
    parameters: Mapping[str, Any],
    views: Mapping[str, TableEntry],
    limits: QueryLimits,
    state: Path,
    *,
    macros: Iterable[str] = (),
) -> QueryPlan:
    """Bind it; raises ``duckdb.Error`` where a name or a type does not fit.

    Raises ``LaptopError`` for a plan that is too deep.

    ``macros`` is the SQL of those that it calls, above some of the views.
    """
    names = list(views)
    setup = [_SETTINGS, *_shapes(views), *macros]
    with locked(limits, state, setup=setup) as connection:
        sql = f"EXPLAIN (FORMAT json) {statement.select}"
        rows = connection.execute(sql, dict(parameters) or None).fetchall()
    try:
        plans = {kind: json.loads(text) for kind, text in rows}
    except RecursionError as error:
        raise LaptopError(
            "the query has too many steps above each other",
            remedy="Take it apart: fewer subqueries and WITH queries, one above the other.",
        ) from error
    read = {names[number] for number, _ in _scans(plans["logical_plan"])}
    conditions = [(names[number], text) for number, text in _scans(plans["physical_plan"])]
    return QueryPlan(tuple(sorted(read)), tuple(conditions))


def _shapes(views: Mapping[str, TableEntry]) -> Iterator[str]:
    for number, (view, entry) in enumerate(views.items()):
        columns = ", ".join(f"{name} {kind}" for name, kind in typed_columns(entry))
        yield f"CREATE TABLE shapes.t{number} ({columns})"
        yield f"CREATE VIEW {identifier(view)} AS FROM shapes.t{number}"


def _scans(plan: list[dict[str, Any]]) -> Iterator[tuple[int, str]]:
    """The number of the table of each scan, and the conditions on its rows: its own and those
    of the operators right above it that only filter and project."""
    left = [(node, "") for node in plan]
    while left:
        node, above = left.pop()
        facts = node["extra_info"]
        here = " ".join(_texts(facts.get("Filters")) + _texts(facts.get("Expression")))
        if facts.get("Table", "").startswith(_SHAPE):
            yield int(facts["Table"].removeprefix(_SHAPE)), f"{above} {here}".strip()
        passes = node["name"].strip() in ("FILTER", "PROJECTION")
        below = f"{above} {here}" if passes and node["name"].strip() == "FILTER" else above
        left += [(child, below if passes else "") for child in node["children"]]


def _texts(value: Any) -> list[str]:
    if value is None:
        return []
    return [str(one) for one in value] if isinstance(value, list) else [str(value)]
