"""Dates in filters: ``{{last_month}}`` becomes a date, given what today is."""

from __future__ import annotations

import re
from datetime import date, timedelta

__all__ = ["PLACEHOLDERS", "resolve", "unknown"]

PLACEHOLDERS = {
    "today": 0,
    "last_week": 7,
    "last_month": 30,
    "last_2_months": 60,
    "last_3_months": 90,
    "last_6_months": 180,
    "last_year": 365,
    "last_2_years": 730,
}
"""How many days before today each placeholder is."""

_PLACEHOLDER = re.compile(r"\{\{(.*?)\}\}", re.DOTALL)


def resolve(text: str, today: date) -> str:
    """The text with each placeholder as YYYY-MM-DD; raises ``KeyError`` on an unknown one."""

    def day(match: re.Match[str]) -> str:
        return (today - timedelta(days=PLACEHOLDERS[match[1].strip()])).isoformat()

    return _PLACEHOLDER.sub(day, text)


def unknown(text: str) -> str | None:
    """The first placeholder that has no meaning; None where all have one."""
    names = (match[1].strip() for match in _PLACEHOLDER.finditer(text))
    return next((name for name in names if name not in PLACEHOLDERS), None)
