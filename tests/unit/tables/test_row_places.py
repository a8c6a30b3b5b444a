"""Where rows that were handed over stand in their source."""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from broker.tables.issues import RowPlace
from broker.tables.row_places import RowPlaces

# Pieces of a source as they are read: the file of each, and which of its rows are handed over.
PIECES = st.lists(st.tuples(st.sampled_from(["a", "b"]), st.lists(st.booleans(), max_size=12)))


def placed(
    pieces: Sequence[tuple[str, list[bool]]], below: RowPlaces | None = None
) -> tuple[RowPlaces, list[RowPlace]]:
    """The places as they are kept, and as they are."""
    places, expected, seen = RowPlaces(below), list[RowPlace](), dict[str, int]()
    for file, kept in pieces:
        first = seen.get(file, 0) + 1
        chosen = [at for at, is_kept in enumerate(kept) if is_kept]
        whole = None if all(kept) else pa.array(chosen, pa.int64())
        places.add(len(kept), first=first, file=file, kept=whole)
        expected += [RowPlace(first + at, file) for at in chosen]
        seen[file] = first - 1 + len(kept)
    return places, expected


def found(places: RowPlaces, numbers: Sequence[int]) -> list[RowPlace]:
    table = places.find(pa.array(numbers, pa.int64()))
    return [RowPlace(**row) for row in table.to_pylist()]


@given(PIECES)
def test_each_row_is_found_where_it_stands(pieces: list[tuple[str, list[bool]]]) -> None:
    places, expected = placed(pieces)
    assert found(places, range(len(expected))) == expected
    some = range(0, len(expected), 3)
    assert found(places, some) == [expected[number] for number in some]


@given(PIECES, st.data())
def test_rows_that_were_chosen_twice_are_found(
    pieces: list[tuple[str, list[bool]]], data: st.DataObject
) -> None:
    below, expected = placed(pieces)
    count = len(expected)
    chosen = data.draw(st.lists(st.booleans(), min_size=count, max_size=count))
    above = RowPlaces(below)
    kept = [at for at, is_kept in enumerate(chosen) if is_kept]
    above.add(count, first=1, kept=pa.array(kept, pa.int64()))
    assert found(above, range(len(kept))) == [expected[at] for at in kept]


def test_files_that_are_read_whole_take_one_entry_each() -> None:
    places = RowPlaces()
    for piece in range(1_000):
        places.add(10, first=1 + 10 * piece, file="a")
    assert len(places._runs) == 1
