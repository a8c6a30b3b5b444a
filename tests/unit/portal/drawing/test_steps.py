from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from broker.portal.drawing.steps import steps

BEGIN = datetime(2026, 11, 1, tzinfo=UTC)


def days(*values: float) -> list[tuple[datetime, float]]:
    return [(BEGIN + timedelta(days=at), value) for at, value in enumerate(values)]


def test_a_value_stands_until_the_next() -> None:
    line = steps(days(50, 100, 0))
    assert line is not None
    assert line.path == "M0 50H50V0H100V100"
    assert (line.peak, line.zero) == (100, 100)
    assert (line.first, line.last) == (BEGIN, BEGIN + timedelta(days=2))


def test_below_zero_the_axis_is_in_between() -> None:
    line = steps(days(-50, 150))
    assert line is not None
    assert line.path == "M0 100H100V0"
    assert line.zero == 75


def test_small_changes_stay_small() -> None:
    line = steps(days(0, 0.01), least_peak=0.05)
    assert line is not None
    assert line.path == "M0 100H100V80"
    assert line.peak == 0.05


@pytest.mark.parametrize("value", [0, -3])
def test_a_line_that_never_rises_is_in_the_field(value: float) -> None:
    line = steps(days(value, value))
    assert line is not None
    assert line.path == "M0 100H100V100" if value else "M0 0H100V0"


def test_two_versions_of_one_second_are_drawn() -> None:
    line = steps([(BEGIN, 1), (BEGIN, 2)])
    assert line is not None
    assert line.path == "M0 50H0V0"


@pytest.mark.parametrize("points", [[], days(1)])
def test_one_value_is_no_line(points: list[tuple[datetime, float]]) -> None:
    assert steps(points) is None
