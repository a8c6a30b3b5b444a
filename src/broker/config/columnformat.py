"""How the values of one column of a CSV file are written, where it is not as the engine reads."""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, model_validator

from .values import OneOrMore, Section, unexpected

__all__ = ["ColumnFormat", "FormatKind"]

_DATE_PARTS = "YymbdHIMSfpz"
"""The letters after ``%`` that a date format may have, as ``strftime`` has them."""

FormatKind = Literal["date", "number", "truth"]
"""What the values of a format become; None of ``kind`` where they stay text as it comes."""

_KINDS: dict[FormatKind, str] = {
    "date": r"\{\{.*\}\}|[0-9]{4}-[0-9]{2}-[0-9]{2}([T ].*)?",
    "number": r"[-+]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][-+]?[0-9]+)?",
    "truth": "true|false",
}
_DATE = (("Y", "y"), ("m", "b"), ("d",))


def _date(text: str) -> str:
    parts = re.findall(r"%(.)", text)
    if not set(parts) <= {*_DATE_PARTS, "%"} or text.count("%") != 2 * text.count("%%") + len(
        [one for one in parts if one != "%"]
    ):
        unexpected(f"a format of %{', %'.join(_DATE_PARTS)} and other characters")
    if any(sum(parts.count(one) for one in of_one) != 1 for of_one in _DATE):
        unexpected("a format with one year (%Y or %y), one month (%m or %b) and one day (%d)")
    hours = parts.count("H") + parts.count("I")
    if len(set(parts)) < len(parts) or hours > 1 or parts.count("p") != parts.count("I"):
        unexpected("each part once, and %p with %I alone")
    if not hours and {*parts} & {*"MSfz"}:
        unexpected("an hour (%H, or %I with %p) before minutes, seconds or an offset")
    if ("M" not in parts and "S" in parts) or ("S" not in parts and "f" in parts):
        unexpected("minutes before seconds, and seconds before their fractions")
    return text


def _mark(text: str) -> str:
    if len(text) != 1 or text.isalnum() or text in "+-()\r\n":
        unexpected("one character other than a letter, a digit, a sign or a bracket")
    return text


def _affix(text: str) -> str:
    if not text.strip() or text in "+-()" or any(one.isdigit() for one in text):
        unexpected("a text without digits that is not a sign or a bracket alone")
    return text


class ColumnFormat(Section):
    """How the values of one column are written. What is written otherwise is rejected."""

    date: Annotated[str, AfterValidator(_date)] | None = Field(
        default=None,
        description="How dates and times are written, such as '%d.%m.%Y' or "
        "'%m/%d/%Y %I:%M %p', with the letters of strftime; %b is an English month.",
    )
    decimal: Annotated[str, AfterValidator(_mark)] | None = Field(
        default=None,
        description="Mark before the fractions of a number. Default: '.', or ',' where thousands "
        "is '.'.",
    )
    thousands: Annotated[str, AfterValidator(_mark)] | None = Field(
        default=None, description="Mark between groups of three digits, such as '.'."
    )
    affixes: OneOrMore[Annotated[str, AfterValidator(_affix)]] = Field(
        default=(), description="Texts before or after a number that do not count, such as €."
    )
    negative: Literal["minus", "parentheses", "trailing"] = Field(
        default="minus",
        description="How numbers below zero are written besides -12: (12), or 12-.",
    )
    true_words: OneOrMore[str] = Field(default=(), description="Words for true, such as t.")
    false_words: OneOrMore[str] = Field(default=(), description="Words for false, such as f.")
    null_values: OneOrMore[str] = Field(
        default=(), description="Texts that mean NULL in this column, such as '00000000'."
    )
    trim: bool = Field(default=False, description="Whether blanks around values do not count.")
    cut_to_microseconds: bool = Field(
        default=False, description="Whether finer fractions of a second are cut off."
    )

    @property
    def is_number(self) -> bool:
        """Whether it says how numbers are written."""
        return bool(self.decimal or self.thousands or self.affixes or self.negative != "minus")

    @property
    def kind(self) -> FormatKind | None:
        """What its values become, where that is a date, a number or true and false."""
        if self.date is not None:
            return "date"
        if self.is_number:
            return "number"
        return "truth" if self.true_words else None

    def may_equal(self, text: str) -> bool:
        """Whether a value may be this one, once it is rewritten: 2026-01-31, -1234.5, true."""
        return self.kind is None or re.fullmatch(_KINDS[self.kind], text) is not None

    @property
    def decimal_mark(self) -> str:
        """What stands before the fractions of a number."""
        return self.decimal or ("," if self.thousands == "." else ".")

    @model_validator(mode="after")
    def _of_one_kind(self) -> ColumnFormat:
        words = bool(self.true_words or self.false_words)
        if sum((self.date is not None, self.is_number, words)) > 1:
            unexpected("the format of a date, of a number, or words for true and false")
        if bool(self.true_words) != bool(self.false_words):
            unexpected("true_words and false_words, both")
        if {*self.true_words} & {*self.false_words}:
            unexpected("no word in both true_words and false_words")
        if {*self.affixes} & {self.thousands, self.decimal_mark}:
            unexpected("affixes other than the marks of decimals and thousands")
        if self.thousands == self.decimal_mark:
            unexpected("thousands and decimal that differ")
        return self
