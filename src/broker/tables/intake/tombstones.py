"""Rows that say that their key is gone: the last row of a key in a batch decides."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from ..model import Tombstone
from ..session import one_row
from ..values.text import pattern
from .staged import Staged

__all__ = ["Marked", "bury"]


@dataclass(frozen=True, slots=True)
class Marked:
    """Which rows of a delivery say that their key is gone."""

    tombstone: Tombstone
    names: Sequence[str]
    key: Sequence[str]

    def take_out(self, table: pa.Table) -> tuple[pa.Table, pa.ChunkedArray]:
        """The rows, with NULL in all of the dead but their key, and which of them are dead.

        Of a dead row only the key counts: nothing else of it must fit.
        """
        dead = self._dead(table.column(self.names.index(self.tombstone.column)))
        if not pc.any(dead).as_py():
            return table, dead
        living = pc.if_else(dead, None, pa.arange(0, len(table)))
        columns = [
            column if name in self.key else column.take(living)
            for name, column in zip(self.names, table.columns, strict=True)
        ]
        return pa.table(columns, schema=table.schema), dead

    def _dead(self, column: pa.ChunkedArray) -> pa.ChunkedArray:
        marks = [m for m in column.unique().cast(pa.string()).to_pylist() if self._is_mark(m)]
        return pc.is_in(column.cast(pa.string()), pa.array(marks, pa.string()))

    def _is_mark(self, text: str | None) -> bool:
        """As numbers where both are, else as text: the way in which ``where_filters`` compare."""
        if text is None or text in self.tombstone.values:
            return text is not None
        number = _number(text)
        return number is not None and number in map(_number, self.tombstone.values)


def _number(text: str) -> Decimal | None:
    """The number that a text is by the grammar: Python's own takes blanks and digits of Arabic."""
    if re.fullmatch(pattern("DOUBLE", strict=False) or "", text) is None:
        return None
    found = Decimal(text)
    return found if found.is_finite() else None


def bury(
    connection: duckdb.DuckDBPyConnection, key: Sequence[str], staged: Staged, *, displaced: bool
) -> int:
    """Make the table ``dead`` of the keys whose last row says that they are gone; returns how many.

    There is no such table when none is.
    """
    if not staged.marked:
        return 0
    columns = ", ".join(f"{staged.value(name)} AS k{at}" for at, name in enumerate(key))
    connection.register("rows", staged.spill.reader(staged.spill.partitions()))
    connection.execute(
        f"CREATE OR REPLACE TABLE dead AS SELECT {columns} FROM rows "
        f"{staged.where(displaced=displaced, dead=True)}"
    )
    connection.unregister("rows")
    (count,) = one_row(connection, "SELECT count(*) FROM dead")
    return int(count)
