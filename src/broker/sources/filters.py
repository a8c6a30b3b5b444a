"""Which rows are wanted: ``where_filters``, ``row_filter`` and a window, as one SQL condition."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal, InvalidOperation
from functools import cache
from typing import Any

import duckdb
import pyarrow as pa

from ..config.problems import did_you_mean
from ..errors import ConfigError, SourceError
from .contract import TableRequest, Window

__all__ = ["RowFilter", "condition"]

_COMPARISONS = {"gt": ">", "ge": ">=", "lt": "<", "le": "<="}
_MEMBERSHIPS = {"eq": True, "in": True, "ne": False, "notIn": False}
_EXACT = "DECIMAL(38,18)"  # whole int64 and 18 decimals; beyond it numbers compare as DOUBLE


class RowFilter:
    """Keeps the rows for which a condition holds. Nothing it says can reach a file."""

    def __init__(self, condition: str, schema: pa.Schema, table_id: str) -> None:
        """Raises ``ConfigError`` when the condition does not fit the columns of ``schema``."""
        self._condition = condition
        self._table_id = table_id
        try:
            self.apply(schema.empty_table())
        except (duckdb.BinderException, duckdb.CatalogException, duckdb.ParserException) as error:
            raise ConfigError(
                f"row_filter is invalid: {str(error).splitlines()[0]}",
                where=f"table {table_id}",
            ) from error

    def apply(self, table: pa.Table) -> pa.Table:
        """The rows that are wanted, in their order. Raises ``SourceError``, naming no value."""
        return table.take(self.kept(table))

    def kept(self, table: pa.Table) -> pa.Array:
        """The places of the rows that are wanted, from 0 and ascending."""
        place = "_" * (1 + max(map(len, table.column_names)))  # no column has that name
        rows = table.append_column(place, pa.arange(0, table.num_rows))
        try:
            wanted = _database().cursor().from_arrow(rows).filter(self._condition).project(place)
            return wanted.to_arrow_table().column(0).combine_chunks()
        except (duckdb.ConversionException, duckdb.OutOfRangeException) as error:
            raise SourceError(
                "row_filter meets a value that it cannot convert",
                where=f"table {self._table_id}",
                remedy="All columns are text here; use TRY_CAST where a value may not fit.",
            ) from error


@cache
def _database() -> duckdb.DuckDBPyConnection:
    """One for the process, without access to anything, as opening one costs up to 50 ms."""
    connection = duckdb.connect(config={"enable_external_access": "false"})
    connection.execute("SET GLOBAL TimeZone = 'UTC'")
    connection.execute("SET lock_configuration = true")
    return connection


def condition(table: TableRequest, window: Window, names: tuple[str, ...]) -> str | None:
    """The condition of a request and a window; None when every row is wanted.

    Raises ``ConfigError`` when it names a column that is not in ``names``.
    """
    where = f"table {table.id}"
    parts = [_where_filter(one, names, where) for one in table.where_filters]
    if table.row_filter is not None:
        parts.append(_row_filter(table.row_filter, where))
    if window.column is not None and (window.since or window.until):
        parts.append(_in_window(window, _known(window.column, names, where)))
    return " AND ".join(f"({part}\n)" for part in parts) or None


def _known(column: str, names: tuple[str, ...], where: str) -> str:
    if column not in names:
        raise ConfigError(
            f"there is no column '{column}'", where=where, remedy=did_you_mean(column, names)
        )
    return '"' + column.replace('"', '""') + '"'


def _in_window(window: Window, column: str) -> str:
    """Rows without a readable instant belong to every window that has no end."""
    instant = f"TRY_CAST({column} AS TIMESTAMPTZ)"
    bounds = []
    if window.since:
        bounds.append(f"{instant} >= {_instant(window.since)}")
    if window.until:
        bounds.append(f"{instant} < {_instant(window.until)}")
    inside = " AND ".join(bounds)
    return inside if window.until else f"{inside} OR {instant} IS NULL"


def _instant(moment: datetime) -> str:
    return f"TIMESTAMPTZ '{moment.isoformat()}'"


def _where_filter(declared: Mapping[str, Any], names: tuple[str, ...], where: str) -> str:
    """NULL is not equal to anything: ``ne`` and ``notIn`` keep it, all others drop it."""
    column = _known(str(declared["column"]), names, where)
    operator = str(declared.get("operator", "eq"))
    values = [str(value) for value in declared["values"]]
    if operator in _MEMBERSHIPS:
        equal = " OR ".join(_compared(column, "=", value) for value in values)
        is_wanted = "true" if _MEMBERSHIPS[operator] else "false"
        return f"coalesce({equal}, false) = {is_wanted}"
    if operator not in _COMPARISONS or len(values) != 1:
        raise ConfigError(
            f"where_filters cannot use operator '{operator}' like that",
            where=where,
            expected="eq, ne, in, notIn with values; gt, ge, lt, le with one value",
        )
    return _compared(column, _COMPARISONS[operator], values[0])


def _compared(column: str, operator: str, value: str) -> str:
    """As numbers where both are, else as text, by code point."""
    text = f"{column} {operator} '" + value.replace("'", "''") + "'"
    if not _is_number(value):
        return text
    exact, rough = f"TRY_CAST({column} AS {_EXACT})", f"TRY_CAST({column} AS DOUBLE)"
    return (
        f"CASE WHEN {exact} {operator} TRY_CAST('{value}' AS {_EXACT}) IS NOT NULL"
        f" THEN {exact} {operator} TRY_CAST('{value}' AS {_EXACT})"
        f" WHEN isfinite({rough}) THEN {rough} {operator} CAST('{value}' AS DOUBLE)"
        f" ELSE {text} END"
    )


def _is_number(value: str) -> bool:
    try:
        return Decimal(value).is_finite() and value.strip() == value and "_" not in value
    except InvalidOperation:
        return False


def _row_filter(expression: str, where: str) -> str:
    """The operator's own SQL, as long as it is one condition on one row."""
    query = f"SELECT 1 FROM t WHERE ({expression}\n)"  # noqa: S608 - parsed here, not executed
    parsed = json.loads(
        _database().cursor().execute("SELECT json_serialize_sql(?)", [query]).fetchall()[0][0]
    )
    if parsed["error"]:
        raise ConfigError(
            f"row_filter cannot be parsed: {parsed['error_message'].splitlines()[0]}", where=where
        )
    statements = [one["node"] for one in parsed["statements"]]
    if len(statements) != 1 or not _is_plain(statements[0]):
        raise ConfigError(
            "row_filter must be one condition on the columns of a row, without subqueries",
            where=where,
        )
    return expression


def _is_plain(node: Mapping[str, Any]) -> bool:
    is_one_select = node["type"] == "SELECT_NODE" and not node["modifiers"]
    return is_one_select and '"SUBQUERY"' not in json.dumps(node["where_clause"])
