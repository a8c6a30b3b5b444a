"""Which rows and columns of a table an export, a preview or a deletion means, as SQL."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from .clock import Clock
from .errors import ApiError
from .model import Column, Table
from .native import of_native
from .parameters import Parameters, listed

__all__ = ["Selection", "conditions", "quoted", "select"]

STAMP = "_timestamp"
_OPERATORS = {"eq": "=", "ne": "<>", "neq": "<>", "gt": ">", "ge": ">=", "lt": "<", "le": "<="}
_NUMBERS = {"INTEGER": "DECIMAL(38,9)", "BIGINT": "DECIMAL(38,9)", "DECIMAL": "DECIMAL(38,9)"}
_NUMBERS |= {"DOUBLE": "DOUBLE", "REAL": "DOUBLE"}


@dataclass(frozen=True, slots=True)
class Selection:
    """A query with its arguments, and the columns that come out of it."""

    sql: str
    arguments: tuple[Any, ...]
    columns: tuple[Column, ...]


def quoted(name: str) -> str:
    """An identifier."""
    return '"' + name.replace('"', '""') + '"'


def select(table: Table, stored: Table, wanted: Parameters, clock: Clock) -> Selection:
    """What the parameters ask of ``table``, whose rows stand in ``stored`` (itself, or its source).

    Raises ``ApiError`` for what the API refuses.
    """
    columns = _columns(table, wanted)
    where, arguments = conditions(table, wanted, clock)
    if wanted.flag("includeInternalTimestamp"):
        columns = [*columns, Column(STAMP, of_native("TIMESTAMP"))]
    named = ", ".join(quoted(column.name) for column in columns)
    sql = f"SELECT {named} FROM {quoted(stored.id)}"
    sql += f" WHERE {' AND '.join(where)}" if where else ""
    order = _order(table, wanted)
    sql += f" ORDER BY {', '.join(order)}" if order else ""
    limit = wanted.number("limit")
    sql += "" if limit is None else f" LIMIT {limit}"
    return Selection(sql, tuple(arguments), tuple(columns))


def _columns(table: Table, wanted: Parameters) -> list[Column]:
    names = wanted.words("columns") or table.names
    found = [table.column(name) for name in names]
    if None in found:
        raise _no_column(names[found.index(None)], table, "storage.tables.validation")
    return [column for column in found if column is not None]


def _no_column(name: str, table: Table, prefix: str) -> ApiError:
    message = f'Column "{name}" not found in table "{table.id}"'
    return ApiError(400, message, f"{prefix}.columnNotExists")


def conditions(
    table: Table, wanted: Parameters, clock: Clock, prefix: str = "storage.tables.validation"
) -> tuple[list[str], list[Any]]:
    """The WHERE of a request, all parts of which must hold, and its arguments."""
    where: list[str] = []
    arguments: list[Any] = []
    # Since is included and until is not, as keboola/php-storage-driver-bigquery has it.
    for name, operator in (("changedSince", ">="), ("changedUntil", "<")):
        if text := wanted.text(name):
            where.append(f"{quoted(STAMP)} {operator} ?")
            arguments.append(_instant(name, text, clock))
    for number, condition in enumerate([*_filters(wanted), *_alias(table)]):
        sql, values = _compare(table, condition, number, clock, prefix)
        where.append(sql)
        arguments.extend(values)
    return where, arguments


def _alias(table: Table) -> Sequence[Mapping[str, Any]]:
    return table.alias.where if table.alias else ()


def _filters(wanted: Parameters) -> list[Mapping[str, Any]]:
    found: list[Mapping[str, Any]] = list(listed(wanted.get("whereFilters") or []))
    if column := wanted.text("whereColumn"):
        operator = wanted.text("whereOperator") or "eq"
        values = listed(wanted.get("whereValues") or [])
        found.append({"column": column, "operator": operator, "values": values})
    return found


def _invalid(number: int, field: str, reason: str) -> ApiError:
    message = f'Invalid request:\n - whereFilters[{number}][{field}]: "{reason}"'
    errors = [{"key": f"whereFilters[{number}][{field}]", "message": reason}]
    return ApiError(400, message, "storage.tables.validation", errors=errors)


def _compare(
    table: Table, condition: Any, number: int, clock: Clock, prefix: str
) -> tuple[str, list[Any]]:
    if not isinstance(condition, Mapping) or not condition.get("column"):
        raise _invalid(number, "column", "This field is missing.")
    if "values" not in condition:
        raise _invalid(number, "values", "This field is missing.")
    operator = str(condition.get("operator") or "eq")
    if operator not in _OPERATORS:
        raise _invalid(number, "operator", "The value you selected is not a valid choice.")
    values = [str(value) for value in listed(condition["values"])]
    if not values or (len(values) > 1 and operator not in {"eq", "ne", "neq"}):
        raise _invalid(number, "values", "This collection should contain exactly 1 element.")
    column = table.column(str(condition["column"]))
    if column is None:
        raise _no_column(str(condition["column"]), table, prefix)
    kind, arguments = _kind(column, condition, number, values, clock)
    left = (
        quoted(column.name)
        if kind == column.type.sql
        else f"TRY_CAST({quoted(column.name)} AS {kind})"
    )
    if len(values) == 1:
        return f"{left} {_OPERATORS[operator]} CAST(? AS {kind})", arguments
    inside = ", ".join(f"CAST(? AS {kind})" for _ in values)
    return f"{left} {'IN' if operator == 'eq' else 'NOT IN'} ({inside})", arguments


def _kind(
    column: Column, condition: Mapping[str, Any], number: int, values: list[str], clock: Clock
) -> tuple[str, list[Any]]:
    """The type in which a column and values are compared, and the values."""
    if condition.get("type") == "TIME_STRING":
        if condition.get("dataType"):
            raise _invalid(number, "dataType", "This value should be blank.")
        return "TIMESTAMP", [_instant("whereFilters", value, clock) for value in values]
    data_type = condition.get("dataType")
    if data_type and str(data_type).upper() not in _NUMBERS:
        raise _invalid(number, "dataType", "The value you selected is not a valid choice.")
    return _NUMBERS[str(data_type).upper()] if data_type else column.type.sql, [*values]


def _instant(name: str, text: str, clock: Clock) -> datetime:
    try:
        return clock.parse(text).astimezone(UTC).replace(tzinfo=None)
    except (ValueError, OverflowError):
        message = f'Invalid request:\n - {name}: "Invalid date format"'
        raise ApiError(400, message, "storage.validation") from None


def _order(table: Table, wanted: Parameters) -> list[str]:
    found = []
    for number, item in enumerate(listed(wanted.get("orderBy") or [])):
        column = table.column(str(item.get("column")))
        if column is None:
            raise _no_column(str(item.get("column")), table, "storage.tables.validation")
        direction = str(item.get("order") or "ASC").upper()
        if direction not in {"ASC", "DESC"}:
            raise _invalid(number, "order", "The value you selected is not a valid choice.")
        kind = _NUMBERS.get(str(item.get("dataType") or "").upper(), column.type.sql)
        found.append(f"TRY_CAST({quoted(column.name)} AS {kind}) {direction}")
    return found
