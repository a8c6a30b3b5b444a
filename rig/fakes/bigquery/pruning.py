"""What a query would read, by its parsed tree: which columns, and which partitions. Pure."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from .errors import ApiError

__all__ = ["columns", "only_about", "parsed", "tables", "text"]

Tree = dict[str, Any]


def parsed(answer: str) -> Tree:
    """The tree out of ``json_serialize_sql``; raises ``ApiError`` for what is not a SELECT."""
    tree: Tree = json.loads(answer)
    if tree["error"] and tree["error_type"] == "not implemented":
        raise ApiError(501, "notImplemented", "The stand-in knows SELECT, and no other statement.")
    if tree["error"]:
        raise ApiError(400, "invalidQuery", f"Syntax error: {tree['error_message']}")
    return tree


def text(tree: Mapping[str, Any]) -> str:
    """For ``json_deserialize_sql``."""
    return json.dumps(tree)


def tables(tree: Tree) -> list[tuple[str, ...]]:
    """The paths of the tables that are read: dataset and table, or a project before them.

    Raises ``ApiError`` for a table without a dataset.
    """
    paths = [
        tuple(node["qualified_name"]["path"])
        for node in _nodes(tree)
        if node.get("type") == "BASE_TABLE"
    ]
    for path in paths:
        if len(path) < len(("dataset", "table")):
            message = f'Table "{path[-1]}" must be qualified with a dataset (e.g. dataset.table).'
            raise ApiError(400, "invalid", message)
    return paths


def columns(tree: Tree, names: Sequence[str]) -> set[str]:
    """Those of ``names`` that the query mentions; all of them for a star."""
    if any(node.get("class") == "STAR" for node in _nodes(tree)):
        return set(names)
    used = {node["column_names"][-1] for node in _nodes(tree) if "column_names" in node}
    return used & set(names)


def only_about(tree: Tree, column: str | None) -> Tree | None:
    """The query with nothing left of its condition but what is about the partitioning column."""
    node = tree["statements"][0]["node"]
    condition = node.get("where_clause")
    if column is None or condition is None:
        return None
    parts = condition["children"] if condition["type"] == "CONJUNCTION_AND" else [condition]
    about = [part for part in parts if _mentioned(part) == {column}]
    if not about:
        return None
    kept = copy.deepcopy(tree)
    kept["statements"][0]["node"]["where_clause"] = (
        {**condition, "type": "CONJUNCTION_AND", "class": "CONJUNCTION", "children": about}
        if len(about) > 1
        else about[0]
    )
    return kept


def _mentioned(tree: Any) -> set[str]:
    return {node["column_names"][-1] for node in _nodes(tree) if "column_names" in node}


def _nodes(tree: Any) -> Iterator[Mapping[str, Any]]:
    if isinstance(tree, Mapping):
        yield tree
        for value in tree.values():
            yield from _nodes(value)
    elif isinstance(tree, list):
        for value in tree:
            yield from _nodes(value)
