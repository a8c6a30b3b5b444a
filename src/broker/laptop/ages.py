"""How old each table is, and whether that is what was promised. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from ..foreign.text import shown
from ..manifest import Manifest, TableEntry

__all__ = ["TableAge", "age_of", "clock_warning", "length", "now_by"]

_MOST_BEHIND = timedelta(minutes=5)  # no two clocks are the same
_LONGEST = 10**9  # seconds, as timedelta of any promise


@dataclass(frozen=True, slots=True)
class TableAge:
    """``name`` is that of the view; ``problem`` is a sentence where the table is not as promised.

    ``seconds`` since ``as_of`` is None for a table that was never loaded.
    """

    name: str
    status: str
    as_of: datetime | None
    seconds: int | None
    promise: int | None
    problem: str | None

    @property
    def is_stale(self) -> bool:
        """Whether an answer from it needs a warning."""
        return self.problem is not None


def now_by(clock: datetime, manifest: Manifest) -> datetime:
    """The time by the laptop's clock, which cannot be before the generation was made."""
    return max(clock.astimezone(UTC), manifest.created_at)


def clock_warning(manifest: Manifest, clock: datetime) -> str | None:
    """A sentence where the laptop's clock is behind what the broker signed."""
    behind = manifest.created_at - clock
    if behind <= _MOST_BEHIND:
        return None
    return (
        f"the clock of this laptop is {length(behind.total_seconds())} behind the time at which "
        "the generation was made, and ages count from that time: set the clock"
    )


def age_of(entry: TableEntry, name: str, now: datetime) -> TableAge:
    """The age of a table whose view has this name."""
    seconds = None if entry.as_of is None else int((now - entry.as_of).total_seconds())
    return TableAge(
        name=name,
        status=str(entry.status),
        as_of=entry.as_of,
        seconds=None if seconds is None else max(seconds, 0),
        promise=entry.freshness_seconds,
        problem=_problem(entry, name, seconds),
    )


def _problem(entry: TableEntry, name: str, seconds: int | None) -> str | None:
    since = f"is of {entry.as_of:%Y-%m-%d %H:%M} UTC" if entry.as_of else "has never been loaded"
    if not entry.status.is_good:
        return f"{shown(name)} {since}: {entry.status.words}"
    promise = entry.freshness_seconds
    if promise is not None and seconds is not None and seconds > promise:
        return f"{shown(name)} {since}, older than the {length(promise)} promised"
    return None


def length(seconds: float) -> str:
    """A span of time for people: its two largest units."""
    left = int(min(seconds, _LONGEST))
    parts = []
    for name, size in (("d", 86_400), ("h", 3_600), ("min", 60), ("s", 1)):
        count, left = divmod(left, size)
        if count:
            parts.append(f"{count} {name}")
    return " ".join(parts[:2]) or "0 s"
