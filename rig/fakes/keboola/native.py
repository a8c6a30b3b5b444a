"""Types of a typed table: the backend's own, Keboola's base type, and what DuckDB keeps."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from .errors import ApiError

__all__ = ["TEXT", "NativeType", "of_base", "of_native"]

# Snowflake's vocabulary, as keboola/php-datatypes maps it to base types.
_ALIASES = {
    **dict.fromkeys(["INT", "BIGINT", "SMALLINT", "TINYINT", "BYTEINT"], "INTEGER"),
    **dict.fromkeys(["DECIMAL", "NUMERIC"], "NUMBER"),
    **dict.fromkeys(["FLOAT4", "FLOAT8", "DOUBLE", "DOUBLE PRECISION", "REAL"], "FLOAT"),
    **dict.fromkeys(["DATETIME", "TIMESTAMP"], "TIMESTAMP_NTZ"),
    **dict.fromkeys(["STRING", "TEXT", "CHAR", "CHARACTER"], "VARCHAR"),
}
# Base type, DuckDB's type, the length where none is given.
_KINDS = {
    "FLOAT": ("FLOAT", "DOUBLE", None),
    "BOOLEAN": ("BOOLEAN", "BOOLEAN", None),
    "DATE": ("DATE", "DATE", None),
    "VARCHAR": ("STRING", "VARCHAR", "16777216"),
    **dict.fromkeys(
        ["TIMESTAMP_NTZ", "TIMESTAMP_LTZ", "TIMESTAMP_TZ"], ("TIMESTAMP", "TIMESTAMP", "9")
    ),
    **dict.fromkeys(
        ["TIME", "VARIANT", "ARRAY", "OBJECT", "BINARY", "GEOGRAPHY", "GEOMETRY"],
        ("STRING", "VARCHAR", None),
    ),
}
_BASES = {
    "STRING": ("VARCHAR", "16777216"),
    "INTEGER": ("NUMBER", "38,0"),
    "NUMERIC": ("NUMBER", "38,9"),
    "FLOAT": ("FLOAT", None),
    "BOOLEAN": ("BOOLEAN", None),
    "DATE": ("DATE", None),
    "TIMESTAMP": ("TIMESTAMP_NTZ", "9"),
}


@dataclass(frozen=True, slots=True)
class NativeType:
    """``sql`` is how DuckDB keeps it."""

    name: str
    length: str | None
    base: str
    sql: str


def of_native(name: str, length: Any = None) -> NativeType:
    """A backend's type with its aliases resolved: ``INT`` is ``NUMBER(38,0)``."""
    name = _ALIASES.get(name.upper(), name.upper())
    if name == "INTEGER":
        return _number("38,0")
    if name == "NUMBER":
        return _number(str(length or "38,0"))
    if name not in _KINDS:
        raise ApiError(400, f"'{name}' is not a valid type", "storage.tables.validation")
    base, sql, usual = _KINDS[name]
    size = str(length or usual or "") or None
    return NativeType(name, size, base, sql)


def of_base(base: str) -> NativeType:
    """Keboola's base type as the backend keeps it."""
    if base.upper() not in _BASES:
        raise ApiError(400, f"'{base}' is not a valid base type", "storage.tables.validation")
    return of_native(*_BASES[base.upper()])


def _number(length: str) -> NativeType:
    precision, _, scale = length.replace(" ", "").partition(",")
    scale = scale or "0"
    base = "INTEGER" if (precision, scale) == ("38", "0") else "NUMERIC"
    return NativeType("NUMBER", f"{precision},{scale}", base, f"DECIMAL({precision},{scale})")


TEXT = NativeType("VARCHAR", "16777216", "STRING", "VARCHAR")
