"""Values counted by cell, so that counts of several files add up without their rows. Pure.

A cell of numbers is ``10 ** level`` wide and begins at a multiple of that; one of times is a day of
UTC (level 0) or a month (level 1), numbered from 1970. A cell lies in exactly one cell of each
higher level, so files that were counted at different levels are merged at the highest of them.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping
from datetime import date, timedelta

from .kinds import Kind

__all__ = [
    "CALENDAR",
    "DAY",
    "DAY_US",
    "MONTH",
    "coarser",
    "day_of",
    "level_for",
    "month_of",
    "month_start",
    "thinned",
]

DAY, MONTH = 0, 1
DAY_US = 86_400_000_000  # microseconds
_EPOCH = date(1970, 1, 1)
# The first and the last cell of each level that Python's calendar has.
CALENDAR = {
    DAY: ((date.min - _EPOCH).days, (date.max - _EPOCH).days),
    MONTH: ((date.min.year - 1970) * 12, (date.max.year - 1970) * 12 + 11),
}
_MOST_CELLS = 4_000  # of one column in one file
_CELLS_AT_LEAST = 200  # where nearly all values lie
_FAR = 3  # times the distance of the quartiles
_EXACT = 2**53  # past which a double does not hold every whole number


def level_for(
    quartiles: tuple[float, float], ends: tuple[float, float], *, digits: int | None = None
) -> int:
    """The level at which numbers of a file are counted.

    ``quartiles`` are the first and the third of its different values, ``ends`` the least and the
    greatest. A few numbers far away, which lie more than three times the distance of the quartiles
    beyond them, do not make the cells too wide for all others. ``digits`` after the point is the
    most that a number of the column has, so no cell is narrower.
    """
    beyond = _FAR * (quartiles[1] - quartiles[0])
    low, high = max(ends[0], quartiles[0] - beyond), min(ends[1], quartiles[1] + beyond)
    width = (high - low if beyond else ends[1] - ends[0]) or abs(ends[1]) or 1.0
    farthest = max(abs(ends[0]), abs(ends[1]))
    narrowest = min(max(width / _CELLS_AT_LEAST, 5e-300), 1e300)  # of a width past all doubles, too
    fine = math.floor(math.log10(narrowest))
    exact = math.ceil(math.log10(farthest) - math.log10(_EXACT)) if farthest > 0 else fine
    return max(fine, exact, -digits) if digits is not None else max(fine, exact)


def thinned(kind: Kind, level: int, cells: Mapping[int, int]) -> tuple[int, dict[int, int]]:
    """The same counts at the first level at which they are few enough to keep."""
    found = dict(cells)
    while len(found) > _MOST_CELLS and not (kind is Kind.TIME and level == MONTH):
        found = coarser(kind, found, level, level + 1)
        level += 1
    return level, found


def coarser(kind: Kind, cells: Mapping[int, int], level: int, to: int) -> dict[int, int]:
    """The same counts at a level that is not lower."""
    if level == to:
        return dict(cells)
    found: Counter[int] = Counter()
    for cell, count in cells.items():
        found[month_of(cell) if kind is Kind.TIME else cell // 10 ** (to - level)] += count
    return dict(found)


def day_of(cell: int) -> date | None:
    """The day of a cell of level 0; None where Python's calendar does not reach."""
    try:
        return _EPOCH + timedelta(days=cell)
    except OverflowError:
        return None


def month_of(day: int) -> int:
    """The month, counted from January 1970, of a day, counted from its first."""
    found = day_of(day)
    if found is None:  # the mean length of a month in the calendar of 400 years
        return math.floor(day / 30.436875)
    return (found.year - 1970) * 12 + found.month - 1


def month_start(month: int) -> date | None:
    """The first day of a month that is counted from January 1970; None out of the calendar."""
    year = 1970 + month // 12
    return date(year, month % 12 + 1, 1) if date.min.year <= year <= date.max.year else None
