"""Values as the REST API writes them: everything is text, and rows are ``{"f": [{"v": …}]}``."""

from __future__ import annotations

import base64
import math
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from .types import standard

__all__ = ["row", "values"]

Field = Mapping[str, Any]


def row(values: Mapping[str, Any], fields: Sequence[Field]) -> dict[str, Any]:
    """One row."""
    return {"f": [{"v": _cell(values[field["name"]], field)} for field in fields]}


def _cell(value: Any, field: Field) -> Any:
    if field.get("mode") == "REPEATED":
        bare = {**field, "mode": "NULLABLE"}
        return [{"v": _cell(one, bare)} for one in value or ()]
    if value is None:
        return None
    name = standard(field)
    if name == "STRUCT":
        return row(value, field["fields"])
    if name == "RANGE":
        bound = {"type": field["rangeElementType"]["type"]}
        ends = (_range_end(value[end], bound) for end in ("start", "end"))
        return f"[{', '.join(ends)})"
    return _TEXT.get(name, str)(value)


def _range_end(value: Any, bound: Field) -> str:
    return "UNBOUNDED" if value is None else str(_cell(value, bound))


def _float(value: float) -> str:
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "Infinity" if value > 0 else "-Infinity"
    return repr(value)


def _micros(value: datetime) -> str:
    delta = value - datetime(1970, 1, 1, tzinfo=UTC)
    return str((delta.days * 86400 + delta.seconds) * 10**6 + delta.microseconds)


def _decimal(value: Decimal) -> str:
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _interval(value: Any) -> str:
    """Of a value as Arrow has it: months, days, nanoseconds."""
    months, days, nanoseconds = value
    micros = abs(nanoseconds) // 1_000
    clock = f"{micros // 3_600_000_000}:{micros // 60_000_000 % 60}:{micros // 1_000_000 % 60}"
    rest = micros % 1_000_000
    fraction = f".{rest:06}" if rest % 1_000 else f".{rest // 1_000:03}" if rest else ""
    signs = ["-" if part < 0 else "" for part in (months, nanoseconds)]
    years = f"{signs[0]}{abs(months) // 12}-{abs(months) % 12}"
    return f"{years} {days} {signs[1]}{clock}{fraction}"


_TEXT: dict[str, Callable[[Any], str]] = {
    "BOOL": lambda value: "true" if value else "false",
    "FLOAT64": _float,
    "BYTES": lambda value: base64.b64encode(value).decode(),
    "TIMESTAMP": _micros,
    "DATETIME": lambda value: value.isoformat(),
    "DATE": lambda value: value.isoformat(),
    "TIME": lambda value: value.isoformat(),
    "INTERVAL": _interval,
    "NUMERIC": _decimal,
    "BIGNUMERIC": lambda value: _decimal(Decimal(value)),
}


def values(sent: Mapping[str, Any], fields: Sequence[Field]) -> list[Any]:
    """A row as ``insertAll`` takes it, in the order of the columns; bytes come as base64."""
    return [_value(sent.get(field["name"]), field) for field in fields]


def _value(sent: Any, field: Field) -> Any:
    if field.get("mode") == "REPEATED":
        bare = {**field, "mode": "NULLABLE"}
        return [_value(one, bare) for one in sent or ()]
    if sent is None:
        return None
    if standard(field) == "STRUCT":
        return {one["name"]: _value(sent.get(one["name"]), one) for one in field["fields"]}
    return base64.b64decode(sent) if standard(field) == "BYTES" else sent
