"""How old the data are, in words for the person who syncs or asks."""

from __future__ import annotations

from datetime import datetime, timedelta

from ..foreign.text import prose, shown
from ..manifest import Manifest, TableEntry

__all__ = ["now_by", "stale", "summary"]


def summary(manifest: Manifest) -> str:
    """How much is in it."""
    rows = sum(entry.rows for entry in manifest.tables)
    return f"{len(manifest.tables)} tables, {rows:,} rows"


def now_by(clock: datetime, manifest: Manifest) -> datetime:
    """The time, by a laptop whose clock may be wrong: never before what it reads was made."""
    return max(clock, manifest.created_at)


def stale(manifest: Manifest, clock: datetime) -> list[str]:
    """A sentence for each table that is not what its source has, or older than was promised."""
    now = now_by(clock, manifest)
    found = [_trouble(entry, now) for entry in manifest.tables]
    if clock < manifest.created_at - timedelta(minutes=5):
        behind = f"{manifest.created_at:%Y-%m-%d %H:%M} UTC"
        found.append(
            f"the clock of this laptop shows {clock:%Y-%m-%d %H:%M} UTC, and the data were made at "
            f"{behind}: ages count from then"
        )
    return [sentence for sentence in found if sentence]


def _trouble(entry: TableEntry, now: datetime) -> str | None:
    name, as_of, promise = shown(entry.name), entry.as_of, entry.freshness_seconds
    since = f"is of {as_of:%Y-%m-%d %H:%M} UTC" if as_of else "has never been loaded"
    if not entry.status.is_good:
        return f"{name} {since}: {prose(entry.error or entry.status, 1_000)}"
    if as_of and promise is not None and (now - as_of).total_seconds() > promise:
        return f"{name} {since}, older than the {_length(promise)} promised"
    return None


def _length(seconds: int) -> str:
    return str(timedelta(seconds=min(seconds, 10**9)))
