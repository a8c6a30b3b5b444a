"""Cells with rows in their order, so that each share of the rows is found without a pass. Pure."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate

__all__ = ["OrderedCells"]

_TAIL = 0.005  # of the rows, on each side, that may lie far away from all others
_FAR = 4  # times the width of the rest, from which on a tail counts as far away


@dataclass(frozen=True)
class OrderedCells:
    """Numbers of ``cells`` in their order; ``upto`` has 0, then the rows up to each of them."""

    cells: Sequence[int]
    upto: Sequence[int]

    @classmethod
    def of(cls, cells: Mapping[int, int]) -> OrderedCells:
        """Of the rows that each cell has."""
        ordered = sorted(cells)
        return cls(ordered, [*accumulate(map(cells.__getitem__, ordered), initial=0)])

    def rows(self, start: int, stop: int) -> int:
        """How many rows the cells from one place up to another one have."""
        return self.upto[stop] - self.upto[start]

    def between(self, first: int, last: int) -> OrderedCells:
        """Only the cells from one to another."""
        start, stop = bisect_left(self.cells, first), bisect_right(self.cells, last)
        below = self.upto[start]
        upto = [count - below for count in self.upto[start : stop + 1]]
        return OrderedCells(self.cells[start:stop], upto)

    def cell_at(self, share: float) -> int:
        """The cell in which this share of the rows is passed; the last one where none is."""
        place = bisect_right(self.upto, share * self.upto[-1]) - 1
        return self.cells[min(place, len(self.cells) - 1)]

    @cached_property
    def bulk(self) -> tuple[int, int]:
        """The first and the last cell, without tails of few rows that lie far away."""
        first, last = self.cells[0], self.cells[-1]
        inner = self.cell_at(_TAIL), self.cell_at(1 - _TAIL)
        width = inner[1] - inner[0] + 1
        if inner[0] - first > _FAR * width:
            first = inner[0]
        if last - inner[1] > _FAR * width:
            last = inner[1]
        return first, last
