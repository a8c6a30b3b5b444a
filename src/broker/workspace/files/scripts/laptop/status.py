"""What a manifest says, in words for the person who syncs."""

from __future__ import annotations

from datetime import datetime, timedelta

from .foreign.text import prose, shown
from .manifest import Manifest, Table

__all__ = ["stale", "summary"]


def summary(manifest: Manifest) -> str:
    """How much is in it."""
    rows = sum(table.rows for table in manifest.tables)
    return f"{len(manifest.tables)} tables, {rows:,} rows"


def stale(manifest: Manifest, now: datetime) -> list[str]:
    """A sentence for each table that is not what its source has, or older than was promised."""
    found = (_trouble(table, now) for table in manifest.tables)
    return [sentence for sentence in found if sentence]


def _trouble(table: Table, now: datetime) -> str | None:
    name, as_of, promise = shown(table.name), table.as_of, table.freshness_seconds
    since = f"is of {as_of:%Y-%m-%d %H:%M} UTC" if as_of else "has never been loaded"
    if table.status not in ("ok", "empty"):
        return f"{name} {since}: {prose(table.error or table.status, 1_000)}"
    if as_of and promise is not None and (now - as_of).total_seconds() > promise:
        return f"{name} {since}, older than the {_length(promise)} promised"
    return None


def _length(seconds: int) -> str:
    return str(timedelta(seconds=min(seconds, 10**9)))
