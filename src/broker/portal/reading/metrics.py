"""What pages show of a metric: its value, how it went, and of which data it is. Pure."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from ...catalog.model import CatalogIndex, CatalogMetric, CatalogTable
from ...metrics.model import Grain
from ...metrics.results import MetricPoint
from ..drawing.steps import Steps, steps
from .freshness import Freshness, freshness_of

__all__ = ["DoubtfulTable", "MetricView", "metric_view", "value_type"]

_MONTHS = {"month": 1, "quarter": 3, "year": 12}
_DAYS = {"day": 1, "week": 7}


@dataclass(frozen=True, slots=True)
class DoubtfulTable:
    """A table that a metric reads and that is not as it was promised."""

    table: CatalogTable
    freshness: Freshness


@dataclass(frozen=True, slots=True)
class MetricView:
    """A metric in a generation. ``is_so_far`` says that the time of its value was not over for the
    data that it is of; ``points`` are its values, the newest first, each with the same of it.
    ``grade`` is that of the worst of ``doubtful``.
    """

    metric: CatalogMetric
    line: Steps | None
    is_so_far: bool
    points: tuple[tuple[MetricPoint, bool], ...]
    doubtful: tuple[DoubtfulTable, ...]

    @property
    def grade(self) -> str:
        """``bad``, ``warn``, or empty where each table is as it was promised."""
        grades = {one.freshness.grade for one in self.doubtful}
        return next((one for one in ("bad", "warn") if one in grades), "")

    @property
    def words(self) -> tuple[str, ...]:
        """How these tables stand, each word once."""
        return tuple(dict.fromkeys(one.freshness.word for one in self.doubtful))


def metric_view(index: CatalogIndex, metric: CatalogMetric, now: datetime) -> MetricView:
    """``index`` is that of the generation and the audience; ``now`` decides what is late."""
    tables = [one for path in metric.tables if (one := index.table(path)) is not None]
    doubtful = [DoubtfulTable(one, freshness_of(one, now)) for one in tables]
    until = min((one.as_of for one in tables if one.as_of), default=index.created_at)
    last = metric.result.time if metric.result else None
    known_until = [*(one.at for one in metric.history[:-1]), until]
    points = [
        (point, _is_open(point.time, metric.grain, known))
        for point, known in zip(metric.history, known_until, strict=False)
    ]
    return MetricView(
        metric=metric,
        line=steps([(one.at, _number(one.value)) for one in metric.history], index.created_at),
        is_so_far=_is_open(last, metric.grain, until),
        points=tuple(reversed(points)),
        doubtful=tuple(one for one in doubtful if one.freshness.grade in ("bad", "warn")),
    )


def value_type(metric: CatalogMetric) -> str:
    """The type of the one value beside the time, in DuckDB's words; empty where there are more."""
    types = [column.type for column in metric.columns if column.name != metric.time_column]
    return types[0] if len(types) == 1 else ""


def _is_open(time: str | None, grain: Grain | None, until: datetime) -> bool:
    """Whether the time that begins so was not over ``until`` then; unknown counts as over."""
    try:
        begin = datetime.fromisoformat(time or "")
        end = _end_of(begin, grain) if grain is not None else begin
    except (ValueError, OverflowError):
        return False
    return (end if end.tzinfo is not None else end.replace(tzinfo=UTC)) > until


def _end_of(begin: datetime, grain: Grain) -> datetime:
    if grain in _DAYS:
        return begin + timedelta(days=_DAYS[grain])
    month = begin.month - 1 + _MONTHS[grain]
    return datetime.combine(
        date(begin.year + month // 12, month % 12 + 1, begin.day), begin.timetz()
    )


def _number(text: str | None) -> float | None:
    """A finite number, as DuckDB writes it."""
    try:
        value = float(text or "")
    except ValueError:
        return None
    return value if math.isfinite(value) else None
