"""Numbers compared digit by digit, as texts: exact where no type of number holds them both."""

from __future__ import annotations

from decimal import Decimal

from ..session import literal

__all__ = ["by_digits", "without_exponent"]

_PLAIN = r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)"
_MOST = 1_000  # zeros that are written out: a double has up to 324


def by_digits(left: str, operator: str, right: str) -> str:
    """The SQL of two texts compared as numbers; NULL where one is not, or has an exponent."""
    is_plain = " AND ".join(f"regexp_full_match({one}, {literal(_PLAIN)})" for one in (left, right))
    negative, other = (f"regexp_matches({one}, '^-.*[1-9]')" for one in (left, right))  # not -0
    return (
        f"CASE WHEN {is_plain} THEN CASE "
        f"WHEN {negative} AND {other} THEN {_size(right)} {operator} {_size(left)} "
        f"WHEN {negative} OR {other} THEN {other} {operator} {negative} "
        f"ELSE {_size(left)} {operator} {_size(right)} END END"
    )


def _size(value: str) -> str:
    """The SQL of how large a number is: its digits before the point, how many first, and after."""
    unsigned = f"ltrim({value}, '+-')"
    whole = f"ltrim(split_part({unsigned}, '.', 1), '0')"
    return f"row(length({whole}), {whole}, rtrim(split_part({unsigned}, '.', 2), '0'))"


def without_exponent(text: str) -> str:
    """A finite number of Python's in all its digits; as it is where it would be too long."""
    number = Decimal(text)
    exponent = number.as_tuple().exponent
    is_short = isinstance(exponent, int) and abs(exponent) < _MOST
    return f"{number:f}" if "e" in text.lower() and is_short else text
