"""Partitions: from a value to a number, from a number to the name that stands in a path."""

from __future__ import annotations

from datetime import date, timedelta

from ..errors import TableError
from .model import Partitioning

__all__ = ["NULL_PARTITION", "code", "name"]

NULL_PARTITION = "null"
_EPOCH = date(1970, 1, 1)
_TEMPORAL = ("DATE", "TIMESTAMP", "TIMESTAMPTZ")


def code(value: str, type_: str, partitioning: Partitioning, *, where: str) -> str:
    """The SQL that gives a row's partition as a number; NULL for NULL. Instants count in UTC."""
    if type_ not in _TEMPORAL:
        raise TableError(
            "the table cannot be partitioned by this column",
            where=f"{where}, column {partitioning.column}",
            expected=f"a column of type {', '.join(_TEMPORAL)}",
            found=type_,
            remedy="Declare its type under `types`, or choose another column.",
        )
    if partitioning.granularity == "day":
        return f"CAST(CAST({value} AS DATE) - DATE '1970-01-01' AS INTEGER)"
    year = f"CAST(year({value}) AS INTEGER)"
    if partitioning.granularity == "year":
        return year
    return f"({year} * 12 + CAST(month({value}) AS INTEGER) - 1)"


def name(number: int | None, granularity: str) -> str:
    """The partition's name in a path: ``2026``, ``2026_11``, ``2026_11_22`` or ``null``."""
    if number is None:
        return NULL_PARTITION
    if granularity == "year":
        return f"{number:04d}"
    if granularity == "month":
        return f"{number // 12:04d}_{number % 12 + 1:02d}"
    day = _EPOCH + timedelta(days=number)
    return f"{day.year:04d}_{day.month:02d}_{day.day:02d}"
