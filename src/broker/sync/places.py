"""Where the rows of a table come from, whatever id the table has."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from itertools import combinations

from ..config import Instance, TableDescription
from ..publish import Readers
from ..publish.readers import meet
from ..sources.contract import Located, Source, TableRequest

__all__ = ["doubts", "places_of"]


def places_of(name: str, source: Source, request: TableRequest) -> frozenset[str]:
    """The places of a table of the source ``name``: by that name, and by where the source is.

    A source that cannot say where its tables are, or not of this one, has them by their id.
    """
    if isinstance(source, Located):
        # What is wrong with one table is reported as it is read, and must not stop the others here.
        with suppress(Exception):
            location = source.location(request)
            return frozenset({location.whole, f"source {name}/{location.name}"})
    return frozenset({f"source {name}/{request.id}"})


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
