"""A number from version to version as a line of steps over an axis that has 0. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from .paths import at

__all__ = ["Steps", "steps"]


@dataclass(frozen=True, slots=True)
class Steps:
    """A line in a field of 100 by 100, ``peak`` at its top and ``zero`` where 0 is."""

    path: str
    zero: float
    peak: float
    first: datetime
    last: datetime


def steps(points: Sequence[tuple[datetime, float]], least_peak: float = 0.0) -> Steps | None:
    """A value stands until the next one. None for less than two points.

    ``points`` are in the order of time; ``least_peak`` keeps small changes small.
    """
    if len(points) < 2:
        return None
    first, last = points[0][0], points[-1][0]
    span = (last - first).total_seconds() or 1.0
    values = [value for _, value in points]
    peak, low = max(least_peak, *values), min(0.0, *values)
    height = max(peak, 0.0) - low or 1.0
    top = max(peak, 0.0)
    drawn = [
        ((instant - first).total_seconds() / span * 100, (top - value) / height * 100)
        for instant, value in points
    ]
    (x, y), *others = drawn
    path = f"M{at(x)} {at(y)}" + "".join(f"H{at(x)}V{at(y)}" for x, y in others)
    return Steps(path, round(top / height * 100, 2), top, first, last)
