"""How far back the rows of a version reach."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

from .files.apply import Previous
from .model import Limits
from .session import columns_of, identifier, one_row, parquet, session

__all__ = ["oldest"]

_TIMES = ("DATE", "TIMESTAMP", "TIMESTAMPTZ", "TIMESTAMP WITH TIME ZONE")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def oldest(version: Previous, column: str, *, work: Path, limits: Limits) -> datetime | None:
    """The first instant in a column, in UTC; None where the column holds no times, or none at all.

    A day and a wall time count as in UTC.
    """
    if not version.files:
        return None
    with session(limits, work) as connection:
        files = parquet(version.paths())
        if columns_of(connection, files).get(column) not in _TIMES:
            return None
        instant = f"CAST({identifier(column)} AS TIMESTAMPTZ)"
        (first,) = one_row(
            connection, f"SELECT min(epoch_us({instant})) FROM {files} WHERE isfinite({instant})"
        )
    return None if first is None else _EPOCH + timedelta(microseconds=first)
