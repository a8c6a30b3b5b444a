"""How old the data are, in words for the person who syncs or asks."""

from __future__ import annotations

from datetime import datetime

from ..manifest import Manifest
from .ages import age_of, clock_warning, now_by

__all__ = ["stale", "summary"]


def summary(manifest: Manifest) -> str:
    """How much is in it."""
    rows = sum(entry.rows for entry in manifest.tables)
    return f"{len(manifest.tables)} tables, {rows:,} rows"


def stale(manifest: Manifest, clock: datetime) -> list[str]:
    """A sentence for each table that is not what its source has, or older than was promised."""
    now = now_by(clock, manifest)
    found = [age_of(entry, entry.name, now).problem for entry in manifest.tables]
    found.append(clock_warning(manifest, clock))
    return [sentence for sentence in found if sentence]
