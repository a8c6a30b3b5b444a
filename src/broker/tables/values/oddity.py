"""Why a column is text: the first value that is written otherwise than most, shown by its shape."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

import duckdb
import pyarrow as pa

from ..issues import RowPlace
from ..session import literal, one_row
from .bulk import has_blank, sample, without_blanks
from .text import fits, pattern

__all__ = ["DECIMAL_WORDS", "Oddity", "first_odd", "shape", "suspected", "written"]

DECIMAL_WORDS = "a decimal, as others are, and a DOUBLE does not keep such numbers apart"
_LONGEST = 30
_FAMILIES = {"BIGINT": "DOUBLE", "DECIMAL": "DOUBLE", "DATE": "TIMESTAMP"}


@dataclass(frozen=True, slots=True)
class Oddity:
    """A value that makes a column text: its place ``n`` from 0, its shape, what it is not."""

    column: str
    n: int
    shape: str
    expected: str

    def at(self, place: RowPlace) -> str:
        """The value in words; ``place`` is that of its row in the source."""
        return f"{place} ({self.shape})"

    def words(self, change: str, place: RowPlace) -> str:
        """The warning for this value."""
        return (
            f"column {self.column} {change}: {self.at(place)} is not {self.expected}; "
            "declare a type under `types` if only that row is wrong"
        )


def shape(text: str) -> str:
    """A value without what it says: ``A`` for a letter, ``9`` for a digit, punctuation as it is.

    Zeros before a number stay, as they are what makes it text.
    """
    zeros = re.fullmatch(r"([+-]?0+)[0-9]+([.,][0-9]+)?", text)
    start = zeros.end(1) if zeros else 0
    found = text[:start] + "".join(map(_kind, text[start : _LONGEST + 1]))
    return found if len(found) <= _LONGEST else f"{found[: _LONGEST - 1]}…"


def _kind(character: str) -> str:
    if character.isalpha():
        return "A"
    if character.isdecimal():
        return "9"
    return character if " " <= character <= "~" else "?"


def suspected(column: pa.ChunkedArray) -> str | None:
    """The kind (DOUBLE, TIMESTAMP, TIMESTAMPTZ, BOOLEAN) of at least half of a few values."""
    taken = sample(without_blanks(column) if has_blank(column) else column)
    for kind, grammar in _GRAMMARS.items():
        if 2 * sum(grammar.fullmatch(text) is not None for text in taken) >= len(taken) > 0:
            return kind
    return None


def _misfits(column: str, kind: str) -> Iterator[tuple[str, str]]:
    """The SQL of values that are odd among those of a kind, and in words what they are not."""
    family = _FAMILIES.get(kind, kind)
    if family == "BOOLEAN":
        yield f"NOT {fits(column, kind)}", "true or false, as most others are"
    elif family == "DOUBLE":
        yield f"NOT {written(column, 'DOUBLE')}", "a number, as most others are"
        yield f"NOT {written(column, 'DECIMAL(38,38)')}", DECIMAL_WORDS
        yield f"NOT {fits(column, 'DOUBLE', strict=True)}", "exact as a DOUBLE"
    else:
        either = f"{written(column, 'TIMESTAMP')} OR {written(column, 'TIMESTAMPTZ')}"
        yield f"NOT ({either})", "a date or time, as most others are"
        yield f"NOT {fits(column, family, strict=True)}", f"a {family}, as others are"


def first_odd(
    connection: duckdb.DuckDBPyConnection,
    relation: str,
    column: str,
    name: str,
    kind: str,
    *,
    is_sure: bool,
) -> Oddity | None:
    """The value that makes a column text; None if most are not of the kind.

    ``is_sure`` says that they are. Where all are, the odd one is one of a few written otherwise.
    """
    odds = []
    for at, (odd, expected) in enumerate(_misfits(column, kind)):
        found = f"{column} <> '' AND {odd}"
        n, text, are_few = one_row(
            connection,
            f"SELECT min(n) FILTER ({found}), arg_min({column}, n) FILTER ({found}), "
            f"2 * count(*) FILTER ({found}) <= count(nullif({column}, '')) FROM {relation}",
        )
        if n is None:
            continue
        odds.append(Oddity(name, n, shape(text), expected))
        if are_few or (is_sure and at == 0):
            return odds[-1]
        if at == 0:
            return None
    return odds[0] if odds else None


def written(column: str, kind: str) -> str:
    """The SQL that says of a text whether it is written as values of a kind are."""
    return f"regexp_full_match({column}, {literal(pattern(kind, strict=True) or '')})"


_GRAMMARS = {
    "DOUBLE": re.compile(pattern("DOUBLE", strict=True) or ""),
    "TIMESTAMP": re.compile(pattern("TIMESTAMP", strict=True) or ""),
    "TIMESTAMPTZ": re.compile(pattern("TIMESTAMPTZ", strict=True) or ""),
    "BOOLEAN": re.compile("(?i:true|false)"),
}
