"""Whether a text is one SELECT that can stand inside of another; nothing is bound or run."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any

import duckdb

from .complaint import Complaint
from .tree import (
    TreeError,
    check_depth,
    functions_in_from,
    kind_of,
    named,
    nodes,
    own_names,
    qualified,
    tree,
    unused,
    writing,
)

__all__ = ["IN_FROM", "SelectError", "names_in", "one_select", "parser"]

IN_FROM = frozenset({"generate_series", "json_each", "json_tree", "range", "unnest"})
"""Functions that may stand for a table."""


class SelectError(Exception):
    """It is not. ``line`` of the text is counted from 1; ``found`` says what is there instead."""

    def __init__(self, found: str, line: int = 1) -> None:
        """Both as above."""
        super().__init__(found)
        self.found = found
        self.line = line


def one_select(sql: str) -> str:
    """The text without blanks and ``;`` at its end; raises ``SelectError``."""
    bare = sql.rstrip().rstrip(";").rstrip()
    try:
        check_depth(bare)
    except TreeError as error:
        raise SelectError(str(error)) from error
    with parser() as connection:
        statements = _parsed(connection, bare)
        if len(statements) != 1:
            raise SelectError(f"{len(statements)} statements" if statements else "nothing")
        kind = kind_of(statements[0])
        if kind != "SELECT":
            raise SelectError("PIVOT without a list" if kind == "MULTI" else kind)
        if statements[0].named_parameters:
            raise SelectError("a parameter ($ or ?), which has no value")
        _parsed(connection, f"FROM (\n{bare}\n)", above=1)
        try:
            root = tree(connection, bare)
        except TreeError as error:
            raise SelectError(f"SQL that DuckDB cannot take apart: {error}") from error
    for found in _refused(root):
        raise SelectError(found)
    return bare


def _refused(root: Any) -> Iterator[str]:
    """What a laptop would not ask, or what would not show what it reads."""
    for kind in writing(root):
        yield f"{kind} in a WITH query"
    for name in qualified(root):
        yield f"{name}, a table with a schema before its name"
    for name in functions_in_from(root):
        if name not in IN_FROM:
            yield f"{name}() in FROM, where {', '.join(sorted(IN_FROM))} and tables may stand"
    if any(node.get("type") == "SHOW_REF" for node in nodes(root)):
        yield "SHOW, DESCRIBE or SUMMARIZE"
    for name in unused(root):
        yield f"the WITH query {name}, which nothing uses"


def names_in(sql: str) -> set[str]:
    """What a SELECT names in FROM and does not make itself, in small letters."""
    with parser() as connection:
        root = tree(connection, sql)
    return named(root) - own_names(root)


def parser() -> duckdb.DuckDBPyConnection:
    """A connection for nothing but parsing, to close after use."""
    return _database().cursor()


@cache
def _database() -> duckdb.DuckDBPyConnection:
    """To make one takes longer than to parse."""
    connection = duckdb.connect()
    connection.execute(
        "SET GLOBAL errors_as_json = true; SET GLOBAL enable_external_access = false"
    )
    return connection


def _parsed(
    connection: duckdb.DuckDBPyConnection, sql: str, above: int = 0
) -> list[duckdb.Statement]:
    """The statements; so many lines stand ``above`` the text of the metric."""
    try:
        return connection.extract_statements(sql)
    except duckdb.Error as error:
        complaint = Complaint.of(error, sql)
        raise SelectError(complaint.message, complaint.line - above) from error
