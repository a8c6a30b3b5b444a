from __future__ import annotations

import os
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broker.publish.retention import Candidate, PruneRule, expired, in_use, removable

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
LONG_AGO = NOW - timedelta(days=40)
OLD = Candidate("a", LONG_AGO, False, True, LONG_AGO, False)
CURRENT = Candidate("z", NOW, True, True, None, False)

instants = st.integers(min_value=0, max_value=100).map(lambda days: NOW - timedelta(days=days))
candidates = st.lists(
    st.builds(
        Candidate,
        st.text("abcdef0123456789", min_size=4, max_size=4),
        instants,
        st.just(False),
        st.booleans(),
        st.none() | instants,
        st.booleans(),
    ),
    unique_by=lambda candidate: candidate.id,
)


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"is_current": True}, "current"),
        ({"in_use": True}, "a process stands in it"),
        ({"superseded_at": NOW - timedelta(hours=23)}, "within the grace"),
        ({"superseded_at": None}, "not known until when it was current"),
    ],
)
def test_protected(change: dict[str, object], why: str) -> None:
    assert removable([OLD, CURRENT], PruneRule(), NOW) == [OLD], "the bare case"
    assert removable([replace(OLD, **change), CURRENT], PruneRule(), NOW) == [], why  # type: ignore[arg-type]


def test_the_newest_good_one_stays_while_the_newer_are_bad() -> None:
    bad = replace(OLD, id="b", is_good=False)
    older = replace(OLD, id="0")
    found = removable([older, OLD, bad, replace(CURRENT, is_good=False)], PruneRule(), NOW)
    assert [candidate.id for candidate in found] == ["0", "b"]


@given(candidates, st.integers(min_value=1, max_value=5))
def test_what_is_protected_stays_whatever_the_policy(found: list[Candidate], count: int) -> None:
    policy = PruneRule(count=count, days=1, grace=timedelta(days=3))
    leaving = removable([*found, CURRENT], policy, NOW)
    good = [candidate.id for candidate in [*found, CURRENT] if candidate.is_good]
    for candidate in leaving:
        assert not candidate.is_current
        assert not candidate.in_use
        assert candidate.id != max(good)
        assert candidate.superseded_at is not None
        assert NOW - candidate.superseded_at >= policy.grace
    assert leaving == sorted(leaving, key=lambda candidate: candidate.id)


def test_past_the_count_or_the_age() -> None:
    many = [replace(OLD, id=name, taken_at=NOW - timedelta(days=1)) for name in "abcd"]
    assert expired([*many, CURRENT], PruneRule(count=3), NOW) == {"a", "b"}
    assert expired([OLD, *many[1:]], PruneRule(days=30), NOW) == {"a"}
    assert expired([OLD, *many[1:]], PruneRule(days=50), NOW) == set()


@pytest.mark.parametrize("jump", [timedelta(days=31), timedelta(days=1095)])
def test_a_clock_that_jumps_ahead_makes_none_old_for_a_day(jump: timedelta) -> None:
    hourly = [
        replace(OLD, id=f"{hour:03}", taken_at=NOW - timedelta(hours=50 - hour))
        for hour in range(50)
    ]
    wrong = [
        replace(OLD, id=f"9{hour:02}", taken_at=NOW + jump + timedelta(hours=hour))
        for hour in range(30)
    ]
    policy = PruneRule(count=1000, days=30)
    for hour in range(24):
        assert expired([*hourly, *wrong[: hour + 1]], policy, wrong[hour].taken_at) == set()
    assert expired([*hourly, *wrong[:24]], policy, NOW) == set(), "and is set right"
    assert expired([*hourly, *wrong], policy, wrong[-1].taken_at) == {one.id for one in hourly}


@pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="no /proc on this system")
def test_an_open_folder_marks_its_generation(tmp_path: Path) -> None:
    (tmp_path / "g1" / "views").mkdir(parents=True)
    (tmp_path / "g2").mkdir()
    descriptor = os.open(tmp_path / "g1" / "views", os.O_RDONLY)
    try:
        assert in_use(tmp_path) == {"g1"}
    finally:
        os.close(descriptor)
    assert in_use(tmp_path) == set()
