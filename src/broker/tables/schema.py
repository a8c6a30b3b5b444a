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
from enum import StrEnum

__all__ = ["Column", "TableSchema", "TypedBy"]


class TypedBy(StrEnum):
    """What the type of a published column was taken from."""

    DECLARATION = "declaration"  # the description, or the source
    VALUES = "values"  # so it widens where a value needs that
    NOTHING = "nothing"  # no value came yet


@dataclass(frozen=True, slots=True)
class Column:
    """One column. ``type`` is None where a source cannot say: the engine then infers it once.

    ``typed_by`` is None for a column that is not published, or was by an older release.
    """

    name: str
    type: str | None = None
    nullable: bool = True
    description: str = ""
    typed_by: TypedBy | None = None


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
        for facts in shape:
            del facts["typed_by"]
        return hashlib.sha256(json.dumps(shape, sort_keys=True).encode()).hexdigest()[:16]
