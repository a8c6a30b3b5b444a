"""What a parsed query names: tables, functions, aliases. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

__all__ = ["SqlNames", "names_in"]

_TABLES = '"tables"'  # SHOW TABLES, as the parser writes it
_CLOCKS = frozenset(
    {"current_date", "current_time", "current_timestamp", "localtime", "localtimestamp"}
)


@dataclass(frozen=True, slots=True)
class SqlNames:
    """``tables`` are paths as written, a name after its schema; ``local`` the names of WITH.

    ``aliases`` leads from a name in lower case to the table that it stands for. ``shows_tables``
    is SHOW TABLES; ``shows`` are its other forms, ``described`` the tables that DESCRIBE is about.
    """

    tables: frozenset[tuple[str, ...]]
    local: frozenset[str]
    aliases: Mapping[str, str] = field(hash=False)
    functions: frozenset[str]
    table_functions: frozenset[str]
    shows_tables: bool
    shows: frozenset[str]
    described: frozenset[tuple[str, ...]]
    is_ordered: bool
    is_sampled: bool


def names_in(tree: Mapping[str, Any]) -> SqlNames:
    """Collect them from the tree of one SELECT."""
    nodes = list(_nodes(tree))
    tables = {_path(node) for node in nodes if node.get("type") == "BASE_TABLE"}
    shown = [node for node in nodes if node.get("type") == "SHOW_REF"]
    tables |= {(node["table_name"],) for node in shown if node.get("show_type") == "SHOW"}
    special = {_special(node) for node in shown if node.get("show_type", "").startswith("SHOW_")}
    return SqlNames(
        tables=frozenset(tables),
        local=frozenset(_local(nodes)),
        aliases=_aliases(nodes),
        functions=frozenset(_functions(nodes)),
        table_functions=frozenset(_table_functions(nodes)),
        shows_tables=_TABLES in special,
        shows=frozenset(special - {_TABLES}),
        described=frozenset(_described(shown)),
        is_ordered=_is_ordered(tree.get("node", {})),
        is_sampled=any("sample" in node for node in nodes),
    )


def _nodes(tree: Any) -> Iterator[Mapping[str, Any]]:
    """Each object of the tree, however deep."""
    left = [tree]
    while left:
        one = left.pop()
        if isinstance(one, Mapping):
            yield one
            left += one.values()
        elif isinstance(one, list):
            left += one


def _path(node: Mapping[str, Any]) -> tuple[str, ...]:
    parts = (node.get(part, "") for part in ("catalog_name", "schema_name", "table_name"))
    return tuple(part for part in parts if part)


def _described(shown: list[Mapping[str, Any]]) -> Iterator[tuple[str, ...]]:
    for node in shown:
        if node.get("show_type") == "SHOW":
            yield (node["table_name"],)
        for inner in _nodes(node.get("query")):
            if inner.get("type") == "BASE_TABLE":
                yield _path(inner)


def _special(node: Mapping[str, Any]) -> str:
    return str(node.get("table_name") or node.get("schema_name") or node.get("show_type"))


def _local(nodes: list[Mapping[str, Any]]) -> Iterator[str]:
    for node in nodes:
        for one in node.get("cte_map", {}).get("map", []):
            yield one["key"].lower()
        if node.get("type") == "RECURSIVE_CTE_NODE":
            yield str(node.get("cte_name", "")).lower()


def _aliases(nodes: list[Mapping[str, Any]]) -> dict[str, str]:
    found = {}
    for node in nodes:
        if node.get("type") == "BASE_TABLE":
            name = node["table_name"]
            found[(node.get("alias") or name).lower()] = name
    return found


def _functions(nodes: list[Mapping[str, Any]]) -> Iterator[str]:
    """Functions that are called; some are written as columns (``current_date``)."""
    for node in nodes:
        if name := node.get("function_name"):
            yield name.lower()
        if node.get("type") == "COLUMN_REF" and len(node["column_names"]) == 1:
            name = node["column_names"][0].lower()
            if name in _CLOCKS:
                yield name


def _table_functions(nodes: list[Mapping[str, Any]]) -> Iterator[str]:
    for node in nodes:
        if node.get("type") == "TABLE_FUNCTION":
            yield node.get("function", {}).get("function_name", "").lower()


def _is_ordered(node: Mapping[str, Any]) -> bool:
    """Whether the outermost SELECT says in which order its rows come."""
    return any(
        one.get("type") == "ORDER_MODIFIER" and one.get("orders")
        for one in node.get("modifiers", [])
    )
