"""A histogram: how many rows lie where. The area of a bar is its rows. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from itertools import accumulate

from .paths import Box, boxes_path

__all__ = ["Histogram", "ValueRange", "histogram", "spark"]

_LEAST = 0.012  # of the height: where there are rows there is something to see
_GAP = 0.12  # of the width of a unit, between bars


@dataclass(frozen=True, slots=True)
class ValueRange:
    """So many rows from ``low`` on and below ``high``; None is an open end.

    The ends are decimal numbers, or days such as ``2026-11-30``.
    """

    low: str | None
    high: str | None
    count: int


@dataclass(frozen=True, slots=True)
class Histogram:
    """Bars in a field that is ``units`` wide and 100 high.

    ``closed`` and ``opened`` are those with two ends and with an open one. A bar stands over as
    many units as the narrowest one goes into it, an open one over one; its height is its rows in a
    unit. ``peak`` is the height of the field in rows. ``first`` and ``last`` are the outer ends,
    ``middle`` the one at half of the width, where one is there.
    """

    units: int
    closed: tuple[Box, ...]
    opened: tuple[Box, ...]
    peak: float
    first: str | None
    middle: str | None
    last: str | None

    @property
    def closed_path(self) -> str:
        """The bars with two ends, for the attribute ``d``."""
        return boxes_path(self.closed)

    @property
    def opened_path(self) -> str:
        """The bars with an open end."""
        return boxes_path(self.opened)


def histogram(bars: Sequence[ValueRange]) -> Histogram | None:
    """What to draw; None where there is no bar with rows."""
    if not any(bar.count for bar in bars):
        return None
    widths = _units(bars)
    begins = [0, *accumulate(widths)]
    peak = max(bar.count / width for bar, width in zip(bars, widths, strict=True))
    closed: list[Box] = []
    opened: list[Box] = []
    for bar, begin, width in zip(bars, begins, widths, strict=False):
        if bar.count:
            height = max(bar.count / width / peak, _LEAST) * 100
            box = Box(begin + _GAP / 2, 100 - height, width - _GAP, height)
            (closed if bar.low is not None and bar.high is not None else opened).append(box)
    half = begins[-1] / 2
    ends = {begin: bar.low for bar, begin in zip(bars, begins, strict=False)}
    return Histogram(
        units=begins[-1],
        closed=tuple(closed),
        opened=tuple(opened),
        peak=peak,
        first=bars[0].low,
        middle=ends.get(int(half)) if half == int(half) else None,
        last=bars[-1].high,
    )


def spark(counts: Sequence[int], others: int = 0) -> Histogram | None:
    """The same of values that lie on no line, the most frequent first, and all others as one."""
    bars = [ValueRange("", "", count) for count in counts]
    if others:
        bars.append(ValueRange("", None, others))
    return histogram(bars)


def _units(bars: Sequence[ValueRange]) -> list[int]:
    """How many times as wide as the narrowest each bar is; 1 for those without two ends."""
    widths = [_width(bar) for bar in bars]
    narrowest = min((width for width in widths if width), default=None)
    return [
        1 if width is None or narrowest is None else max(1, round(width / narrowest))
        for width in widths
    ]


def _width(bar: ValueRange) -> Decimal | None:
    if not bar.low or not bar.high:
        return None
    if bar.low.count("-") == 2 and bar.low[4:5] == "-":
        return Decimal((date.fromisoformat(bar.high) - date.fromisoformat(bar.low)).days)
    return Decimal(bar.high) - Decimal(bar.low)
