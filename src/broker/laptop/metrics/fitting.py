"""Which metric a person, or an agent, is about to compute by hand.

A metric fits a query

- that reads a table of the metric, and calls a column or an alias as the metric or a synonym; or
- that reads the same tables as the metric, and has an aggregate of it over the same columns.

It fits words that have its name or a synonym in them. Where several fit equally well, none does.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from typing import Any

import duckdb

from ...errors import same_name
from ...metrics.model import Metric
from ...metrics.tree import TreeError, named, nodes, own_names, tree

__all__ = ["fitting"]

_LONGEST = 100_000
_NOT_WORDS = re.compile(r"[^\w|]+")
_Aggregate = tuple[str, frozenset[str]]
"""A function, and the columns in its arguments, in small letters."""


def fitting(text: str, metrics: Sequence[Metric]) -> Metric | None:
    """The one metric that fits a SELECT, or words; see above."""
    if not metrics or len(text) > _LONGEST:
        return None
    root = _tree(text)
    if root is None:
        return _best({one: _likeness(one, text) for one in metrics})
    tables = named(root) - own_names(root)
    called = " | ".join(_given_names(root))
    by_name = {
        one: _likeness(one, called) for one in metrics if tables & {*map(str.lower, one.tables)}
    }
    if any(by_name.values()):
        return _best(by_name)
    same = [one for one in metrics if tables == {*map(str.lower, one.tables)}]
    aggregates = _aggregates(root) if same else set()
    return _best({one: _shared(one, aggregates) for one in same})


def _best(scores: Mapping[Metric, int]) -> Metric | None:
    most = max(scores.values(), default=0)
    found = [one for one, score in scores.items() if score == most]
    return found[0] if most and len(found) == 1 else None


def _likeness(metric: Metric, text: str) -> int:
    """How long the longest of its names is that stands in the text as whole words."""
    words = f" {_NOT_WORDS.sub(' ', same_name(text))} "
    names = (f" {same_name(name)} " for name in (metric.name, *metric.synonyms))
    return max((len(name) for name in names if name.strip() and name in words), default=0)


def _shared(metric: Metric, aggregates: set[_Aggregate]) -> int:
    """How many aggregates of the metric a query has.

    Those without a column, such as ``count(*)``, count only for a metric that has no others.
    """
    root = _tree(metric.sql)
    own = set() if root is None else _aggregates(root)
    with_columns = {one for one in own if one[1]}
    return len((with_columns or own) & aggregates)


def _given_names(root: Any) -> Iterator[str]:
    """Columns and aliases, as words."""
    for node in nodes(root):
        if node.get("type") == "COLUMN_REF":
            yield same_name(str(node["column_names"][-1]))
        if node.get("class") and node.get("alias"):  # of an expression, not of a table
            yield same_name(str(node["alias"]))


def _aggregates(root: Any) -> set[_Aggregate]:
    known = _aggregate_functions()
    calls = (
        (
            str(node["function_name"]).lower(),
            _columns(node.get("arguments") or node.get("children")),
        )
        for node in nodes(root)
        if node.get("function_name")
    )
    return {(name, columns) for name, columns in calls if name in known}


def _columns(arguments: Iterable[Any] | None) -> frozenset[str]:
    references = (node for node in nodes(list(arguments or ())) if node.get("type") == "COLUMN_REF")
    return frozenset(str(node["column_names"][-1]).lower() for node in references)


def _tree(text: str) -> Any:
    """The text as SQL, taken apart; None where it is not a SELECT."""
    with _parser().cursor() as connection:
        try:
            return tree(connection, text)
        except (TreeError, duckdb.Error, RecursionError):
            return None


@cache
def _parser() -> duckdb.DuckDBPyConnection:
    return duckdb.connect()


@cache
def _aggregate_functions() -> frozenset[str]:
    query = (
        "SELECT DISTINCT function_name FROM duckdb_functions() WHERE function_type = 'aggregate'"
    )
    with _parser().cursor() as connection:
        return frozenset(str(name).lower() for (name,) in connection.execute(query).fetchall())
