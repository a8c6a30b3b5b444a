"""Which rows are wanted: ``where_filters``, ``row_filter`` and a window, as one SQL condition."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from math import isfinite
from typing import Any

import duckdb
import pyarrow as pa

from ..config.problems import did_you_mean
from ..errors import ConfigError, SourceError
from ..tables.session import identifier, literal
from ..tables.values.bulk import read
from ..tables.values.digits import by_digits, without_exponent
from ..tables.values.text import pattern, typed
from .contract import TableRequest, Window
from .equality import twin

__all__ = ["Condition", "Part", "RowFilter", "condition"]

_COMPARISONS = {"gt": ">", "ge": ">=", "lt": "<", "le": "<="}
_MEMBERSHIPS = {"eq": True, "in": True, "ne": False, "notIn": False}
_INSTANT, _UNKNOWN = "\x01", "\x02"  # no column of a file begins so
_USUAL = "DECIMAL(38,18)"  # which holds most numbers, and is quick


@dataclass(frozen=True, slots=True)
class Part:
    """One of the conditions that must all hold, in SQL.

    ``columns`` are all that it compares, in lower case; None where it may compare any. ``twin`` is
    a query of a table ``t`` that DuckDB refuses where text would be cast to be compared.
    """

    sql: str
    columns: frozenset[str] | None
    twin: str | None = None

    def compares(self, column: str) -> bool:
        """Whether it may depend on a column."""
        return self.columns is None or column.lower() in self.columns


@dataclass(frozen=True, slots=True)
class Condition:
    """Which rows are wanted: those for which all ``parts`` hold.

    ``times`` are the columns whose instants it compares.
    """

    parts: tuple[Part, ...]
    times: tuple[str, ...] = ()

    def sql(self, unknown: Collection[str] = ()) -> str:
        """The SQL of the rows that may be wanted, where the values of some columns are not known.

        Of such a column there is another one, named by ``_UNKNOWN``, that says in which rows.
        """
        ways = (
            " OR ".join(
                [f"({part.sql}\n)"]
                + [identifier(_UNKNOWN + column) for column in unknown if part.compares(column)]
            )
            for part in self.parts
        )
        return " AND ".join(f"({way})" for way in ways)


class RowFilter:
    """Keeps the rows for which a condition holds. Nothing it says can reach a file."""

    def __init__(self, condition: Condition, schema: pa.Schema, table_id: str) -> None:
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
        self._refuse_casts(schema)

    def _refuse_casts(self, schema: pa.Schema) -> None:
        rows = _database().cursor().from_arrow(schema.empty_table())
        for query in filter(None, (part.twin for part in self._condition.parts)):
            try:
                rows.query("t", query)
            except duckdb.BinderException as error:
                raise ConfigError(
                    "row_filter compares text with a value of another type",
                    where=f"table {self._table_id}",
                    expected="texts on both sides of = and <>, and in IN",
                    found=str(error).splitlines()[0],
                    remedy="All columns are text here: write '1' for 1, or use TRY_CAST.",
                ) from error

    def compares(self, column: str) -> bool:
        """Whether it may depend on a column which rows are wanted."""
        return any(part.compares(column) for part in self._condition.parts)

    def apply(self, table: pa.Table) -> pa.Table:
        """The rows that are wanted, in their order. Raises ``SourceError``, naming no value."""
        return table.take(self.kept(table))

    def kept(
        self, table: pa.Table, unknown: Mapping[str, pa.BooleanArray] | None = None
    ) -> pa.Array:
        """The places of the rows that are wanted, from 0 and ascending.

        Where ``unknown`` says that the value of a column is not known, those of the rows that may
        be wanted: what is compared with other columns holds.
        """
        unknown = unknown or {}
        place = "_" * (1 + max(map(len, table.column_names)))  # no column has that name
        rows = self._timed(table).append_column(place, pa.arange(0, table.num_rows))
        for column, is_unknown in unknown.items():
            rows = rows.append_column(_UNKNOWN + column, is_unknown)
        try:
            wanted = _database().cursor().from_arrow(rows).filter(self._condition.sql(unknown))
            return wanted.project(place).to_arrow_table().column(0).combine_chunks()
        except (duckdb.ConversionException, duckdb.OutOfRangeException) as error:
            raise SourceError(
                "row_filter meets a value that it cannot convert",
                where=f"table {self._table_id}",
                remedy="All columns are text here; use TRY_CAST where a value may not fit.",
            ) from error

    def _timed(self, table: pa.Table) -> pa.Table:
        """The rows with the instants of the columns of times; NULL where there is none."""
        for time in self._condition.times:
            texts = table[time]
            found = read(texts, "TIMESTAMPTZ", strict=False)
            if found is None:
                rows = _database().cursor().from_arrow(pa.table({"v": texts}))
                found = rows.project(typed("v", "TIMESTAMPTZ")).to_arrow_table().column(0)
            table = table.append_column(_INSTANT + time, found)
        return table


@cache
def _database() -> duckdb.DuckDBPyConnection:
    """One for the process, without access to anything, as opening one costs up to 50 ms."""
    connection = duckdb.connect(config={"enable_external_access": "false"})
    connection.execute("SET GLOBAL TimeZone = 'UTC'")
    connection.execute("SET lock_configuration = true")
    return connection


def condition(table: TableRequest, window: Window, names: tuple[str, ...]) -> Condition | None:
    """The condition of a request and a window; None when every row is wanted.

    Raises ``ConfigError`` when it names a column that is not in ``names``.
    """
    where = f"table {table.id}"
    parts = [
        Part(_where_filter(one, names, where), _lower(one["column"])) for one in table.where_filters
    ]
    times = {str(one["column"]) for one in table.where_filters if any(map(_is_time, _values(one)))}
    if table.row_filter is not None:
        parts.append(_row_filter(table.row_filter, where))
    if window.column is not None and (window.since or window.until):
        _known(window.column, names, where)
        parts.append(Part(_in_window(window, window.column), _lower(window.column)))
        times.add(window.column)
    return Condition(tuple(parts), tuple(sorted(times))) if parts else None


def _lower(*names: str) -> frozenset[str]:
    return frozenset(str(name).lower() for name in names)


def _known(column: str, names: tuple[str, ...], where: str) -> str:
    if column not in names:
        raise ConfigError(
            f"there is no column '{column}'", where=where, remedy=did_you_mean(column, names)
        )
    return identifier(column)


def _in_window(window: Window, column: str) -> str:
    """Rows without a readable instant belong to every window that has no end."""
    instant = identifier(_INSTANT + column)
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
    name = str(declared["column"])
    _known(name, names, where)
    operator = str(declared.get("operator", "eq"))
    values = _values(declared)
    if operator in _MEMBERSHIPS:
        equal = " OR ".join(_compared(name, "=", value) for value in values)
        is_wanted = "true" if _MEMBERSHIPS[operator] else "false"
        return f"coalesce({equal}, false) = {is_wanted}"
    if operator not in _COMPARISONS or len(values) != 1:
        raise ConfigError(
            f"where_filters cannot use operator '{operator}' like that",
            where=where,
            expected="eq, ne, in, notIn with values; gt, ge, lt, le with one value",
        )
    return _compared(name, _COMPARISONS[operator], values[0])


def _values(declared: Mapping[str, Any]) -> list[str]:
    return [str(value) for value in declared["values"]]


def _compared(name: str, operator: str, value: str) -> str:
    """As numbers, times or truth values where both are, else as text, by code point.

    Beside one of these, the empty text is NULL.
    """
    column, other = identifier(name), literal(value)
    if _is_number(value):
        number = literal(without_exponent(value))
        # What has an exponent is a double. Two long numbers may be one: equal are their digits.
        is_strict = operator == "="
        double = [typed(one, "DOUBLE", strict=is_strict) for one in (column, number)]
        ways = [
            f" {operator} ".join(typed(one, _USUAL) for one in (column, number)),
            by_digits(column, operator, number),
            f" {operator} ".join(double),
        ]
    elif _is_time(value):
        ways = [f"{identifier(_INSTANT + name)} {operator} {typed(other, 'TIMESTAMPTZ')}"]
    elif value.lower() in ("true", "false"):
        ways = [f"{typed(column, 'BOOLEAN')} {operator} {typed(other, 'BOOLEAN')}"]
    else:
        return f"{column} {operator} {other}"
    return f"coalesce({', '.join(ways)}, nullif({column}, '') {operator} {other})"


def _is_time(value: str) -> bool:
    """Whether it is written as the grammar writes days and times; without a zone it is UTC."""
    return re.fullmatch(pattern("TIMESTAMPTZ", strict=False) or "", value) is not None


def _is_number(value: str) -> bool:
    """Whether the grammar takes it for a number that is not infinite."""
    is_number = re.fullmatch(pattern("DOUBLE", strict=False) or "", value)
    return is_number is not None and isfinite(float(value))


def _row_filter(expression: str, where: str) -> Part:
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
    parsed["statements"][0]["node"] = twin(statements[0])
    strict = _database().cursor().execute("SELECT json_deserialize_sql(?)", [json.dumps(parsed)])
    columns = _columns_of(statements[0]["where_clause"])
    return Part(expression, columns, strict.fetchall()[0][0])


def _columns_of(node: Any) -> frozenset[str] | None:
    """The columns of a parsed expression, in lower case; None where it may be any (``*``)."""
    found = _lower()
    if isinstance(node, dict):
        if node.get("class") in ("STAR", "POSITIONAL_REFERENCE"):
            return None
        found = _lower(*node.get("column_names", ()))
        node = list(node.values())
    for one in node if isinstance(node, list) else ():
        inside = _columns_of(one)
        if inside is None:
            return None
        found |= inside
    return found


def _is_plain(node: Mapping[str, Any]) -> bool:
    is_one_select = node["type"] == "SELECT_NODE" and not node["modifiers"]
    return is_one_select and '"SUBQUERY"' not in json.dumps(node["where_clause"])
