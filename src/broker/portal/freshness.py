"""How old a table is against its promise. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from ..catalog.model import CatalogTable

__all__ = ["FreshnessNow", "freshness_of"]


@dataclass(frozen=True, slots=True)
class FreshnessNow:
    """``seconds`` since the source's clock at the last good load; ``unknown`` without a promise
    or a load."""

    seconds: int | None
    state: Literal["fresh", "late", "unknown"]


def freshness_of(table: CatalogTable, now: datetime) -> FreshnessNow:
    """By ``as_of``; a clock that is ahead counts as now."""
    if table.as_of is None:
        return FreshnessNow(None, "unknown")
    age = max(0, int((now - table.as_of).total_seconds()))
    if table.freshness_seconds is None:
        return FreshnessNow(age, "unknown")
    return FreshnessNow(age, "fresh" if age <= table.freshness_seconds else "late")
