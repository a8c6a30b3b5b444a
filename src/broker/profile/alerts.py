"""What is pointed out of a table to those who read its profile. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..config.profiles import Alerts
from ..foreign.shares import percent
from .facts import ColumnFacts
from .kinds import Kind

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
    shown: Sequence[Mapping[str, Any]],
    fewest: int,
    thresholds: Alerts,
    before: Mapping[str, Any] | None,
) -> list[Alert]:
    """What passes a threshold now. ``before`` is the last other version, as ``history`` has it.

    ``shown`` are the columns as a tier shows them (``shown.shown_column``): what is pointed out of
    values follows from that alone. Groups of them that are smaller than ``fewest`` do not count.
    """
    rows = columns[0].rows if columns else 0
    found = [*_rows_changed(rows, thresholds, before)]
    for one, it in zip(columns, shown, strict=True) if rows else ():
        found += _nulls(one, thresholds, before)
        found += _values(one, it, thresholds, fewest)
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


def _values(
    one: ColumnFacts, shown: Mapping[str, Any], thresholds: Alerts, fewest: int
) -> Iterator[Alert]:
    not_finite, zeros, top = shown.get("not_finite"), shown.get("zeros"), shown.get("top")
    if not_finite and not_finite >= fewest:
        values = "1 value is" if not_finite == 1 else f"{not_finite:,} values are"
        yield Alert("not_finite", one.name, f"{values} infinite or NaN")
    if zeros and zeros > thresholds.zeros * one.rows and one.distinct > 1:
        yield Alert("zeros", one.name, f"{percent(zeros / one.rows)} of the values are 0")
    has_groups = one.kind in (Kind.TEXT, Kind.BOOLEAN) and one.distinct > 1
    if has_groups and top and top[0]["count"] > thresholds.imbalance * one.rows:
        share = percent(top[0]["count"] / one.rows)
        yield Alert("imbalance", one.name, f"{share} of the rows have the same value")
