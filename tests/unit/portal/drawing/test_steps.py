from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from broker.portal.drawing.steps import steps

BEGIN = datetime(2026, 11, 1, tzinfo=UTC)


END = BEGIN + timedelta(days=1)


def days(*values: float | None) -> list[tuple[datetime, float | None]]:
    return [(BEGIN + timedelta(days=at), value) for at, value in enumerate(values)]


def test_a_value_stands_until_the_next() -> None:
    line = steps(days(50, 100, 0), BEGIN + timedelta(days=4))
    assert line is not None
    assert line.path == "M0 50H25V0H50V100H100"
    assert (line.peak, line.zero) == (100, 100)
    assert (line.first, line.last) == (BEGIN, BEGIN + timedelta(days=4))


def test_a_line_ends_at_what_is_shown_and_not_at_the_last_change() -> None:
    line = steps(days(50), BEGIN + timedelta(days=9))
    assert line is not None
    assert (line.path, line.last) == ("M0 0H100", BEGIN + timedelta(days=9))


def test_a_gap_is_not_drawn() -> None:
    line = steps(days(50, None, None, 100), BEGIN + timedelta(days=4))
    assert line is not None
    assert line.path == "M0 50H25M75 0H100"
    ended = steps(days(50, None), BEGIN + timedelta(days=4))
    assert ended is not None
    assert (ended.path, ended.last) == ("M0 0H25", BEGIN + timedelta(days=4))


def test_below_zero_the_axis_is_in_between() -> None:
    line = steps(days(-50, 150), END)
    assert line is not None
    assert line.path == "M0 100H100V0H100"
    assert line.zero == 75


def test_small_changes_stay_small() -> None:
    line = steps(days(0, 0.01), END, least_peak=0.05)
    assert line is not None
    assert line.path == "M0 100H100V80H100"
    assert line.peak == 0.05


@pytest.mark.parametrize("value", [0, -3])
def test_a_line_that_never_rises_is_in_the_field(value: float) -> None:
    line = steps(days(value, value), END)
    assert line is not None
    assert line.path == "M0 100H100V100H100" if value else "M0 0H100V0H100"


def test_two_versions_of_one_second_are_drawn() -> None:
    line = steps([(BEGIN, 1), (BEGIN, 2)], END)
    assert line is not None
    assert line.path == "M0 50H0V0H100"


@pytest.mark.parametrize("points", [[], days(1), days(None), days(None, None)])
def test_what_stood_for_no_time_is_not_a_line(
    points: list[tuple[datetime, float | None]],
) -> None:
    assert steps(points, BEGIN) is None
