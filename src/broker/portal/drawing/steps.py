"""A number from version to version as a line of steps over an axis that has 0. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from .paths import at

__all__ = ["Steps", "steps"]


@dataclass(frozen=True, slots=True)
class Steps:
    """A line in a field of 100 by 100, ``peak`` at its top and ``zero`` where 0 is.

    ``first`` and ``last`` are the instants at its ends.
    """

    path: str
    zero: float
    peak: float
    first: datetime
    last: datetime


def steps(
    points: Sequence[tuple[datetime, float | None]], until: datetime, least_peak: float = 0.0
) -> Steps | None:
    """A value stands until the next one, the last ``until`` the end of the line.

    ``points`` are in the order of time; None is a gap up to the next value. ``least_peak`` keeps
    small changes small. None where there is no value, or no time in which one stood.
    """
    values = [value for _, value in points if value is not None]
    if not values:
        return None
    first, last = points[0][0], max(until, points[-1][0])
    span = (last - first).total_seconds()
    if not span:
        return None
    peak, low = max(least_peak, *values), min(0.0, *values)
    height = max(peak, 0.0) - low or 1.0
    top = max(peak, 0.0)
    path, before = "", None
    for instant, value in points:
        x = at((instant - first).total_seconds() / span * 100)
        if before is not None:
            path += f"H{x}"
        if value is not None:
            y = at((top - value) / height * 100)
            path += f"V{y}" if before is not None else f"M{x} {y}"
        before = value
    if before is not None:
        path += "H100"
    return Steps(path, round(top / height * 100, 2), top, first, last)
