"""SQL and plans of DuckDB as trees of JSON."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import duckdb

__all__ = [
    "TreeError",
    "functions_in_from",
    "kind_of",
    "named",
    "nodes",
    "own_names",
    "qualified",
    "scanned",
    "tree",
    "unused",
    "writing",
]


_DEEPEST = 100
_READING = frozenset({"SELECT_NODE", "SET_OPERATION_NODE", "RECURSIVE_CTE_NODE", "CTE_NODE"})


class TreeError(Exception):
    """DuckDB cannot take the SQL apart."""


def kind_of(statement: duckdb.Statement) -> str:
    """Such as ``SELECT``; DuckDB's library for Python does not know all kinds that it parses."""
    try:
        return str(statement.type.name)
    except ValueError:
        return "another statement"


def check_depth(sql: str) -> None:
    """Raises ``TreeError`` for deep brackets: DuckDB needs minutes to parse thousands of them."""
    content, depth = sql.encode(), 0
    for start, kind in duckdb.tokenize(sql):
        if kind is duckdb.token_type.operator:
            mark = content[start : start + 1]
            depth += (mark in b"([{") - (mark in b")]}")
            if depth > _DEEPEST:
                raise TreeError(f"brackets are nested more than {_DEEPEST} times")


def tree(connection: duckdb.DuckDBPyConnection, sql: str) -> Any:
    """SQL taken apart, and not bound: it may name what does not exist. Raises ``TreeError``."""
    check_depth(sql)
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


def qualified(root: Any) -> Iterator[str]:
    """Tables that are named with a schema or a database."""
    for node in nodes(root):
        parts = [
            str(node.get(part) or "") for part in ("catalog_name", "schema_name", "table_name")
        ]
        if node.get("type") == "BASE_TABLE" and any(parts[:2]):
            yield ".".join(part for part in parts if part)


def functions_in_from(root: Any) -> Iterator[str]:
    """Functions that stand for a table, in small letters."""
    for node in nodes(root):
        if node.get("type") == "TABLE_FUNCTION":
            yield str(node["function"]["function_name"]).lower()


def writing(root: Any) -> Iterator[str]:
    """What is not a SELECT, such as ``COPY``: DuckDB takes statements that write for WITH queries,
    and calls the whole a SELECT."""
    for node in nodes(root):
        kind = str(node.get("type", ""))
        if kind.endswith("_NODE") and kind not in _READING:
            yield kind.removesuffix("_NODE").removesuffix("_QUERY")


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
