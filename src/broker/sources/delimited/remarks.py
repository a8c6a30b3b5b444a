"""What a person should know of a file whose rows were read: one sentence of each kind."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import Enum

import pyarrow as pa
import pyarrow.compute as pc

from ...foreign.text import shown

__all__ = ["Remark", "RemarkKind", "quoted_columns", "sentences"]


class RemarkKind(Enum):
    """What was found, as the end of a sentence about the first place of several."""

    JOINED = "begins with a byte order mark, which was left out: files were joined in one"
    OTHER = "begins with the names of other columns"
    HEADER = "repeats the header and is not a row: files were joined in one"
    COMPOSED = (
        "has names of columns with combining marks, which are taken for the same names in "
        "composed letters (Unicode NFC)"
    )
    VALUES = (
        "was taken for the names of the columns and left out, but looks like the row after it; if "
        "it is a row, declare csv: {header: false}, or fewer skip_rows; if not, {header: true}"
    )
    NAMES = (
        "was taken for a row, but holds the names of the columns; if it is the header, declare "
        "csv: {header: true}"
    )
    CUT = (
        "ends with CR alone, where the header ends with LF; if it belongs to a value, have values "
        "with line ends written in quotes"
    )
    SPREAD = (
        "holds a value in quotes with line ends, and most of its lines would be whole rows without "
        "quotes; where nothing is quoted, declare csv: {quote: ''}"
    )
    ESCAPED = (
        "has a backslash before a quote; where it makes the quote a part of the value, as programs "
        "such as Spark write it, declare csv: {escape: '\\'}; where it is a part of the value "
        "itself, {escape: '\"'}"
    )
    NULL = (
        "has a value \\N, as databases write NULL; if it is NULL, declare csv: "
        "{null_values: ['\\N']} or the program's dialect; if it is text, {escape: '\"'}"
    )


_FIRST_OF_SLICE = (RemarkKind.ESCAPED, RemarkKind.NULL, RemarkKind.CUT)
"""Kinds of which each slice has only its first place, so that their number is unknown."""


@dataclass(frozen=True, slots=True)
class Remark:
    """``place`` is where in a file; ``line`` counts within what was looked at."""

    kind: RemarkKind
    line: int
    place: str = ""


def sentences(remarks: Iterable[Remark]) -> tuple[str, ...]:
    """One for each kind: how often, and the first place."""
    found: dict[RemarkKind, list[Remark]] = {}
    for remark in remarks:
        found.setdefault(remark.kind, []).append(remark)
    return tuple(_sentence(kind, alike) for kind, alike in found.items())


def _sentence(kind: RemarkKind, alike: Sequence[Remark]) -> str:
    others = "later ones" if kind in _FIRST_OF_SLICE else f"{len(alike) - 1:,} more"
    more = f", and {others}," if len(alike) > 1 else ""
    return f"{alike[0].place}{more} {kind.value}"


def quoted_columns(table: pa.Table) -> list[str]:
    """Columns in which each value stands in quotes, where the dialect has none."""
    names = []
    for name, column in zip(table.column_names, table.columns, strict=True):
        values = column.drop_null()
        if len(values) and pc.all(pc.match_substring_regex(values, '(?s)^".*"$')).as_py():
            names.append(shown(name))
    return names
