"""Bars of a plot from counted cells. Their counts add up to the rows that have a value. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from itertools import count

from .cells import DAY, MONTH, day_of, month_of, month_start
from .kinds import Kind

__all__ = ["Bar", "bars_of", "bulk_of", "open_bars", "quantile"]

MOST_BARS = 36
_TAIL = 0.005  # of the rows, on each side, that may lie beyond the bars of equal width
_FAR = 4  # times the width of the rest, from which on a tail counts as far away


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


def bars_of(kind: Kind, level: int, cells: Mapping[int, int]) -> tuple[Bar, ...]:
    """At most ``MOST_BARS`` bars of equal width, and one for each tail that lies far away."""
    if not cells:
        return ()
    first, last = bulk_of(cells)
    unit = next(
        one
        for one in (_time_units(level) if kind is Kind.TIME else _number_units(level))
        if one.bar_of(last) - one.bar_of(first) < MOST_BARS
    )
    found: Counter[int] = Counter()
    for cell, rows in cells.items():
        found[unit.bar_of(cell)] += rows
    begin, end = unit.bar_of(first), unit.bar_of(last)
    below = sum(rows for bar, rows in found.items() if bar < begin)
    above = sum(rows for bar, rows in found.items() if bar > end)
    bars = [Bar(unit.edge_of(at), unit.edge_of(at + 1), found[at]) for at in range(begin, end + 1)]
    tail = [Bar(None, unit.edge_of(begin), below)] if below else []
    return _joined([*tail, *bars, *([Bar(unit.edge_of(end + 1), None, above)] if above else [])])


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


def bulk_of(cells: Mapping[int, int]) -> tuple[int, int]:
    """The first and the last cell, without tails of few rows that lie far away."""
    ordered = sorted(cells)
    first, last = ordered[0], ordered[-1]
    inner = _cell_at(cells, _TAIL), _cell_at(cells, 1 - _TAIL)
    width = inner[1] - inner[0] + 1
    if inner[0] - first > _FAR * width:
        first = inner[0]
    if last - inner[1] > _FAR * width:
        last = inner[1]
    return first, last


def quantile(level: int, cells: Mapping[int, int], share: float) -> str:
    """Where the cell begins in which this share of numbers is reached: right within one cell."""
    return _number_text(_cell_at(cells, share), level)


def _number_text(cells: int, level: int) -> str:
    """So many cells of this level as a decimal number, without an exponent while it is short."""
    value = Decimal(cells).scaleb(level)
    return f"{value:f}" if abs(level) <= 20 else str(value)


def _cell_at(cells: Mapping[int, int], share: float) -> int:
    """The cell in which this share of the rows is passed."""
    wanted, before = share * sum(cells.values()), 0
    for cell in sorted(cells):
        before += cells[cell]
        if before > wanted:
            return cell
    return max(cells)


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
