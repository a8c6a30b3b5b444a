"""Where the rows of a table come from, whatever id the table has."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from itertools import combinations

from ..config import Instance, TableDescription
from ..publish import Readers
from ..publish.readers import meet
from ..sources.contract import Located, Source, TableRequest

__all__ = ["address_of", "doubts", "places_of"]


_OWN = "source "  # before a name of instance.yaml


def places_of(name: str, source: Source, request: TableRequest) -> frozenset[str]:
    """The places of a table of the source ``name``: by that name, and by where the source is.

    A source that cannot say where its tables are, or not of this one, has them by their id.
    """
    own = f"{_OWN}{name}/"
    if isinstance(source, Located):
        # What is wrong with one table is reported as it is read, and must not stop the others here.
        with suppress(Exception):
            location = source.location(request)
            return frozenset({location.whole, f"{own}{location.name}"})
    return frozenset({f"{own}{request.id}"})


def address_of(places: frozenset[str]) -> str:
    """Of the places of a table the one that does not depend on how its source is called here.

    Where its source does not know, it is the one that does.
    """
    return min(places, key=lambda place: (place.startswith(_OWN), place))


def doubts(
    tables: Sequence[TableDescription],
    places: Mapping[str, frozenset[str]],
    instance: Instance,
) -> Iterator[str]:
    """Tables of the same rows that are not for the same readers, a sentence each."""
    readers = {
        table.id: Readers(access, instance.group_of(access))
        for table in tables
        for access in [instance.access_of(table)]
    }
    for one, other in combinations(readers, 2):
        first, second = readers[one], readers[other]
        if first.cover(second) and second.cover(first):
            continue
        if any(meet(a, b) for a in places[one] for b in places[other]):
            yield (
                f"the tables {one} and {other} have the same rows for other readers: {first} can "
                f"read {one}, {second} can read {other}"
            )
