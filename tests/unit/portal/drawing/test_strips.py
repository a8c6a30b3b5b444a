from __future__ import annotations

import pytest

from broker.portal.drawing.gaps import gap_strip
from broker.portal.drawing.spread import spread


def test_a_gap_is_as_wide_as_its_days() -> None:
    (gap,) = gap_strip("2026-01-01", "2026-04-10", [("2026-01-11", "2026-01-20")]).gaps
    assert (gap.x, gap.width) == (10, 10)


def test_months_count_as_one_each() -> None:
    one, other = gap_strip(
        "2025-01", "2026-08", [("2025-03", "2025-04"), ("2026-08", "2026-08")]
    ).gaps
    assert (one.x, one.width) == (10, 10)
    assert other.x + other.width == pytest.approx(100)


def test_a_day_in_many_years_can_be_seen() -> None:
    strip = gap_strip("1990-01-01", "2026-11-30", [("2026-11-29", "2026-11-29")])
    (gap,) = strip.gaps
    assert gap.width > 0.5
    assert gap.x + gap.width <= 100
    assert strip.path.count("z") == 1


def test_the_middle_half_lies_where_its_values_do() -> None:
    found = spread({0.05: "0", 0.25: "10", 0.5: "20", 0.75: "60", 0.95: "100"})
    assert found is not None
    assert found.box == (10, 50)
    assert found.median == 20


@pytest.mark.parametrize(
    "quantiles",
    [{}, {0.25: "1", 0.5: "2", 0.75: "3"}, dict.fromkeys((0.05, 0.25, 0.5, 0.75, 0.95), "7")],
)
def test_without_a_width_there_is_nothing_to_draw(quantiles: dict[float, str]) -> None:
    assert spread(quantiles) is None
