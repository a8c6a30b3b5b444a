"""Whether a metric may answer otherwise while its tables stand still: by the time, or by chance."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from .select import parser
from .tree import nodes, tree

__all__ = ["is_moving"]

# What SQL writes without brackets: DuckDB's parser takes them for names of columns.
_KEYWORDS = frozenset(
    {"current_date", "current_time", "current_timestamp", "localtime", "localtimestamp"}
)
_OF_TODAY = "age()"  # with one argument: up to today
# Of these duckdb_functions() says that they are consistent, and of aggregates nothing at all.
_UNDECLARED = frozenset(
    {"current_localtime", "current_localtimestamp", "reservoir_quantile", _OF_TODAY}
)
_WITHOUT_ANSWER = frozenset({"error"})


def is_moving(sql: str) -> bool:
    """Whether a SELECT names what DuckDB does not call consistent, such as ``now()``, or a sample.

    A column that is called as such a keyword counts too: then a metric is only asked more often.
    """
    functions, macros = _known()
    left, seen = [sql], set[str]()
    while left:
        with parser() as connection:
            root = tree(connection, left.pop())
        if any(_is_sample(node) for node in nodes(root)):
            return True
        named = {name for node in nodes(root) for name in _names(node)}
        if named & functions:
            return True
        left += [text for name in (named & macros.keys()) - seen for text in macros[name]]
        seen |= named
    return False


def _names(node: Mapping[str, Any]) -> Iterator[str]:
    """The functions that a node may stand for, in small letters."""
    kind = node.get("class")
    if kind == "FUNCTION":
        name = str(node["function_name"]).lower()
        yield _OF_TODAY if name == "age" and len(node["arguments"]) == 1 else name
    elif kind == "COLUMN_REF" and len(node["column_names"]) == 1:
        yield str(node["column_names"][0]).lower()


def _is_sample(node: Mapping[str, Any]) -> bool:
    """A sample of rows without REPEATABLE is another one each time."""
    sample = node.get("sample")
    return isinstance(sample, dict) and not sample.get("repeatable")


@cache
def _known() -> tuple[frozenset[str], Mapping[str, list[str]]]:
    """What moves, and macros as a SELECT of their text, by their names in small letters."""
    with parser() as connection:
        rows = connection.execute(
            "SELECT lower(function_name), stability, macro_definition FROM duckdb_functions() "
            "WHERE function_type IN ('scalar', 'macro')"
        ).fetchall()
    moving = {name for name, stability, _ in rows if stability not in (None, "CONSISTENT")}
    macros: dict[str, list[str]] = {}
    for name, _, text in rows:
        if text:
            macros.setdefault(name, []).append(f"SELECT {text}")
    return frozenset((moving | _KEYWORDS | _UNDECLARED) - _WITHOUT_ANSWER), macros
