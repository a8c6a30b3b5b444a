"""Bars of a plot from counted cells. Their counts add up to the rows that have a value. Pure."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from itertools import count, pairwise

from .cells import DAY, MONTH, day_of, month_of, month_start
from .kinds import Kind
from .ordered import OrderedCells

__all__ = ["Bar", "bars_of", "open_bars", "quantile"]

MOST_BARS = 36


@dataclass(frozen=True, slots=True)
class Bar:
    """So many rows from ``low`` on and below ``high``; None is an open end.

    Edges are decimal numbers, or days of UTC as ``2026-11-30``.
    """

    low: str | None
    high: str | None
    count: int


@dataclass(frozen=True, slots=True)
class _Unit:
    """A way to make wider bars of cells: the bar of a cell, and where a bar begins."""

    bar_of: Callable[[int], int]
    edge_of: Callable[[int], str | None]


def bars_of(kind: Kind, level: int, ordered: OrderedCells) -> tuple[Bar, ...]:
    """At most ``MOST_BARS`` bars of equal width, and one for each tail that lies far away."""
    cells = ordered.cells
    if not cells:
        return ()
    first, last = ordered.bulk
    unit = next(
        one
        for one in (_time_units(level) if kind is Kind.TIME else _number_units(level))
        if one.bar_of(last) - one.bar_of(first) < MOST_BARS
    )
    begin, end = unit.bar_of(first), unit.bar_of(last)
    starts = [bisect_left(cells, bar, key=unit.bar_of) for bar in range(begin, end + 2)]
    edges = [unit.edge_of(bar) for bar in range(begin, end + 2)]
    bars = [
        Bar(low, high, ordered.rows(start, stop))
        for (low, high), (start, stop) in zip(pairwise(edges), pairwise(starts), strict=True)
    ]
    below, above = ordered.rows(0, starts[0]), ordered.rows(starts[-1], len(cells))
    tail = [Bar(None, edges[0], below)] if below else []
    return _joined([*tail, *bars, *([Bar(edges[-1], None, above)] if above else [])])


def _joined(bars: Sequence[Bar]) -> tuple[Bar, ...]:
    """The same rows, in one bar where the edge between two is out of Python's calendar."""
    found: list[Bar] = []
    for bar in bars:
        if found and bar.low is None:
            found[-1] = replace(found[-1], high=bar.high, count=found[-1].count + bar.count)
        else:
            found.append(bar)
    return tuple(found)


def open_bars(bars: Sequence[Bar], fewest: int) -> tuple[Bar, ...]:
    """The same rows in bars of none or at least ``fewest``; the outer ends are open.

    So no end tells the least or the greatest value. Without enough rows in all, one bar is left.
    """
    found: list[Bar] = []
    for bar in bars:
        if found and 0 < found[-1].count < fewest:
            found[-1] = replace(found[-1], high=bar.high, count=found[-1].count + bar.count)
        else:
            found.append(bar)
    while len(found) > 1 and found[-1].count < fewest:
        last = found.pop()
        found[-1] = replace(found[-1], high=last.high, count=found[-1].count + last.count)
    while len(found) > 1 and found[0].count < fewest:
        first = found.pop(0)
        found[0] = replace(found[0], low=first.low, count=found[0].count + first.count)
    if found:
        found[0] = replace(found[0], low=None)
        found[-1] = replace(found[-1], high=None)
    return tuple(found)


def quantile(level: int, ordered: OrderedCells, share: float) -> str:
    """Where the cell begins in which this share of numbers is reached: right within one cell."""
    return _number_text(ordered.cell_at(share), level)


def _number_text(cells: int, level: int) -> str:
    """So many cells of this level as a decimal number, without an exponent while it is short."""
    value = Decimal(cells).scaleb(level)
    return f"{value:f}" if abs(level) <= 20 else str(value)


def _number_units(level: int) -> Iterator[_Unit]:
    """Bars of 1, 2, 5, 10, 20, 50, … cells."""
    for power in count():
        for width in (10**power, 2 * 10**power, 5 * 10**power):
            yield _Unit(
                lambda cell, width=width: cell // width,  # type: ignore[misc]
                lambda bar, width=width: _number_text(bar * width, level),  # type: ignore[misc]
            )


def _time_units(level: int) -> Iterator[_Unit]:
    """Bars of a day, a month, a quarter, a year, and ever more years."""
    if level == DAY:
        yield _Unit(lambda cell: cell, lambda bar: _text(day_of(bar)))
    for months in (1, 3, 12, 60, *(120 * 10**power for power in range(8))):
        yield _Unit(
            lambda cell, months=months: (  # type: ignore[misc]
                (cell if level == MONTH else month_of(cell)) // months
            ),
            lambda bar, months=months: _text(month_start(bar * months)),  # type: ignore[misc]
        )


def _text(day: object) -> str | None:
    return None if day is None else str(day)
