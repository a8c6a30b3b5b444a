"""What a tier shows of a column: the one place where values are left out. Pure."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from ..config.profiles import Tier
from .bars import Bar, bars_of, open_bars, quantile
from .coverage import coverage_of
from .facts import ColumnFacts
from .kinds import Kind
from .ordered import OrderedCells

__all__ = ["shown_column"]

_TOP = 10
_SHARES = (0.05, 0.25, 0.5, 0.75, 0.95)


def shown_column(facts: ColumnFacts, tier: Tier, fewest: int) -> dict[str, Any]:
    """The column as the profile of this tier has it, as plain JSON.

    ``fewest`` rows are the least that a group has at the tier ``ranges``: a value that comes
    seldom, an end of a range, or a bar of few rows could tell of a single person.
    """
    shown: dict[str, Any] = {
        "name": facts.name,
        "type": facts.type,
        "kind": str(facts.kind),
        "nulls": facts.nulls,
        "distinct": facts.distinct,
        "distinct_error": facts.distinct_error,
    }
    is_open = tier is Tier.RANGES
    if not _shows_values(facts, tier, fewest):
        return shown
    ordered = OrderedCells.of(facts.cells)
    bars = bars_of(facts.kind, facts.level, ordered)
    if is_open:
        bars = open_bars(bars, fewest)
    shown |= {"not_finite": facts.not_finite, "bars": [_bar(bar) for bar in bars]}
    frequent = _top(facts, fewest if is_open else 1, bars)
    shown |= frequent
    if facts.kind is Kind.NUMBER and facts.cells and not (is_open and facts.finite < fewest):
        shown |= _numbers(facts, ordered, fewest if is_open else 0, frequent["top"])
    if facts.kind is Kind.TIME and facts.cells:
        shown["coverage"] = _coverage(facts, bars if is_open else None)
    if facts.characters is not None:
        shown["characters"] = _characters(facts, is_open=is_open)
    if not is_open:
        shown |= {"low": facts.low, "high": facts.high}
    return shown


def _shows_values(facts: ColumnFacts, tier: Tier, fewest: int) -> bool:
    """Whether anything is shown that tells of values, and not only how many there are."""
    is_small = tier is Tier.RANGES and facts.rows - facts.nulls < fewest
    return tier is not Tier.COUNTS and not is_small


def _bar(bar: Bar) -> dict[str, Any]:
    """As ``asdict``, which takes far longer for each of many."""
    return {"low": bar.low, "high": bar.high, "count": bar.count}


def _top(facts: ColumnFacts, fewest: int, bars: Sequence[Bar]) -> dict[str, Any]:
    """The most frequent values, and how many rows have another one.

    Where few rows have another one, so few that they are a small group, the rarest of the values
    go to them. So do those of a bar that has few other rows, and all times, which the bars tell of.
    """
    if facts.kind is Kind.OTHER:
        return {}
    known = facts.rows - facts.nulls
    values = [pair for pair in facts.values if pair[1] >= fewest][:_TOP]
    if fewest > 1:
        values = [] if facts.kind is Kind.TIME else _apart_from_bars(facts, values, fewest, bars)
    while values and 0 < known - sum(count for _, count in values) < fewest:
        values.pop()
    return {
        "top": [{"value": value, "count": count} for value, count in values],
        "top_is_exact": facts.has_all,
        "others": known - sum(count for _, count in values),
    }


def _apart_from_bars(
    facts: ColumnFacts, values: Sequence[tuple[str, int]], fewest: int, bars: Sequence[Bar]
) -> list[tuple[str, int]]:
    """Without the values whose rows, taken from those of their bar, would leave a small group."""
    if facts.kind is not Kind.NUMBER:
        return list(values)
    left = [*(bar.count for bar in bars), facts.not_finite]
    found = []
    for value, count in values:
        at = _bar_of(value, bars)
        if left[at] - count == 0 or left[at] - count >= fewest:
            left[at] -= count
            found.append((value, count))
    return found


def _bar_of(value: str, bars: Sequence[Bar]) -> int:
    """The place of the bar in which a number lies; one that is not finite comes after all."""
    number = Decimal(value)
    if not number.is_finite():
        return len(bars)
    highs = (Decimal(bar.high) if bar.high is not None else Decimal("Infinity") for bar in bars)
    return next((at for at, high in enumerate(highs) if number < high), len(bars) - 1)


def _numbers(
    facts: ColumnFacts, ordered: OrderedCells, fewest: int, top: Sequence[Mapping[str, Any]]
) -> dict[str, Any]:
    """Mean and quantiles; one that lies among the ``fewest`` outermost rows is left out."""
    rows = facts.finite
    return {
        "mean": _open_mean(facts, fewest) if fewest else facts.mean,
        "zeros": _open_zeros(facts, top) if fewest else facts.zeros,
        "quantiles": [
            {"share": share, "value": quantile(facts.level, ordered, share)}
            for share in _SHARES
            if min(share, 1 - share) * rows >= fewest
        ],
    }


def _open_mean(facts: ColumnFacts, fewest: int) -> float | None:
    """The mean in steps so wide that no small group of rows can be computed from two of them."""
    if facts.mean is None or facts.low is None or facts.high is None:
        return None
    width = (float(facts.high) - float(facts.low)) * fewest / facts.finite
    if not math.isfinite(width):
        return None
    if not width:
        return facts.mean
    rounded = round(facts.mean, -math.ceil(math.log10(width)))
    return float(f"{rounded:.11e}") if rounded else None


def _open_zeros(facts: ColumnFacts, top: Sequence[Mapping[str, Any]]) -> int | None:
    """How many zeros there are; where there are some, only if 0 is among the frequent values."""
    shown = [one["count"] for one in top if Decimal(one["value"]) == 0]
    return facts.zeros if facts.zeros in (0, *shown) else None


def _coverage(facts: ColumnFacts, bars: tuple[Bar, ...] | None) -> dict[str, Any] | None:
    """First and last day, and the gaps; with open ``bars``, their part between the inner edges."""
    found = coverage_of(facts.level, facts.cells)
    if found is None:
        return None
    if bars is None:
        return asdict(found)
    first, last = bars[0].high, bars[-1].low
    if len(bars) < 3 or first is None or last is None:
        return None
    digits = len(found.first)  # those of a month where gaps are months
    begin, end = first[:digits], _before(last[:digits])
    cut = [(max(gap[0], begin), min(gap[1], end)) for gap in found.gaps]
    gaps = [gap for gap in cut if gap[0] <= gap[1]]
    ends = {"first": first[:digits], "last": last[:digits]}
    return {"unit": found.unit, **ends, "missing": None, "gaps": gaps}


def _before(text: str) -> str:
    """The day or month before one."""
    before = date.fromisoformat(f"{text}-01"[: len("2026-11-30")]) - timedelta(days=1)
    return str(before)[: len(text)]


def _characters(facts: ColumnFacts, *, is_open: bool) -> dict[str, Any] | None:
    if facts.characters is None:
        return None
    least, mean, greatest = facts.characters
    return {"mean": round(mean, 1)} | ({} if is_open else {"least": least, "greatest": greatest})
