"""Rows with a value that the format of its column does not have: rejected if they are wanted."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce

import pyarrow as pa
import pyarrow.compute as pc

from ...tables.rows import OTHER_FORMAT, Reject

__all__ = ["Rewritten", "set_aside"]


@dataclass(frozen=True, slots=True)
class Rewritten:
    """Rows of a slice, as ``written`` and as the engine reads them, with their ``places`` in it.

    ``before`` counts the rows of the file ``name`` before the slice. ``names`` are the columns that
    are handed over: a reject file shows no others.
    """

    written: pa.Table
    table: pa.Table
    names: Sequence[str]
    places: pa.Array
    name: str
    before: int

    def rejects(self, column: str, is_misfit: pa.BooleanArray) -> Iterator[Reject]:
        """The rejects of rows with a value of a column that its format does not have."""
        places = self.places.filter(is_misfit).to_pylist()
        texts = self.written[column].filter(is_misfit).to_pylist()
        rows = self.table.select(self.names).filter(is_misfit).to_pylist()
        for place, text, row in zip(places, texts, rows, strict=True):
            record = json.dumps(row, ensure_ascii=False)
            number = self.before + place + 1
            yield Reject(number, column, OTHER_FORMAT, text, file=self.name, record=record)


def set_aside(
    rows: Rewritten, misfits: Mapping[str, pa.BooleanArray], wanted: pa.Array | None
) -> tuple[pa.Array, list[Reject]]:
    """The numbers of the ``wanted`` rows (None: all) without a misfit, and the rejects.

    Rows of which a misfit decides whether they are wanted are among these.
    """
    every = pa.arange(0, rows.table.num_rows)
    is_wanted = pc.is_in(every, value_set=every if wanted is None else wanted)
    rejects: list[Reject] = []
    for column, is_misfit in misfits.items():
        rejects += rows.rejects(column, pc.and_(is_misfit, is_wanted))
    is_good = pc.invert(reduce(pc.or_, misfits.values()))
    return every.filter(pc.and_(is_good, is_wanted)), rejects
