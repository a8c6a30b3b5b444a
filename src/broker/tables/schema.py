"""What a table looks like: columns, their types, and a fingerprint of both.

Types are written as DuckDB writes them, because that is what the analyst will read in SQL:
``BOOLEAN, BIGINT, DOUBLE, DECIMAL(p,s), VARCHAR, DATE, TIME, TIMESTAMP`` (a wall time, no zone),
``TIMESTAMPTZ`` (an instant, kept in UTC), ``BLOB, JSON``, and nested ``T[]`` and ``STRUCT(...)``
from sources that have them.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass

__all__ = ["Column", "TableSchema"]


@dataclass(frozen=True, slots=True)
class Column:
    """One column. ``type`` is None where a source cannot say: the engine then infers it once."""

    name: str
    type: str | None = None
    nullable: bool = True
    description: str = ""


@dataclass(frozen=True, slots=True)
class TableSchema:
    """The columns of a table, in the order in which its files hold them."""

    columns: tuple[Column, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """The column names, in file order."""
        return tuple(column.name for column in self.columns)

    @property
    def fingerprint(self) -> str:
        """A short hash that changes when a name, a type, an order or a nullability does."""
        shape = [{**asdict(column), "description": ""} for column in self.columns]
        return hashlib.sha256(json.dumps(shape, sort_keys=True).encode()).hexdigest()[:16]
