"""The type of a text column whose source cannot say: found from all its values, once.

A guess only ever widens, along whole number, decimal, float, text, and date, time of day in
it, text; so values seen before still fit, and what one more value changes does not depend on
where in the data it stands.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from ..pieces import pieces
from ..session import literal, one_row
from ..types import BIGINT_DIGITS, DIGITS, Decimal, decimal
from .bulk import EXACT, has_blank, read, sample, without_blanks
from .numerals import most_digits
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
    def has_fractions(self) -> bool:
        """Whether the type to store holds digits after a point."""
        return self.kind == "DOUBLE" or self.scale > 0

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
    plain = {name: without_blanks(c) if has_blank(c) else c for name, c in columns.items()}
    found = {name: _at_once(column) for name, column in plain.items()}
    unsure = {name: _likely(plain[name]) for name, known in found.items() if known is None}
    for names in pieces(list(unsure), _AT_A_TIME):
        found.update(_measured(connection, relation, {name: unsure[name] for name in names}))
    return {name: known or Guess("VARCHAR") for name, known in found.items()}


def _likely(column: pa.ChunkedArray) -> list[str]:
    """The kinds that a few values leave, the narrowest first: only they need a look at all."""
    texts = sample(column)
    return [kind for kind in _KINDS if all(_looks(text, kind) for text in texts)]


def _at_once(column: pa.ChunkedArray) -> Guess | None:
    """The guess that the first value suggests, where one look shows that it holds for all."""
    if column.null_count == len(column):
        return NOTHING
    text = next(c for c in column.chunks if c.null_count < len(c)).drop_null()[0].as_py()
    kinds = [kind for kind in _KINDS if _looks(text, kind)]
    if not kinds:
        return Guess("VARCHAR")
    for kind in kinds:
        if kind not in _WRITTEN and (values := read(column, kind, strict=True)) is not None:
            return Guess(kind, _digits(values) if kind == "BIGINT" else 0)
    return _as_decimal(column)


def _as_decimal(column: pa.ChunkedArray) -> Guess | None:
    whole, scale = most_digits(column)
    if not 0 < whole + scale <= DIGITS:
        return None
    found = Guess("DECIMAL", whole, scale)
    return found if read(column, found.bound, strict=True) is not None else None


def _looks(text: str, kind: str) -> bool:
    if kind == "BOOLEAN":
        return text.lower() in ("true", "false")
    return re.fullmatch(_WRITTEN.get(kind) or pattern(kind, strict=True) or "", text) is not None


def _digits(values: pa.ChunkedArray) -> int:
    ends = pc.min_max(values).as_py()
    return max(len(str(abs(ends["min"]))), len(str(abs(ends["max"]))))


_KINDS = ("BOOLEAN", "BIGINT", "DATE", "TIMESTAMP", "TIMESTAMPTZ", "DECIMAL", "DOUBLE")
# Of these, how the text looks is asked first: that is quick, and mostly says no.
_WRITTEN = {
    "DECIMAL": r"-?(0|[1-9][0-9]*)(\.[0-9]+)?",
    "DOUBLE": pattern("DOUBLE", strict=True) or "",
}
_AT_A_TIME = 8  # columns: a query of more takes longer to plan than it saves


def _measured(
    connection: duckdb.DuckDBPyConnection, relation: str, columns: Mapping[str, Sequence[str]]
) -> dict[str, Guess]:
    """The guesses of columns that may be of the given kinds."""
    measures = [
        m for name, kinds in columns.items() for m in _measures(f"nullif({name}, '')", kinds)
    ]
    if not measures:
        return {}
    values = iter(one_row(connection, f"SELECT {', '.join(measures)} FROM {relation}"))
    found = {}
    for name, kinds in columns.items():
        fitting = [kind for kind in kinds if next(values)]
        whole, scale = (next(values), next(values)) if kinds else (0, 0)
        guessed = _of(fitting, whole, scale)
        if fitting[:1] == ["DOUBLE"]:
            exact = f"bool_and({fits(name, 'DOUBLE', strict=True)})"
            (is_exact,) = one_row(connection, f"SELECT {exact} FROM {relation}")
            guessed = guessed if is_exact else Guess("VARCHAR")
        found[name] = guessed
    return found


def _measures(column: str, kinds: Sequence[str]) -> Iterator[str]:
    for kind in kinds:
        grammar = _WRITTEN.get(kind)
        holds = f"regexp_full_match({column}, {literal(grammar)})" if grammar else None
        yield f"bool_and({holds or fits(column, kind, strict=True)})"
    if kinds:
        yield f"max(length(ltrim(split_part({column}, '.', 1), '-')))"
        yield f"max(length(split_part({column}, '.', 2)))"


def _of(fitting: Sequence[str], whole: int, scale: int) -> Guess:
    """The guess of a column whose values are all of these kinds, the narrowest first."""
    if not fitting:
        return Guess("VARCHAR")
    if fitting[0] == "DECIMAL":
        return _number(whole, scale)
    return Guess(fitting[0], whole if fitting[0] == "BIGINT" else 0)
