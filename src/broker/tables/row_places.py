"""Where rows stand in their source: noted while they are handed over, looked up for few of them."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass, replace
from operator import methodcaller

import pyarrow as pa
import pyarrow.compute as pc

__all__ = ["RowPlaces", "placed"]

_AS_INT = methodcaller("as_py")


@dataclass(frozen=True, slots=True)
class _Run:
    """Rows that were handed over one after another, as number ``start`` (from 0) and later.

    They are those of the source's rows from ``first`` on (from 1) that ``kept`` has, or all.
    """

    start: int
    count: int
    file: str | None
    first: int
    kept: pa.Array | None

    def goes_on(self, later: _Run) -> bool:
        """Whether the rows of another stand right after these."""
        is_whole = self.kept is None and later.kept is None
        return is_whole and (self.file, self.first + self.count) == (later.file, later.first)

    def rows(self, numbers: pa.Array) -> pa.Array:
        """The source's numbers of rows by their numbers as handed over."""
        inside = pc.subtract(numbers, self.start)
        if self.kept is not None:
            inside = pc.indices_nonzero(self.kept).take(inside).cast(pa.int64())
        return pc.add(inside, self.first)


class RowPlaces:
    """The places of all rows that a reading handed over so far; a bit for each that it looked at.

    One thread may add while another finds what was added before. ``below`` has the places of
    the rows of which these are some.
    """

    def __init__(self, below: RowPlaces | None = None) -> None:
        """Nothing is handed over yet."""
        self._below = below
        self._runs: list[_Run] = []
        self._count = 0

    def add(
        self, rows: int, *, first: int, file: str | None = None, kept: pa.Array | None = None
    ) -> None:
        """Note ``rows`` rows of the source, from its row ``first`` (from 1) on.

        ``kept`` are the places among them, from 0 and ascending, of those that are handed over,
        where that is not all of them.
        """
        run = (
            _Run(self._count, rows, file, first, None)
            if kept is None
            else (self._some(rows, first, file, kept))
        )
        if not run.count:
            return
        last = self._runs[-1] if self._runs else None
        if last is not None and last.goes_on(run):
            self._runs[-1] = replace(last, count=last.count + run.count)
        else:
            self._runs.append(run)
        self._count += run.count

    def _some(self, rows: int, first: int, file: str | None, kept: pa.Array) -> _Run:
        count = len(kept)
        begin = kept[0].as_py() if count else 0
        if count == 0 or kept[-1].as_py() - begin == count - 1:
            return _Run(self._count, count, file, first + begin, None)
        mask = pc.is_in(pa.arange(0, rows), value_set=kept)
        return _Run(self._count, count, file, first, mask)

    def find(self, numbers: pa.Array) -> pa.Table:
        """``file`` and ``row`` of rows by their numbers as handed over, from 0 and ascending."""
        files, rows = [pa.array([], pa.string())], [pa.array([], pa.int64())]
        at = 0
        for run in tuple(self._runs):
            end = bisect_left(numbers, run.start + run.count, lo=at, key=_AS_INT)
            if end > at:
                rows.append(run.rows(numbers.slice(at, end - at)))
                files.append(pa.repeat(pa.scalar(run.file, pa.string()), end - at))
            at = end
        found = pa.chunked_array(rows)
        if self._below is not None:
            return self._below.find(pc.subtract(found, 1).combine_chunks())
        return pa.table({"file": pa.chunked_array(files), "row": found})


def placed(places: RowPlaces | None, numbers: pa.Array) -> pa.Table:
    """The same of any reading: without ``places``, it hands over every row of its source."""
    if places is not None:
        return places.find(numbers)
    return pa.table(
        {"file": pa.nulls(len(numbers), pa.string()), "row": pc.add(numbers, 1)},
    )
