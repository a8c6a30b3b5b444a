"""A request and a window as one SELECT. Pure: values travel as parameters, never as text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from ...config.problems import did_you_mean
from ...errors import ConfigError
from ..contract import TableRequest, Window
from .types import ApiField, kind

__all__ = ["Parameter", "Statement", "quoted", "select"]

# Columns of ingestion time, which no schema lists.
_PSEUDO = {"_PARTITIONTIME": "TIMESTAMP", "_PARTITIONDATE": "DATE"}
_COMPARISONS = {"eq": "=", "gt": ">", "ge": ">=", "lt": "<", "le": "<="}


@dataclass(frozen=True, slots=True)
class Parameter:
    """A value of a statement, of a type of SQL."""

    name: str
    type: str
    value: Any


@dataclass(frozen=True, slots=True)
class Statement:
    """A SELECT with its values."""

    text: str
    parameters: tuple[Parameter, ...] = ()


def quoted(name: str) -> str:
    """A name as SQL may hold it."""
    return "`" + name.replace("\\", "\\\\").replace("`", "\\`") + "`"


def select(
    origin: str,
    fields: Sequence[ApiField],
    request: TableRequest,
    window: Window,
    columns: Sequence[str] = (),
) -> Statement:
    """The rows of ``origin`` (a quoted table, or a query in brackets) that are wanted.

    ``fields`` are all of its columns; ``columns`` are those to read, all if empty. Raises
    ``ConfigError`` when something names a column that is not there or cannot be compared.
    """
    where = f"table {request.id}"
    known = {str(field["name"]): field for field in fields}
    wanted = [_known(name, known, where) for name in columns] or list(fields)
    values = _Values()
    conditions = [_filter(one, known, values, where) for one in request.where_filters]
    if request.row_filter is not None:
        conditions.append(request.row_filter)
    if window.column is not None and (window.since or window.until):
        conditions.append(_in_window(window, window.column, known, values, where))
    text = f"SELECT {', '.join(quoted(str(one['name'])) for one in wanted)}\nFROM {origin}"
    if conditions:
        # A line of its own for the bracket: a condition may end in a comment.
        text += "\nWHERE " + "\n  AND ".join(f"({one}\n  )" for one in conditions)
    return Statement(text, tuple(values.taken))


class _Values:
    """Hands out names for values."""

    def __init__(self) -> None:
        self.taken: list[Parameter] = []

    def add(self, type_: str, value: Any) -> str:
        """Its place in the text."""
        self.taken.append(Parameter(f"p{len(self.taken)}", type_, value))
        return f"@{self.taken[-1].name}"


def _known(name: str, known: Mapping[str, ApiField], where: str) -> ApiField:
    if name not in known:
        raise ConfigError(
            f"there is no column '{name}'", where=where, remedy=did_you_mean(name, known)
        )
    return known[name]


def _filter(
    declared: Mapping[str, Any], known: Mapping[str, ApiField], values: _Values, where: str
) -> str:
    """NULL is not equal to anything: ``ne`` and ``notIn`` keep it, all others drop it."""
    name = str(declared["column"])
    type_ = _type_of(name, known, where)
    operator = str(declared.get("operator", "eq"))
    places = [values.add(type_, _value(one, type_, name, where)) for one in declared["values"]]
    if operator in ("ne", "notIn"):
        return f"{quoted(name)} NOT IN ({', '.join(places)}) OR {quoted(name)} IS NULL"
    if operator == "in" or (operator == "eq" and len(places) != 1):
        return f"{quoted(name)} IN ({', '.join(places)})"
    return f"{quoted(name)} {_COMPARISONS[operator]} {places[0]}"


def _type_of(name: str, known: Mapping[str, ApiField], where: str) -> str:
    return _PSEUDO[name] if name in _PSEUDO else kind(_known(name, known, where))


def _value(text: Any, type_: str, column: str, where: str) -> Any:
    try:
        return _READ[type_](str(text))
    except KeyError:
        raise ConfigError(
            f"where_filters cannot compare '{column}', which is of type {type_}",
            where=where,
            remedy="Write the condition as row_filter.",
        ) from None
    except (ValueError, ArithmeticError):
        raise ConfigError(
            f"where_filters compares '{column}' with something else",
            where=where,
            expected=f"a value of type {type_}",
        ) from None


def _boolean(text: str) -> bool:
    if text.lower() not in ("true", "false", "1", "0"):
        raise ValueError("not a truth value")
    return text.lower() in ("true", "1")


def _instant(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)


def _decimal(text: str) -> Decimal:
    number = Decimal(text)
    if not number.is_finite():
        raise ValueError("not finite")
    return number


_READ: Mapping[str, Any] = {
    "STRING": str,
    "INT64": int,
    "FLOAT64": float,
    "NUMERIC": _decimal,
    "BIGNUMERIC": _decimal,
    "BOOL": _boolean,
    "DATE": date.fromisoformat,
    "DATETIME": lambda text: _instant(text).replace(tzinfo=None),
    "TIMESTAMP": _instant,
}


def _in_window(
    window: Window, name: str, known: Mapping[str, ApiField], values: _Values, where: str
) -> str:
    """Bare column against constant, so that partitions which cannot match are never read."""
    type_ = _type_of(name, known, where)
    side, type_ = (_SIDES[type_], type_) if type_ in _SIDES else ("", "")
    if not side:
        raise ConfigError(
            f"the rows of a sync cannot be chosen by column '{name}'",
            where=where,
            expected=f"a column of type {', '.join(_SIDES)}",
            found=_type_of(name, known, where),
        )
    column = side.format(quoted(name))
    of_type = "TIMESTAMP" if type_ == "STRING" else type_
    bounds = []
    if window.since:
        bounds.append(f"{column} >= {values.add(of_type, _bound(window.since, of_type))}")
    if window.until:
        bounds.append(f"{column} < {values.add(of_type, _bound(window.until, of_type))}")
    inside = " AND ".join(bounds)
    return inside if window.until else f"{inside} OR {column} IS NULL"


_SIDES = {
    "TIMESTAMP": "{}",
    "DATETIME": "{}",
    "DATE": "{}",
    "STRING": "SAFE_CAST({} AS TIMESTAMP)",
}


def _bound(moment: datetime, type_: str) -> Any:
    """A day begins at midnight UTC, so a bound within a day is the day after it."""
    utc = moment.astimezone(UTC)
    if type_ == "DATE":
        midnight = utc.replace(hour=0, minute=0, second=0, microsecond=0)
        return (midnight if midnight == utc else midnight + timedelta(days=1)).date()
    return utc if type_ == "TIMESTAMP" else utc.replace(tzinfo=None)
