"""Which days or months between the first and the last one have no row. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from statistics import median

from .cells import CALENDAR, DAY, MONTH, coarser, day_of, month_start
from .kinds import Kind
from .ordered import OrderedCells

__all__ = ["Coverage", "coverage_of"]

_DENSE = 0.5  # of the days or months have rows, or none can be expected
_MOST_GAPS = 20
_FEW = 5  # gaps, up to which each counts


@dataclass(frozen=True, slots=True)
class Coverage:
    """``unit`` is ``day`` or ``month``. Days are as ``2026-11-30``; a gap has its first and last.

    ``missing`` counts the units in all gaps, of which ``gaps`` lists the longest.
    """

    unit: str
    first: str
    last: str
    missing: int
    gaps: tuple[tuple[str, str], ...]


def coverage_of(level: int, cells: Mapping[int, int]) -> Coverage | None:
    """The gaps of a column of times; None where rows are too rare to speak of gaps.

    Days that Python's calendar does not have, before the year 1 and after 9999, do not count.
    Where gaps of one length are the rule, as on weekends, only longer ones count.
    """
    for unit in range(level, MONTH + 1):
        at_unit = coarser(Kind.TIME, cells, level, unit)
        found = _of_unit(unit, at_unit) if at_unit else None
        if found is not None:
            return found
    return None


def _of_unit(unit: int, cells: Mapping[int, int]) -> Coverage | None:
    known = OrderedCells.of(cells).between(*CALENDAR[unit])
    if not known.cells:
        return None
    first, last = known.bulk
    present = known.between(first, last).cells
    if len(present) < 2 or len(present) < _DENSE * (last - first + 1):
        return None
    holes = [(one + 1, other - 1) for one, other in pairwise(present) if other > one + 1]
    usual = median(end - start + 1 for start, end in holes) if len(holes) > _FEW else 0
    gaps = [(start, end) for start, end in holes if end - start + 1 > usual]
    longest = sorted(gaps, key=lambda gap: gap[0] - gap[1])[:_MOST_GAPS]
    return Coverage(
        unit="day" if unit == DAY else "month",
        first=_text(unit, first),
        last=_text(unit, last),
        missing=sum(end - start + 1 for start, end in gaps),
        gaps=tuple((_text(unit, start), _text(unit, end)) for start, end in sorted(longest)),
    )


def _date(unit: int, cell: int) -> date | None:
    """The first day of it; None where Python's calendar does not reach."""
    return day_of(cell) if unit == DAY else month_start(cell)


def _text(unit: int, cell: int) -> str:
    text = str(_date(unit, cell))
    return text if unit == DAY else text[: len("2026-11")]
