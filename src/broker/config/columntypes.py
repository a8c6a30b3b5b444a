"""The shape of a column type as ``types:`` declares it, in the language of ``tables.schema``."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import AfterValidator

from ..foreign.columns import SIMPLE
from .problems import did_you_mean
from .values import unexpected

__all__ = ["ColumnType"]

_OTHER_NAMES = {
    "BOOL": "BOOLEAN", "INT": "BIGINT", "INTEGER": "BIGINT", "INT64": "BIGINT",
    "SMALLINT": "BIGINT", "FLOAT": "DOUBLE", "FLOAT64": "DOUBLE", "REAL": "DOUBLE",
    "STRING": "VARCHAR", "TEXT": "VARCHAR", "CHAR": "VARCHAR", "DATETIME": "TIMESTAMP",
    "TIMESTAMP WITH TIME ZONE": "TIMESTAMPTZ", "BYTES": "BLOB", "BINARY": "BLOB",
    "NUMERIC": "DECIMAL", "NUMBER": "DECIMAL",
}  # fmt: skip
_DECIMAL = re.compile(r"DECIMAL\( *([0-9]{1,2}) *, *([0-9]{1,2}) *\)", re.IGNORECASE)
_FIELD = re.compile(r' *("(?:[^"]|"")+"|[A-Za-z_][A-Za-z0-9_]*) +(.+)', re.DOTALL)
_EXPECTED = ", ".join(SIMPLE) + ", DECIMAL(p,s) with s <= p <= 38, T[] or STRUCT(name T, …)"


def _column_type(text: str) -> str:
    """The type in its canonical spelling; refuses any other text."""
    bare = text.strip()
    if bare.endswith("[]"):
        return _column_type(bare[:-2]) + "[]"
    if bare.upper() in SIMPLE:
        return bare.upper()
    if decimal := _DECIMAL.fullmatch(bare):
        precision, scale = int(decimal[1]), int(decimal[2])
        if 1 <= precision <= 38 and scale <= precision:
            return f"DECIMAL({precision},{scale})"
    if bare.upper().startswith("STRUCT(") and bare.endswith(")"):
        return f"STRUCT({', '.join(_fields(bare[7:-1]))})"
    return unexpected(_EXPECTED, _suggestion(bare.upper()))


def _suggestion(text: str) -> str | None:
    name, bracket, arguments = text.partition("(")
    other = _OTHER_NAMES.get(name.strip())
    if other == "DECIMAL":
        return f"Did you mean 'DECIMAL{bracket + arguments or '(18,2)'}'?"
    if other is not None:
        return f"Did you mean '{other}'?"
    return did_you_mean(name, SIMPLE) if name != "DECIMAL" else None


def _fields(body: str) -> list[str]:
    fields = []
    for part in _outer_commas(body):
        field = _FIELD.fullmatch(part)
        if field is None:
            unexpected(_EXPECTED)
        fields.append(f"{field[1]} {_column_type(field[2])}")
    return fields


def _outer_commas(body: str) -> list[str]:
    """Split at the commas that stand in no brackets and no quotes."""
    parts, depth, is_quoted = [""], 0, False
    for character in body:
        is_quoted ^= character == '"'
        depth += 0 if is_quoted else (character == "(") - (character == ")")
        if character == "," and depth == 0 and not is_quoted:
            parts.append("")
        else:
            parts[-1] += character
    return parts


ColumnType = Annotated[str, AfterValidator(_column_type)]
"""A column type such as DECIMAL(12,2)."""
