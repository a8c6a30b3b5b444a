"""Where most values lie: the middle half and the median between the 5 and 95 % quantiles. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

__all__ = ["Spread", "spread"]


@dataclass(frozen=True, slots=True)
class Spread:
    """Places from 0 to 100 in a strip that goes from the 5th to the 95th of a hundred."""

    box: tuple[float, float]
    median: float


def spread(quantiles: Mapping[float, str]) -> Spread | None:
    """From the values at each share; None where one is not shown or all are the same."""
    found = [quantiles.get(share) for share in (0.05, 0.25, 0.5, 0.75, 0.95)]
    known = [Decimal(value) for value in found if value is not None]
    if len(known) < len(found) or known[0] == known[-1]:
        return None
    low, span = known[0], known[-1] - known[0]
    quarter, median, three = (float((value - low) / span * 100) for value in known[1:4])
    return Spread((quarter, three - quarter), median)
