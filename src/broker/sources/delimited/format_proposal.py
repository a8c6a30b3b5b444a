"""Which format under ``csv.formats`` reads a column of text, for a person to confirm."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from ...config.columnformat import ColumnFormat
from ...tables.values.bulk import has_blank, read, without_blanks
from .formats import rewritten

__all__ = ["FORMATS", "fitting", "unlike"]

Declared = Mapping[str, Any]

_DATES = (
    *("%d.%m.%Y", "%d/%m/%Y", "%m/%d/%Y", "%Y/%m/%d", "%d-%m-%Y", "%m-%d-%Y"),
    *("%d-%b-%Y", "%d %b %Y", "%b %d, %Y", "%d.%m.%y", "%d/%m/%y", "%m/%d/%y"),
)
_WORDS = (
    ("t", "f"),
    ("T", "F"),
    ("yes", "no"),
    ("Yes", "No"),
    ("YES", "NO"),
    ("y", "n"),
    ("Y", "N"),
)
_TIMES = ("", " %H:%M", " %H:%M:%S", " %I:%M %p", " %I:%M:%S %p")
FORMATS: tuple[Declared, ...] = (
    *({"date": date + time} for date in _DATES for time in _TIMES),
    {"decimal": ","},
    {"decimal": ",", "thousands": "."},
    {"decimal": ",", "thousands": " "},
    {"thousands": ","},
    {"thousands": "'"},
    {"negative": "parentheses"},
    {"negative": "trailing"},
    *({"true_words": [true], "false_words": [false]} for true, false in _WORDS),
)
"""What is tried, of those that read the same the simpler one first."""


def fitting(values: pa.ChunkedArray, formats: Sequence[Declared]) -> list[Declared]:
    """Those of ``formats`` that have every value, and of which each date is one."""
    values = values.drop_null()
    return [one for one in formats if _fits(values, one)]


def _fits(values: pa.ChunkedArray, declared: Declared) -> bool:
    found, misfits = rewritten(values, _format(declared))
    if pc.any(misfits).as_py():
        return False
    if "date" not in declared:
        return True
    texts = without_blanks(found) if has_blank(found) else found
    type_ = "DATE" if declared["date"] in _DATES else "TIMESTAMP"
    return read(texts, type_, strict=True) is not None


def unlike(values: pa.ChunkedArray, formats: Sequence[Declared]) -> list[Declared]:
    """Of formats that fit, one for each way to read the values, without those that change none.

    Groups of three digits alone may be telephone numbers or addresses of machines.
    """
    ways: list[tuple[pa.ChunkedArray, Declared]] = []
    for one in formats:
        decimal = one.get("decimal")
        if decimal and not pc.any(pc.match_substring(values, decimal)).as_py():
            continue
        found, _ = rewritten(values, _format(one))
        if "true_words" in one and not {"true", "false"} <= {*found.unique().to_pylist()}:
            continue  # one of the words alone may be any code
        if not found.equals(values) and not any(found.equals(other) for other, _ in ways):
            ways.append((found, one))
    return [one for _, one in ways]


def _format(declared: Declared) -> ColumnFormat:
    return ColumnFormat.model_validate(declared)
