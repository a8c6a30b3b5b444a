"""How far back the rows of a version reach."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from .files.apply import Previous
from .model import Limits
from .session import columns_of, identifier, one_row, parquet, session

__all__ = ["Reach", "reach"]

_TIMES = ("DATE", "TIMESTAMP", "TIMESTAMPTZ", "TIMESTAMP WITH TIME ZONE")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Reach:
    """The first and the last instant of a column, in UTC; a day and a wall time count as in UTC."""

    oldest: datetime
    newest: datetime


def reach(version: Previous, column: str, *, work: Path, limits: Limits) -> Reach | None:
    """How far a column reaches; None where it does not hold times, or none at all."""
    if not version.files:
        return None
    with session(limits, work) as connection:
        files = parquet(version.paths())
        if columns_of(connection, files).get(column) not in _TIMES:
            return None
        instant = f"epoch_us(CAST({identifier(column)} AS TIMESTAMPTZ))"
        first, last = one_row(
            connection,
            f"SELECT min({instant}), max({instant}) FROM {files} "
            f"WHERE isfinite({identifier(column)})",
        )
    return None if first is None else Reach(_instant(first), _instant(last))


def _instant(microseconds: int) -> datetime:
    return _EPOCH + timedelta(microseconds=microseconds)
