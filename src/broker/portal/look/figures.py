"""Numbers, sizes and times as every page shows them: one number, one text. Pure."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation

__all__ = [
    "age",
    "amount",
    "counted",
    "decimal_text",
    "duration",
    "machine_time",
    "moment",
    "number",
]

_SIZES = (("TB", 10**12), ("GB", 10**9), ("MB", 10**6), ("kB", 10**3))
_SPANS = (("d", 86_400), ("h", 3_600), ("min", 60), ("s", 1))
_NOTHING = "\u2013"  # a dash
_NUMBERS = re.compile(r"U?(TINY|SMALL|BIG|HUGE)INT|U?INTEGER|FLOAT|DOUBLE|DECIMAL(\(.*\))?")
_MOST_PLAIN = 1e15  # past which a double does not have every whole number
_MOST_DIGITS = 20  # before the point or after it
_MOST_SECONDS = 10**11  # three thousand years, past which nothing is an age


def number(value: float | None) -> str:
    """``19,781``; a fraction by its first 12 digits; a dash where there is nothing."""
    if value is None:
        return _NOTHING
    if isinstance(value, int):
        return f"{value:,}"
    if value == int(value) and abs(value) < _MOST_PLAIN:
        return f"{value + 0.0:,.0f}"  # 0 for -0.0
    if not 1e-4 <= abs(value) < _MOST_PLAIN:
        return f"{value:.12g}"
    return f"{Decimal(f'{value:.12g}'):,f}"


def decimal_text(text: str, type_: str = "DECIMAL") -> str:
    """A number that came as text, with its digits in groups; any other text as it is.

    So is one that is not of a type of numbers, in DuckDB's words: ``007`` of VARCHAR is a name.
    """
    if not _NUMBERS.fullmatch(type_):
        return text
    try:
        value = Decimal(text)
    except InvalidOperation:
        return text
    is_plain = value.is_finite() and abs(value.adjusted()) <= _MOST_DIGITS
    return f"{value:,f}" if is_plain else text


def counted(count: int, noun: str, plural: str = "") -> str:
    """``1 table``, ``1,000 tables``."""
    return f"{count:,} {noun if count == 1 else plural or noun + 's'}"


def amount(size: int) -> str:
    """Bytes: ``412 B``, ``1.5 kB``, ``23 MB``; two digits at least, and no more than three."""
    for unit, width in _SIZES:
        if size >= width * 0.9995:  # which is 1,000 of the next smaller unit, rounded
            value = size / width
            return f"{value:.1f} {unit}" if value < 9.95 else f"{value:,.0f} {unit}"
    return f"{size} B"


def duration(seconds: float) -> str:
    """A span of time by its two largest units: ``2 d 3 h``."""
    left, parts = int(min(max(seconds, 0), _MOST_SECONDS)), []
    for name, width in _SPANS:
        count, left = divmod(left, width)
        if count:
            parts.append(f"{count:,} {name}")
    return " ".join(parts[:2]) or "0 s"


def age(since: datetime, now: datetime) -> str:
    """``3 h ago`` by the largest unit; what clocks put ahead counts as now."""
    left = int((now - since).total_seconds())
    for name, width in _SPANS[:3]:
        if left >= width:
            return f"{left // width:,} {name} ago"
    return "just now"


def moment(instant: datetime) -> str:
    """``2026-11-30 12:19 UTC``."""
    return f"{instant.astimezone(UTC).isoformat(' ', 'minutes')[:16]} UTC"


def machine_time(instant: datetime) -> str:
    """``2026-11-30T12:19:14Z``, as ``<time datetime>`` has it."""
    return f"{instant.astimezone(UTC).isoformat('T', 'seconds')[:19]}Z"
