"""What is pointed out of a table to those who read its profile. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..config.profiles import Alerts, Tier
from ..foreign.shares import percent
from .facts import ColumnFacts
from .kinds import Kind
from .shown import shows_values

__all__ = ["Alert", "alerts_of", "gap_alerts"]


_LISTED = 3


@dataclass(frozen=True, slots=True)
class Alert:
    """``kind`` for programs, ``message`` for people; ``column`` is None where it is the table's."""

    kind: str
    column: str | None
    message: str


def alerts_of(
    columns: Sequence[ColumnFacts],
    tier: Tier,
    fewest: int,
    thresholds: Alerts,
    before: Mapping[str, Any] | None,
) -> list[Alert]:
    """What passes a threshold now. ``before`` is the last other version, as ``history`` has it.

    Nothing is pointed out that tells of values where the tier shows none, nor of a group of them
    that is smaller than ``fewest`` at the tier ``ranges``.
    """
    rows = columns[0].rows if columns else 0
    found = [*_rows_changed(rows, thresholds, before)]
    for one in columns if rows else ():
        found += _nulls(one, thresholds, before)
        if shows_values(one, tier, fewest):
            found += _values(one, thresholds, fewest if tier is Tier.RANGES else 1)
    return found


def gap_alerts(shown: Iterable[Mapping[str, Any]]) -> Iterator[Alert]:
    """The gaps of columns as a tier shows them (``shown.shown_column``)."""
    for column in shown:
        coverage = column.get("coverage")
        if coverage and coverage["gaps"]:
            gaps = [
                first if first == last else f"{first} to {last}" for first, last in coverage["gaps"]
            ]
            listed = ", ".join(gaps[:_LISTED]) + (", …" if gaps[_LISTED:] else "")
            yield Alert("gap", column["name"], f"no row of {listed}")


def _rows_changed(
    rows: int, thresholds: Alerts, before: Mapping[str, Any] | None
) -> Iterable[Alert]:
    was = before["rows"] if before else 0
    if was and abs(rows - was) > thresholds.rows_change * was:
        yield Alert("rows_changed", None, f"{rows:,} rows, after {was:,} in the version before")


def _nulls(
    one: ColumnFacts, thresholds: Alerts, before: Mapping[str, Any] | None
) -> Iterator[Alert]:
    share = one.nulls / one.rows
    if one.nulls == one.rows:
        yield Alert("empty", one.name, "every value is NULL")
    elif share > thresholds.missing:
        yield Alert("missing", one.name, f"{percent(share)} of the values are NULL")
    elif one.distinct == 1 and not one.nulls and one.rows > 1:
        yield Alert("constant", one.name, "every row has the same value")
    if before and before["rows"] and one.name in before["nulls"]:
        was = before["nulls"][one.name] / before["rows"]
        if share - was > thresholds.nulls_change:
            change = f"{percent(share)} of the values are NULL, after {percent(was)}"
            yield Alert("nulls_changed", one.name, f"{change} in the version before")


def _values(one: ColumnFacts, thresholds: Alerts, fewest: int) -> Iterator[Alert]:
    if one.not_finite:
        yield Alert("not_finite", one.name, f"{one.not_finite:,} values are infinite or NaN")
    if one.kind is Kind.NUMBER and one.zeros > max(thresholds.zeros * one.rows, fewest - 1):
        share = percent(one.zeros / one.rows)
        if one.distinct > 1:
            yield Alert("zeros", one.name, f"{share} of the values are 0")
    has_groups = one.kind in (Kind.TEXT, Kind.BOOLEAN) and one.distinct > 1 and one.values
    if has_groups and one.values[0][1] > max(thresholds.imbalance * one.rows, fewest - 1):
        share = percent(one.values[0][1] / one.rows)
        yield Alert("imbalance", one.name, f"{share} of the rows have the same value")
