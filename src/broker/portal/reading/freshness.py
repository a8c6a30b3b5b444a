"""Whether a table is as new as was promised, in words and as one of four grades. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from ...catalog.model import CatalogTable
from ...catalog.standing import TableStanding
from ...manifest import Status
from ..look.figures import age, duration

__all__ = ["Freshness", "freshness_of", "is_late"]


@dataclass(frozen=True, slots=True)
class Freshness:
    """``grade`` is ``good``, ``warn`` (older than promised), ``bad`` (the last load did not
    succeed) or empty, where nothing was promised. ``promise`` is a span of time as text."""

    grade: str
    word: str
    age: str
    as_of: datetime | None
    promise: str | None


def freshness_of(table: CatalogTable, now: datetime) -> Freshness:
    """How a table stands at this moment."""
    since, promise = table.as_of, table.freshness_seconds
    if not table.status.is_good:
        grade, word = "bad", table.status.words
    elif is_late(table, now):
        grade, word = "warn", "late"
    elif table.status is Status.EMPTY:
        grade, word = "warn", table.status.words
    elif since is None:
        grade, word = "", "never loaded"
    else:
        grade, word = ("good", "fresh") if promise is not None else ("", "")
    return Freshness(
        grade=grade,
        word=word,
        age="never loaded" if since is None else age(since, now),
        as_of=since,
        promise=None if promise is None else duration(promise),
    )


def is_late(table: CatalogTable | TableStanding, now: datetime) -> bool:
    """Whether the data are older than was promised."""
    since, promise = table.as_of, table.freshness_seconds
    return promise is not None and since is not None and (now - since).total_seconds() > promise
