"""Which of many changes make a difference."""

from __future__ import annotations

from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from broker.laptop.history.culprits import CulpritSearch


@given(st.integers(0, 60), st.sets(st.integers(0, 59)))
def test_each_change_that_makes_a_difference_alone_is_found(count: int, guilty: set[int]) -> None:
    search = CulpritSearch[int](lambda chosen: bool(guilty & {*chosen}), 10_000)
    assert search.among(range(count)) == sorted(guilty & {*range(count)})
    assert search.is_complete
    assert not search.is_joint


def test_changes_that_make_one_only_together_are_given_together() -> None:
    search = CulpritSearch[int](lambda chosen: {2, 5} <= {*chosen}, 100)
    assert {2, 5} <= {*search.among(range(8))}
    assert search.is_joint


def test_a_search_that_asks_too_often_ends_and_says_so() -> None:
    count = 0

    def differs(_: Sequence[int]) -> bool:
        nonlocal count
        count += 1
        return True

    search = CulpritSearch[int](differs, 10)
    assert {*search.among(range(1000))} == {*range(1000)}
    assert count == 10
    assert not search.is_complete
