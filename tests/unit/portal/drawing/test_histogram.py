from __future__ import annotations

from decimal import Decimal
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broker.portal.drawing.histogram import Histogram, ValueRange, histogram, spark


def area(plot: Histogram) -> float:
    """Of all bars, in rows: a bar is as wide as its units but for the gap beside it."""
    bars = (*plot.closed, *plot.opened)
    return sum(round(bar.width + 0.12) * bar.height / 100 * plot.peak for bar in bars)


def even(*counts: int) -> list[ValueRange]:
    return [ValueRange(str(at * 10), str(at * 10 + 10), n) for at, n in enumerate(counts)]


def test_the_area_of_the_bars_is_the_rows() -> None:
    plot = histogram(even(100, 200, 0, 50))
    assert plot is not None
    assert area(plot) == pytest.approx(350)
    assert [bar.height for bar in plot.closed] == [50, 100, 25]
    assert (plot.first, plot.middle, plot.last) == ("0", "20", "40")


@given(st.lists(st.tuples(st.integers(1, 9), st.integers(30, 1_000)), min_size=1, max_size=36))
def test_so_it_is_where_bars_were_joined(bars: list[tuple[int, int]]) -> None:
    edges = [Decimal(0)]
    for width, _ in bars:
        edges.append(edges[-1] + width * Decimal("0.5"))
    least = min(width for width, _ in bars)
    ranges = [
        ValueRange(str(low), str(high), count * width)
        for (low, high), (width, count) in zip(pairwise(edges), bars, strict=True)
    ]
    plot = histogram(ranges)
    assert plot is not None
    rounded = [max(1, round(width / least)) for width, _ in bars]
    assert plot.units == sum(rounded)
    assert area(plot) == pytest.approx(sum(count * width for width, count in bars))


def test_bars_do_not_overlap_and_stay_in_the_field() -> None:
    plot = histogram([ValueRange(None, "0", 9), *even(1, 100_000, 3), ValueRange("30", None, 2)])
    assert plot is not None
    bars = sorted((*plot.closed, *plot.opened), key=lambda bar: bar.x)
    assert all(one.x + one.width <= other.x for one, other in pairwise(bars))
    assert all(bar.x >= 0 and bar.x + bar.width <= plot.units for bar in bars)
    assert all(bar.y + bar.height == pytest.approx(100) and bar.y >= 0 for bar in bars)


def test_an_open_bar_is_drawn_as_one() -> None:
    plot = histogram([ValueRange(None, "0", 9), *even(5), ValueRange("10", None, 2)])
    assert plot is not None
    assert (len(plot.opened), len(plot.closed)) == (2, 1)
    assert (plot.first, plot.last) == (None, None)


def test_months_are_equally_wide() -> None:
    starts = [f"2026-{month:02}-01" for month in range(1, 13)]
    plot = histogram([ValueRange(low, high, 10) for low, high in pairwise(starts)])
    assert plot is not None
    assert plot.units == 11
    assert {bar.height for bar in plot.closed} == {100}


def test_negative_numbers_are_no_dates() -> None:
    plot = histogram([ValueRange("-20", "-10", 1), ValueRange("-10", "1E+1", 4)])
    assert plot is not None
    assert plot.units == 3


def test_where_there_are_rows_there_is_something_to_see() -> None:
    plot = histogram(even(1, 1_000_000))
    assert plot is not None
    assert plot.closed[0].height > 1


@pytest.mark.parametrize("bars", [[], even(0), even(0, 0)])
def test_without_rows_there_is_no_plot(bars: list[ValueRange]) -> None:
    assert histogram(bars) is None


def test_other_values_are_drawn_pale() -> None:
    plot = spark([30, 20], others=10)
    assert plot is not None
    assert (len(plot.closed), len(plot.opened)) == (2, 1)
    assert plot.closed_path.count("z") == 2
    assert plot.closed_path.startswith("M0.06 0h0.88v100h-0.88z")
