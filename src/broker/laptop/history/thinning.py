"""Which earlier generations stay on a laptop. Pure."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from ...foreign.paths import is_generation

__all__ = ["EarlierGeneration", "begun_at", "day_of", "staying"]

_READ_ON = timedelta(days=1)  # an open notebook reads on for so long
_STAMP = "%Y-%m-%dT%H%M%SZ"
_COUNT_STAMP = 18  # characters of it at the beginning of an id


@dataclass(frozen=True, slots=True)
class EarlierGeneration:
    """One that is not in use: the name of its folder, and since when it is not."""

    name: str
    superseded_at: datetime


def day_of(name: str) -> date | None:
    """The UTC day on which a generation was begun, from the name of its folder."""
    if not is_generation(name.rstrip("+")):
        return None
    try:
        return date.fromisoformat(name[:10])
    except ValueError:
        return None


def begun_at(name: str) -> datetime | None:
    """When a generation was begun, to the second, from its id or the name of its folder."""
    try:
        return datetime.strptime(name[:_COUNT_STAMP], _STAMP).replace(tzinfo=UTC)
    except ValueError:
        return None


def staying(
    earlier: Collection[EarlierGeneration], current: str | None, now: datetime, days: int
) -> set[str]:
    """The names of those that stay: the one before, those that readers may still have open, and
    the newest of each UTC day from ``days`` days ago on.

    ``current`` is the name of the one in use: where it is the newest of its day, no other is.
    """
    if not earlier:
        return set()
    before = max(earlier, key=lambda one: (one.superseded_at, one.name))
    stay = {before.name}
    stay |= {one.name for one in earlier if one.superseded_at >= now - _READ_ON}
    newest: dict[date, str] = {}
    for name in sorted({one.name for one in earlier} | ({current} if current else set())):
        day = day_of(name)
        if day is not None:
            newest[day] = name
    oldest = now.astimezone(UTC).date() - timedelta(days=min(days, 36_500))
    if days:
        stay |= {name for day, name in newest.items() if day >= oldest}
    return stay - {current}
