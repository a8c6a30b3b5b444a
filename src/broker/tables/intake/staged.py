"""Rows that were taken in: known to fit, set aside by partition, and not yet in a file."""

from __future__ import annotations

from dataclasses import dataclass

from ..layout import Layout
from ..rows import End
from ..session import identifier
from ..values.text import cast
from .spill import Spill

__all__ = ["Staged"]


@dataclass(frozen=True, slots=True)
class Staged:
    """Rows that fit, by partition and in the order in which they came, and what they mean.

    ``marked`` says that some of them say that their key is gone.
    """

    layout: Layout
    spill: Spill
    rows: int
    end: End
    late: frozenset[str]
    ascending: bool
    marked: bool
    warnings: tuple[str, ...]

    def where(self, *, displaced: bool, dead: bool = False) -> str:
        """The SQL that selects from a reader of the rows those that are not ``displaced``:
        the living, or the dead. ``displaced`` says that there is a table of that name.
        """
        conditions = ["rows.n NOT IN (SELECT n FROM displaced)"] if displaced else []
        if self.marked:
            conditions.append("rows.dead" if dead else "NOT rows.dead")
        return f" WHERE {' AND '.join(conditions)}" if conditions else ""

    def value(self, name: str) -> str:
        """The SQL of a column's typed value, from a reader of the rows named ``rows``.

        Qualified, because a column of the table may itself be called c0.
        """
        field = self.layout.field(name)
        type_ = field.type or "VARCHAR"
        if field.source is None:
            return f"CAST(NULL AS {type_})"
        column = f"rows.c{field.source}"
        if name in self.late:
            return cast(column, type_)
        return f"CAST({column} AS JSON)" if type_ == "JSON" else column

    def select(self) -> str:
        """The SQL of all columns, typed and named, from a reader of the rows."""
        names = (field.name for field in self.layout.fields)
        return ", ".join(f"{self.value(name)} AS {identifier(name)}" for name in names)
