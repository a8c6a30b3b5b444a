"""The type of a text column whose source cannot say: found from all its values, once.

A guess only ever widens, along whole number, decimal, float, text, and date, time of day in
it, text; so values seen before still fit, and what one more value changes does not depend on
where in the data it stands.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import duckdb

from .session import one_row
from .text import fits
from .types import BIGINT_DIGITS, DIGITS, Decimal

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
    connection: duckdb.DuckDBPyConnection, relation: str, columns: Sequence[str]
) -> Mapping[str, Guess]:
    """Guess the type of each text column from all rows of ``relation``, in one pass."""
    measures = [measure for column in columns for measure in _measures(column)]
    values = iter(one_row(connection, f"SELECT {', '.join(measures)} FROM {relation}"))
    return {column: _read([next(values) for _ in range(_COUNT)]) for column in columns}


_DECIMAL = "-?(0|[1-9][0-9]*)(\\.[0-9]+)?"
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
        return Guess(found[0], whole, 0)
    if is_decimal:
        return _number(whole, scale)
    return Guess("DOUBLE", whole) if found else Guess("VARCHAR")
