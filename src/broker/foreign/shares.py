"""Shares as a person reads them, in one rounding. Pure, standard library only."""

from __future__ import annotations

__all__ = ["percent", "share"]


def share(part: int, whole: int) -> str:
    """Percent with one digit, but never 0 or 100 where that is not so."""
    if not whole or part in (0, whole):
        return "100 %" if whole and part else "0 %"
    return percent(part / whole)


def percent(value: float) -> str:
    """A share from 0 to 1; the same rounding, and ``0 %`` and ``100 %`` only for those."""
    if value in (0, 1):
        return "100 %" if value else "0 %"
    if value < 0.001:
        return "<0.1 %"
    if 0.999 < value < 1:
        return ">99.9 %"
    return f"{value * 100:.1f} %".replace(".0 %", " %")
