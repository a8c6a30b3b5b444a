"""What a run found wrong with the rows of a table: one structure for log, status and manifest.

It names places and the shapes of values, and never a value.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from enum import StrEnum

__all__ = ["MOST_ISSUES", "Issue", "IssueKind", "RowPlace", "shape_in_sql", "type_remedy"]

MOST_ISSUES = 50  # of one table
_LONGEST_SHAPE = 40
# As a value of the type is written, and yet not one.
_LIKE_A_VALUE = re.compile(
    r"not a (DATE|TIMESTAMP(TZ)?) 9999-99-99"
    r"|not a TIMESTAMP(TZ)? 9999-99-99[ T]99:99(:99(\.9{1,6})?)?"
)
_PLAIN_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_DAYS, _NUMBERS = ("DATE", "TIMESTAMP"), ("BIGINT", "DOUBLE", "DECIMAL")
# Which values a format under `csv.formats` reads, by their shapes.
_FORMATS = (
    (_DAYS, re.compile(r"9?9\.9?9\.9999"), "date: '%d.%m.%Y'"),
    (_DAYS, re.compile(r"9?9/9?9/9999"), "date: '%d/%m/%Y'"),
    (_DAYS, re.compile(r"9?9/9?9/9999"), "date: '%m/%d/%Y'"),
    (_DAYS, re.compile(r"9?9-9?9-9999"), "date: '%d-%m-%Y'"),
    (_DAYS, re.compile("9?9-AAA-9999"), "date: '%d-%b-%Y'"),
    (_DAYS, re.compile("99999999"), "date: '%Y%m%d', null_values: ['00000000']"),
    (_NUMBERS, re.compile(r"-?9+,9+"), "decimal: ','"),
    (_NUMBERS, re.compile(r"-?9{1,3}(\.999)*,9+"), "decimal: ',', thousands: '.'"),
    (_NUMBERS, re.compile(r"-?9{1,3}(,999)+\.9+"), "thousands: ','"),
    (_NUMBERS, re.compile(r"\(9[^()]*\)"), "negative: parentheses"),
    (_NUMBERS, re.compile(r"9[9.,]*-"), "negative: trailing"),
    (_NUMBERS, re.compile(r" +-?9[9.]*| *-?9[9.]* +"), "trim: true"),
    (("BOOLEAN",), re.compile("A+|9"), "true_words: […], false_words: […]"),
    (("TIMESTAMP",), re.compile(r"9999-99-99.99:99:99\.9{7,}.*"), "cut_to_microseconds: true"),
)


@dataclass(frozen=True, slots=True)
class RowPlace:
    """Where a row stands: ``row`` counts from 1 in its file, or in a source without files."""

    row: int
    file: str | None = None
    line: int | None = None

    def __str__(self) -> str:
        """For a message."""
        row = f"row {self.row}" if self.line is None else f"row {self.row} (line {self.line})"
        return f"{self.file}, {row}" if self.file else row


class IssueKind(StrEnum):
    """What became of the rows."""

    REJECTED = "rejected"  # left out, since a value or the row does not fit
    DISPLACED = "displaced"  # left out, since a later row has the same key
    LATE = "late"  # in the source, not in the table, and not read
    HELD = "held"  # would go, which waits for approval


_WORDS = {
    IssueKind.REJECTED: "rejected",
    IssueKind.DISPLACED: "displaced by a later row",
    IssueKind.LATE: "in the source but not in the table",
    IssueKind.HELD: "would go",
}


@dataclass(frozen=True, slots=True)
class Issue:
    """``count`` rows of one ``kind``, for one ``reason``.

    ``column`` is None where the row as a whole is concerned. ``places`` are those of the first
    three rows, ``shapes`` the most frequent three of their values (a digit is 9, a letter A),
    ``remedy`` is the declaration that helps, where that is known.
    """

    kind: IssueKind
    count: int
    reason: str
    column: str | None = None
    places: tuple[RowPlace, ...] = ()
    shapes: tuple[str, ...] = ()
    remedy: str = ""

    def __str__(self) -> str:
        """One sentence for a person."""
        rows = "row" if self.count == 1 else "rows"
        text = f"{self.count:,} {rows} {_WORDS[self.kind]}: "
        text += f"column {self.column}: {self.reason}" if self.column else self.reason
        if self.shapes:
            text += f"; values look like {', '.join(f'`{one}`' for one in self.shapes)}"
        if self.places:
            text += f"; in {_where(self.places)}{', …' if self.count > len(self.places) else ''}"
        return f"{text}. {self.remedy}" if self.remedy else text


def _where(places: tuple[RowPlace, ...]) -> str:
    """The places in words: a file that all of them share stands there once."""
    if len({place.file for place in places}) > 1 or any(place.line for place in places):
        return "; ".join(map(str, places))
    rows = f"row{'s' if len(places) > 1 else ''} {', '.join(str(place.row) for place in places)}"
    return f"{places[0].file}, {rows}" if places[0].file else rows


def shape_in_sql(value: str) -> str:
    """The SQL of what a text looks like: each digit as 9, each letter as A, the rest as it is."""
    begin = f"left({value}, {_LONGEST_SHAPE})"
    letters = rf"regexp_replace({begin}, '[\p{{L}}\p{{M}}]', 'A', 'g')"
    return rf"regexp_replace({letters}, '\p{{N}}', '9', 'g')"


def type_remedy(
    column: str, reason: str, shapes: tuple[str, ...], *, is_partition: bool = False
) -> str:
    """What to declare where values do not fit the type of their column.

    A column by which the table is partitioned cannot be text.
    """
    name = column if _PLAIN_NAME.fullmatch(column) else json.dumps(column, ensure_ascii=False)
    formats = _formats(name, reason, shapes)
    if is_partition:
        return f"Correct the source, or declare another `partition_by`.{formats}"
    as_text = f"`types: {{{name}: VARCHAR}}` keeps them as text"
    if any(_LIKE_A_VALUE.fullmatch(f"{reason.partition(':')[0]} {one}") for one in shapes):
        nulls = "`null_values` lists texts that stand for NULL, such as 0000-00-00, and "
    elif shapes and not any("9" in one for one in shapes):
        nulls = "`null_values` lists texts that stand for NULL, and "
    else:
        nulls = ""
    return f"Correct the source, or declare: {nulls}{as_text}.{formats}"


def _formats(name: str, reason: str, shapes: tuple[str, ...]) -> str:
    """A sentence with the formats by which values would be read, if there are any."""
    known = [one for one in _FORMATS if any(f"not a {type_}" in reason for type_ in one[0])]
    ways = ((looks, enough) for enough in (all, any) for _, looks, _ in known)
    best = next(
        (one for one, enough in ways if shapes and enough(map(one.fullmatch, shapes))), None
    )
    found = [f"{{{declared}}}" for _, looks, declared in known if looks == best]
    if not found:
        return ""
    choices = " or ".join(f"`csv: {{formats: {{{name}: {one}}}}}`" for one in found)
    return f" Of CSV files, {choices} reads them."
