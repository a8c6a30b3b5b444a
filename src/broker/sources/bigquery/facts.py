"""What BigQuery says of a table, and of a statement that it did not run."""

from __future__ import annotations

from dataclasses import dataclass

from .types import ApiField

__all__ = ["Estimate", "Facts"]


@dataclass(frozen=True, slots=True)
class Facts:
    """A table. ``rows`` and ``bytes`` are None for a view and for a query."""

    fields: tuple[ApiField, ...]
    key: tuple[str, ...] = ()
    description: str = ""
    rows: int | None = None
    bytes: int | None = None


@dataclass(frozen=True, slots=True)
class Estimate:
    """The bytes that a statement would read, and the columns of its answer."""

    bytes: int
    fields: tuple[ApiField, ...]
