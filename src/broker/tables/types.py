"""The type language: what a type is called, what Arrow calls it, what holds it exactly."""

from __future__ import annotations

import re
from dataclasses import dataclass

import pyarrow as pa

from ..errors import TableError
from ..foreign.columns import SIMPLE, sql_type

__all__ = [
    "Decimal",
    "canonical",
    "changed",
    "common",
    "comparable",
    "decimal",
    "is_guessed",
    "is_nested",
    "of_arrow",
]

DIGITS = 38  # the widest decimal of DuckDB, Arrow's decimal128 and Parquet readers at large
BIGINT_DIGITS = 19
_DECIMAL = re.compile(r"DECIMAL\s*\(\s*(\d+)\s*,\s*(\d+)\s*\)")

# Beside decimals, the types that values alone may suggest; text takes every value already.
_GUESSED = ("BOOLEAN", "BIGINT", "DOUBLE", "DATE", "TIMESTAMP", "TIMESTAMPTZ")

# Types whose text is the same wherever it was written, so that a column may become text.
_WIDER = {
    ("DATE", "TIMESTAMP"): "TIMESTAMP",
    ("BIGINT", "VARCHAR"): "VARCHAR",
    ("DATE", "VARCHAR"): "VARCHAR",
    ("JSON", "VARCHAR"): "VARCHAR",
}


@dataclass(frozen=True, slots=True)
class Decimal:
    """A decimal's precision (all digits) and scale (those after the point)."""

    precision: int
    scale: int

    @property
    def name(self) -> str:
        """As the schema writes it."""
        return f"DECIMAL({self.precision},{self.scale})"


def canonical(type_: str, *, where: str) -> str:
    """Return the one spelling of a type; raises ``TableError`` for a type that is not ours."""
    name = type_.strip()
    upper = name.upper()
    if upper in SIMPLE:
        return upper
    if upper == "TIMESTAMP WITH TIME ZONE":
        return "TIMESTAMPTZ"
    if decimal(upper) is not None:
        return _checked(upper, where)
    if is_nested(name):
        return _nested(name, where)
    raise TableError(
        f"the type {type_!r} is not known",
        where=where,
        expected=f"one of {', '.join(SIMPLE)}, DECIMAL(p,s), T[] or STRUCT(...)",
    )


def is_nested(type_: str) -> bool:
    """Whether it is a list or a struct."""
    return type_.endswith("]") or type_.upper().startswith("STRUCT")


def _nested(type_: str, where: str) -> str:
    """A nested type stands in SQL as it is, so every word of it is read."""
    try:
        sql_type(type_)
    except ValueError as error:
        raise TableError(
            f"a nested type is not known: {error}", where=where, found=repr(type_)
        ) from error
    return type_


def decimal(type_: str) -> Decimal | None:
    """Read ``DECIMAL(p,s)``; None for any other type."""
    match = _DECIMAL.fullmatch(type_)
    return Decimal(int(match[1]), int(match[2])) if match else None


def is_guessed(type_: str) -> bool:
    """Whether a type may have been inferred, and another value may make it a wider one."""
    return type_ in _GUESSED or decimal(type_) is not None


def _checked(type_: str, where: str) -> str:
    found = decimal(type_)
    if found is None or not 1 <= found.precision <= DIGITS or found.scale > found.precision:
        raise TableError(
            "this decimal cannot be stored",
            where=where,
            expected="DECIMAL(p,s) with 1 <= p <= 38 and s <= p",
            found=type_,
        )
    return found.name


def of_arrow(type_: pa.DataType) -> str | None:
    """Name the type that holds an Arrow type; None for text (and for a column of nothing)."""
    for test, name in _ARROW:
        if test(type_):
            return name
    if pa.types.is_dictionary(type_):
        return of_arrow(type_.value_type)
    if pa.types.is_decimal(type_) and type_.precision <= DIGITS:
        return Decimal(type_.precision, max(type_.scale, 0)).name
    if pa.types.is_timestamp(type_):
        return "TIMESTAMPTZ" if type_.tz else "TIMESTAMP"
    if pa.types.is_list(type_) or pa.types.is_large_list(type_):
        return f"{of_arrow(type_.value_type) or 'VARCHAR'}[]"
    if pa.types.is_struct(type_):
        return f"STRUCT({', '.join(map(_member, type_))})"
    raise TableError("a column has a type that cannot be stored", found=str(type_))


def _member(field: pa.Field) -> str:
    name = '"' + field.name.replace('"', '""') + '"'
    return f"{name} {of_arrow(field.type) or 'VARCHAR'}"


_ARROW = (
    (pa.types.is_string, None),
    (pa.types.is_large_string, None),
    (pa.types.is_string_view, None),
    (pa.types.is_null, None),
    (pa.types.is_boolean, "BOOLEAN"),
    (pa.types.is_uint64, "DECIMAL(20,0)"),
    (pa.types.is_integer, "BIGINT"),
    (pa.types.is_floating, "DOUBLE"),
    (pa.types.is_date, "DATE"),
    (pa.types.is_time, "TIME"),
    (pa.types.is_binary, "BLOB"),
    (pa.types.is_large_binary, "BLOB"),
    (pa.types.is_fixed_size_binary, "BLOB"),
)


def changed(old: str | None, new: str | None) -> str:
    """What a warning says of a column whose type is another than before."""
    return f"changed from {old} to {new}"


def common(old: str, new: str) -> str | None:
    """Return the narrowest type that holds both exactly, or None where there is none."""
    if old == new:
        return old
    wider = _WIDER.get((old, new)) or _WIDER.get((new, old))
    if wider is not None:
        return wider
    left, right = _as_decimal(old), _as_decimal(new)
    if left is None or right is None:
        return None
    scale = max(left.scale, right.scale)
    precision = max(left.precision - left.scale, right.precision - right.scale) + scale
    return Decimal(precision, scale).name if precision <= DIGITS else None


def comparable(old: str, new: str) -> str:
    """The type in which the values of a column are compared whose type changed.

    The narrowest that holds both exactly. DOUBLE where one is, because what such a column holds was
    rounded to that: 5 and 5.0 are one number. Else text.
    """
    exact = common(old, new)
    if exact is not None:
        return exact
    others = {old, new} - {"DOUBLE"}
    is_double = len(others) == 1 and all(_as_decimal(one) is not None for one in others)
    return "DOUBLE" if is_double else "VARCHAR"


def _as_decimal(type_: str) -> Decimal | None:
    return Decimal(BIGINT_DIGITS, 0) if type_ == "BIGINT" else decimal(type_)
