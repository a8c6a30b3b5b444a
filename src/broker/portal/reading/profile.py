"""A profile as pages need it, from the plain JSON of the catalog. Shapes only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pydantic import TypeAdapter, ValidationError

from ...catalog.model import TableDetails
from ...errors import CatalogError

__all__ = [
    "ColumnProfile",
    "DateCoverage",
    "Frequent",
    "PointedOut",
    "ProfileVersion",
    "Quantile",
    "TableProfile",
    "ValueBar",
    "profile_of",
    "taken_at",
]


@dataclass(frozen=True, slots=True)
class PointedOut:
    """An alert; ``column`` is None where it is the table's."""

    kind: str
    column: str | None
    message: str


@dataclass(frozen=True, slots=True)
class ValueBar:
    """Rows from ``low`` on and below ``high``; None is an open end."""

    low: str | None
    high: str | None
    count: int


@dataclass(frozen=True, slots=True)
class Frequent:
    """A value and in how many rows it is."""

    value: str
    count: int


@dataclass(frozen=True, slots=True)
class Quantile:
    """The value below which this share of the numbers lies."""

    share: float
    value: str


@dataclass(frozen=True, slots=True)
class DateCoverage:
    """``missing`` is None where the ends of the range are not shown; ``unit`` is day or month."""

    unit: str
    first: str
    last: str
    missing: int | None
    gaps: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class ColumnProfile:
    """A column as the class of its table shows it; what it does not show is None or empty.

    ``characters`` has the mean of the lengths, and with samples also ``least`` and ``greatest``.
    """

    name: str
    type: str
    kind: str
    nulls: int
    distinct: int
    distinct_error: float
    not_finite: int = 0
    bars: tuple[ValueBar, ...] = ()
    top: tuple[Frequent, ...] = ()
    top_is_exact: bool = True
    others: int = 0
    mean: float | None = None
    zeros: int | None = None
    quantiles: tuple[Quantile, ...] = ()
    coverage: DateCoverage | None = None
    characters: Mapping[str, float] | None = None
    low: str | None = None
    high: str | None = None


@dataclass(frozen=True, slots=True)
class ProfileVersion:
    """What an earlier version of the table had: rows, and NULL by column."""

    version: str
    generation: str
    rows: int
    nulls: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class TableProfile:
    """``fewest`` is the least group of rows that is shown, None where all are."""

    table: str
    tier: str
    fewest: int | None
    rows: int
    key: tuple[str, ...]
    duplicates: int
    alerts: tuple[PointedOut, ...]
    columns: tuple[ColumnProfile, ...]
    samples: tuple[tuple[str | None, ...], ...] | None
    history: tuple[ProfileVersion, ...]

    def column(self, name: str) -> ColumnProfile | None:
        """The column of this name."""
        return next((one for one in self.columns if one.name == name), None)

    def alerts_of(self, name: str | None) -> tuple[PointedOut, ...]:
        """What is pointed out of a column, or of the table itself for None."""
        return tuple(one for one in self.alerts if one.column == name)


_ADAPTER = TypeAdapter(TableProfile)


def profile_of(details: TableDetails) -> TableProfile | None:
    """None where the table has no profile; raises ``CatalogError`` for one of another shape."""
    found: dict[str, Any] | None = details.profile
    if found is None:
        return None
    try:
        return _ADAPTER.validate_python(found)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        raise CatalogError(
            "the profile of the table cannot be read",
            where=details.path,
            found=f"{'.'.join(map(str, first['loc']))}: {first['msg']}",
            remedy="Run the sync with the release that the portal has.",
        ) from error


def taken_at(generation: str) -> datetime:
    """When a generation was begun, from its id; raises ``ValueError`` for another text."""
    minute, seconds = generation[:15], generation[15:17]
    return datetime.fromisoformat(f"{minute[:13]}:{minute[13:]}:{seconds}+00:00")
