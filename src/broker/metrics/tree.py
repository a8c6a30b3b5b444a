"""SQL and plans of DuckDB as trees of JSON."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import duckdb

__all__ = ["TreeError", "named", "nodes", "own_names", "scanned", "tree", "unused"]


class TreeError(Exception):
    """DuckDB cannot take the SQL apart."""


def tree(connection: duckdb.DuckDBPyConnection, sql: str) -> Any:
    """SQL taken apart, and not bound: it may name what does not exist. Raises ``TreeError``."""
    (text,) = connection.execute("SELECT json_serialize_sql(?)", [sql]).fetchall()[0]
    found = json.loads(text)
    if found["error"]:
        raise TreeError(str(found.get("error_message")))
    return found


def nodes(root: Any) -> Iterator[dict[str, Any]]:
    """Every object of a tree, each before those in it."""
    stack = [root]
    while stack:
        node = stack.pop()
        if isinstance(node, dict):
            yield node
        inner = node.values() if isinstance(node, dict) else node
        stack += [one for one in inner if isinstance(one, dict | list)]


def named(root: Any) -> set[str]:
    """What stands in a FROM, in small letters: tables, views and WITH queries."""
    found = (node for node in nodes(root) if node.get("type") == "BASE_TABLE")
    return {str(node["table_name"]).lower() for node in found}


def own_names(root: Any) -> set[str]:
    """The names of WITH queries, in small letters."""
    maps = ((node.get("cte_map") or {}).get("map") or [] for node in nodes(root))
    return {str(query["key"]).lower() for queries in maps for query in queries}


def unused(root: Any) -> Iterator[str]:
    """WITH queries that nothing uses: DuckDB does not bind them, so what they read is not known."""
    for node in nodes(root):
        queries = (node.get("cte_map") or {}).get("map") or []
        for query in queries:
            others = {**node, "cte_map": [other for other in queries if other is not query]}
            if query["key"].lower() not in named(others):
                yield str(query["key"])


def scanned(plan: Any) -> set[str]:
    """The tables that a plan of EXPLAIN reads."""
    extra = (node.get("extra_info") for node in nodes(plan))
    return {str(one["Table"]) for one in extra if isinstance(one, dict) and "Table" in one}
