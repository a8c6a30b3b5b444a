"""Whether a text is one SELECT that can stand inside of another; nothing is bound or run."""

from __future__ import annotations

from functools import cache

import duckdb

from .complaint import Complaint
from .tree import TreeError, named, own_names, tree, unused

__all__ = ["SelectError", "names_in", "one_select"]


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
    with _parser().cursor() as connection:
        statements = _parsed(connection, bare)
        if len(statements) != 1:
            raise SelectError(f"{len(statements)} statements" if statements else "nothing")
        kind = statements[0].type
        if kind is not duckdb.StatementType.SELECT:
            raise SelectError("PIVOT without a list" if kind.name == "MULTI" else kind.name)
        if statements[0].named_parameters:
            raise SelectError("a parameter ($ or ?), which has no value")
        _parsed(connection, f"FROM (\n{bare}\n)", above=1)
        try:
            alone = [*unused(tree(connection, bare))]
        except TreeError as error:
            raise SelectError(f"SQL that DuckDB cannot take apart: {error}") from error
    if alone:
        raise SelectError(f"the WITH query {alone[0]}, which nothing uses")
    return bare


def names_in(sql: str) -> set[str]:
    """What a SELECT names in FROM and does not make itself, in small letters."""
    with _parser().cursor() as connection:
        root = tree(connection, sql)
    return named(root) - own_names(root)


@cache
def _parser() -> duckdb.DuckDBPyConnection:
    """A database for nothing but parsing: to make one takes longer than that."""
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
