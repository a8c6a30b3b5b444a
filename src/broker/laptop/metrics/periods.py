"""A metric between two days: whole periods, never a part of one. Pure."""

from __future__ import annotations

from datetime import date, timedelta

from ...errors import LaptopError
from ...metrics.model import Grain, Metric
from ...metrics.select import SelectError, one_select
from ...tables.session import identifier

__all__ = ["metric_sql"]

_A_DAY = timedelta(days=1)


def metric_sql(metric: Metric, first: date | None = None, last: date | None = None) -> str:
    """The SQL of the metric, of the periods from the day ``first`` to the day ``last`` alone.

    Raises ``LaptopError`` for a metric that has no periods, for a day in the middle of one, and for
    SQL that no broker publishes.
    """
    try:
        sql = one_select(metric.sql)
    except SelectError as error:
        raise LaptopError(
            "the metric is not one SELECT",
            where=metric.name,
            found=error.found,
            remedy="Tell the broker's operator.",
        ) from error
    if first is None and last is None:
        return sql
    if metric.grain is None or metric.time_column is None:
        raise LaptopError(
            "the metric has no periods to choose from",
            where=metric.name,
            remedy="Leave out --from and --to.",
        )
    _check(metric.grain, first, last)
    column = identifier(metric.time_column)
    conditions = []
    if first is not None:
        conditions.append(f"{column} >= DATE '{first}'")
    if last is not None:
        conditions.append(f"{column} < DATE '{last + _A_DAY}'")
    return (
        f"SELECT * FROM (\n{sql}\n) AS metric\nWHERE {' AND '.join(conditions)} ORDER BY {column}"
    )


def _check(grain: Grain, first: date | None, last: date | None) -> None:
    if last == date.max:
        raise LaptopError("no day follows --to", found=str(last), remedy="Leave out --to.")
    if first is not None and _begin(grain, first) != first:
        raise LaptopError(
            f"--from is in the middle of a {grain}, and the metric has whole ones",
            expected=f"the first day of a {grain}, such as {_begin(grain, first)}",
            found=str(first),
        )
    if last is not None and (begin := _begin(grain, last + _A_DAY)) != last + _A_DAY:
        raise LaptopError(
            f"--to is in the middle of a {grain}, and the metric has whole ones",
            expected=f"the last day of a {grain}, such as {begin - _A_DAY}",
            found=str(last),
        )
    if first is not None and last is not None and last < first:
        raise LaptopError("--to is before --from", found=f"{first} to {last}")


def _begin(grain: Grain, day: date) -> date:
    """The first day of the period that a day is in, as ``date_trunc`` has it."""
    match grain:
        case "day":
            return day
        case "week":
            return day - timedelta(days=day.weekday())
        case "month":
            return day.replace(day=1)
        case "quarter":
            return day.replace(month=day.month - (day.month - 1) % 3, day=1)
        case "year":
            return day.replace(month=1, day=1)
