"""The type of a text column whose source cannot say: found from all its values, once.

A guess only ever widens, along whole number, decimal, float, text, and date, time of day in
it, text; so values seen before still fit, and what one more value changes does not depend on
where in the data it stands.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from ..session import one_row
from ..types import BIGINT_DIGITS, DIGITS, Decimal, decimal
from .bulk import EXACT, has_blank, read, without_blanks
from .text import fits, pattern

__all__ = ["NOTHING", "Guess", "guess", "join"]

_ROOM = 3  # digits before the point that tomorrow's values may have more than today's


@dataclass(frozen=True, slots=True)
class Guess:
    """What the values so far have in common. ``kind`` None says that there were only NULLs.

    ``whole`` and ``scale`` are the most digits seen before and after a decimal point.
    """

    kind: str | None
    whole: int = 0
    scale: int = 0

    @classmethod
    def of(cls, type_: str | None) -> Guess:
        """A type that holds already, of values of which the digits are not known any more."""
        found = decimal(type_) if type_ else None
        if found is not None:
            return cls("DECIMAL", 1, found.scale)
        return cls(type_, 1 if type_ == "BIGINT" else 0)

    @property
    def type(self) -> str:
        """The type to store: decimals get room to grow, a column of nothing is text."""
        if self.kind is None:
            return "VARCHAR"
        if self.kind != "DECIMAL":
            return self.kind
        roomy = self.whole + self.scale + _ROOM <= 18
        return Decimal(18 if roomy else DIGITS, self.scale).name

    @property
    def is_short(self) -> bool:
        """A double holds all digits seen before and after a point, whatever they are."""
        return self.whole + self.scale <= EXACT

    @property
    def bound(self) -> str:
        """The type that takes exactly what was seen: what does not fit it widens the guess."""
        if self.kind == "BIGINT" and self.whole < BIGINT_DIGITS:
            return Decimal(self.whole, 0).name
        if self.kind == "DECIMAL":
            return Decimal(self.whole + self.scale, self.scale).name
        return self.type


NOTHING = Guess(None)


def join(left: Guess, right: Guess) -> Guess:
    """The narrowest guess that holds for the values of both."""
    if left.kind is None or right.kind is None:
        return right if left.kind is None else left
    whole, scale = max(left.whole, right.whole), max(left.scale, right.scale)
    kinds = {left.kind, right.kind}
    if len(kinds) == 1 and left.kind != "DECIMAL":
        return Guess(left.kind, whole, scale)
    if kinds <= {"BIGINT", "DECIMAL"}:
        return _number(whole, scale)
    if kinds <= {"BIGINT", "DECIMAL", "DOUBLE"}:
        return Guess("DOUBLE", whole, scale)
    return Guess("TIMESTAMP") if kinds == {"DATE", "TIMESTAMP"} else Guess("VARCHAR")


def _number(whole: int, scale: int) -> Guess:
    if whole + scale <= DIGITS:
        return Guess("DECIMAL", whole, scale)
    return Guess("DOUBLE", whole, scale) if scale else Guess("VARCHAR")


def guess(
    connection: duckdb.DuckDBPyConnection, relation: str, columns: Mapping[str, pa.ChunkedArray]
) -> dict[str, Guess]:
    """Guess the type of text columns from all their values; ``relation`` holds the same ones.

    An empty text says nothing: where the others are not text, it is NULL.
    """
    found = {
        name: _at_once(without_blanks(column) if has_blank(column) else column)
        for name, column in columns.items()
    }
    unsure = [name for name, known in found.items() if known is None]
    if not unsure:
        return {name: known for name, known in found.items() if known}
    measures = [measure for column in unsure for measure in _measures(f"nullif({column}, '')")]
    values = iter(one_row(connection, f"SELECT {', '.join(measures)} FROM {relation}"))
    measured = {column: _read([next(values) for _ in range(_COUNT)]) for column in unsure}
    return {name: known or measured[name] for name, known in found.items()}


def _at_once(column: pa.ChunkedArray) -> Guess | None:
    """The guess that the first value suggests, where one look shows that it holds for all."""
    if column.null_count == len(column):
        return NOTHING
    text = next(c for c in column.chunks if c.null_count < len(c)).drop_null()[0].as_py()
    kinds = [kind for kind in _KINDS if _looks(text, kind)]
    if not kinds and not re.fullmatch(_DECIMAL, text):
        return Guess("VARCHAR")
    for kind in kinds:
        if kind != "DOUBLE" and (values := read(column, kind, strict=True)) is not None:
            return Guess(kind, _digits(values) if kind == "BIGINT" else 0)
    return _as_decimal(column)


def _as_decimal(column: pa.ChunkedArray) -> Guess | None:
    point = pc.find_substring(column, ".")
    length = pc.binary_length(column)
    is_whole = pc.less(point, 0)
    before = pc.subtract(
        pc.if_else(is_whole, length, point), pc.cast(pc.starts_with(column, "-"), pa.int32())
    )
    after = pc.if_else(is_whole, 0, pc.subtract(pc.subtract(length, point), 1))
    whole, scale = pc.max(before).as_py(), pc.max(after).as_py()
    if not 0 < whole + scale <= DIGITS:
        return None
    found = Guess("DECIMAL", whole, scale)
    return found if read(column, found.bound, strict=True) is not None else None


def _looks(text: str, kind: str) -> bool:
    if kind == "BOOLEAN":
        return text.lower() in ("true", "false")
    return re.fullmatch(pattern(kind, strict=True) or "", text) is not None


def _digits(values: pa.ChunkedArray) -> int:
    ends = pc.min_max(values).as_py()
    return max(len(str(abs(ends["min"]))), len(str(abs(ends["max"]))))


_DECIMAL = r"-?(0|[1-9][0-9]*)(\.[0-9]+)?"
_KINDS = ("BOOLEAN", "BIGINT", "DATE", "TIMESTAMP", "TIMESTAMPTZ", "DOUBLE")
_COUNT = len(_KINDS) + 4


def _measures(column: str) -> list[str]:
    known = (f"bool_and({fits(column, kind, strict=True)})" for kind in _KINDS)
    is_decimal = f"regexp_full_match({column}, '{_DECIMAL}')"
    return [
        f"count({column})",
        *known,
        f"bool_and({is_decimal})",
        f"max(length(ltrim(split_part({column}, '.', 1), '-')))",
        f"max(length(split_part({column}, '.', 2)))",
    ]


def _read(values: list[Any]) -> Guess:
    count, *known = values[: len(_KINDS) + 1]
    is_decimal, whole, scale = values[-3:]
    if not count:
        return NOTHING
    found = [kind for kind, holds in zip(_KINDS, known, strict=True) if holds]
    if found and found[0] != "DOUBLE":
        return Guess(found[0], whole if found[0] == "BIGINT" else 0)
    if is_decimal:
        return _number(whole, scale)
    return Guess("DOUBLE") if found else Guess("VARCHAR")
