"""Cells in their order, against a pass over all of them."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from broker.profile.ordered import OrderedCells

CELLS = st.dictionaries(st.integers(-60, 60), st.integers(1, 9), min_size=1)
SHARES = st.sampled_from([0.0, 0.25, 0.5, 0.75, 1.0]) | st.floats(0, 1)


@given(CELLS, SHARES)
def test_a_share_is_passed_in_the_cell_where_one_row_more_stands(
    cells: dict[int, int], share: float
) -> None:
    rows = [cell for cell in sorted(cells) for _ in range(cells[cell])]
    place = int(share * len(rows))
    assert OrderedCells.of(cells).cell_at(share) == rows[min(place, len(rows) - 1)]


@given(CELLS, st.integers(-70, 70), st.integers(-70, 70))
def test_a_part_is_what_lies_between(cells: dict[int, int], first: int, last: int) -> None:
    part = OrderedCells.of(cells).between(min(first, last), max(first, last))
    inside = {cell: cells[cell] for cell in cells if min(first, last) <= cell <= max(first, last)}
    assert part == OrderedCells.of(inside)
    assert part.rows(0, len(part.cells)) == sum(inside.values())


def test_a_few_rows_far_away_are_no_part_of_the_bulk() -> None:
    assert OrderedCells.of({0: 300, 1: 300, 2: 300, 1_000: 1}).bulk == (0, 2)
    assert OrderedCells.of({-1_000: 1, 0: 300, 1: 300}).bulk == (0, 1)
    assert OrderedCells.of({0: 300, 1: 300, 1_000: 50}).bulk == (0, 1_000)
