"""What an instance chooses of profiles: what each class shows of them, and what raises an alert."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from ..classes import PUBLIC
from .values import Section

__all__ = ["Alerts", "Profiles", "Tier", "usual_tier"]


class Tier(StrEnum):
    """How much a profile shows. Each shows what the one before does, and more.

    ``counts`` shows how many rows, NULL and different values there are; ``ranges`` also where
    values lie and which are frequent, in groups that are large enough; ``samples`` also the least
    and the greatest value, small groups, and a few rows.
    """

    COUNTS = "counts"
    RANGES = "ranges"
    SAMPLES = "samples"


def usual_tier(access_class: str) -> Tier:
    """What the profiles of a class show unless the instance says otherwise."""
    return Tier.SAMPLES if access_class == PUBLIC else Tier.COUNTS


_Share = Annotated[float, Field(ge=0, le=1)]


class Alerts(Section):
    """Section ``profiles.alerts``: the shares, from 0 to 1, past which a column is pointed out."""

    missing: _Share = Field(default=0.3, description="Share of NULL in a column.")
    imbalance: _Share = Field(
        default=0.9, description="Share of rows with the most frequent value of a text or boolean."
    )
    zeros: _Share = Field(default=0.5, description="Share of zeros in a column of numbers.")
    rows_change: _Share = Field(
        default=0.5,
        description="Share by which the number of rows differs from the version before.",
    )
    nulls_change: _Share = Field(
        default=0.1, description="By how much the share of NULL grew since the last version."
    )


class Profiles(Section):
    """Section ``profiles``: what the catalog shows of each table's values."""

    enabled: bool = Field(default=True, description="Whether tables are profiled at all.")
    min_group: int = Field(
        default=10,
        ge=2,
        le=1_000_000,
        description="Rows that a group has at least where a class shows ranges.",
    )
    alerts: Alerts = Field(default=Alerts(), description="What is pointed out.")
