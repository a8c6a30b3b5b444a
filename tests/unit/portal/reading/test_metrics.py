"""Of which data a value of a metric is, and how it went."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from broker.catalog.model import CatalogIndex, CatalogMetric
from broker.manifest import Status
from broker.metrics.model import Grain
from broker.metrics.results import MetricPoint
from broker.portal.reading.metrics import metric_view
from tests.unit.catalog.example import NOW, example_catalog


def index_with(metric: CatalogMetric, **table: object) -> CatalogIndex:
    """The example, with this of the table that the metric reads."""
    index = example_catalog(3).index
    tables = [
        replace(one, **table) if one.path in metric.tables else one  # type: ignore[arg-type]
        for one in index.tables
    ]
    return replace(index, tables=tuple(tables))


@pytest.fixture
def revenue() -> CatalogMetric:
    found = example_catalog(3).index.metric("monthly_revenue")
    assert found is not None
    return found


def dated(metric: CatalogMetric, grain: Grain | None, time: str) -> CatalogMetric:
    assert metric.result is not None
    return replace(metric, grain=grain, result=replace(metric.result, time=time))


@pytest.mark.parametrize(
    ("grain", "time", "is_so_far"),
    [
        ("month", "2026-11-01", True),
        ("month", "2026-10-01", False),
        ("month", "2026-10-15 00:00:00", False),
        ("quarter", "2026-10-01", True),
        ("quarter", "2026-07-01 00:00:00+00", False),
        ("year", "2026-01-01", True),
        ("year", "2025-01-01", False),
        ("week", "2026-11-16", True),
        ("week", "2026-11-09", False),
        ("day", "2026-11-20", True),
        ("day", "2026-11-19", False),
        ("year", "9999-01-01", False),
        ("month", "2026-08-31", False),
        ("month", "infinity", False),
        ("month", "12026-01-01", False),
        (None, "2026-11-01", False),
    ],
)
def test_a_time_that_the_data_do_not_reach_the_end_of_is_so_far(
    revenue: CatalogMetric, grain: Grain | None, time: str, is_so_far: bool
) -> None:
    metric = dated(revenue, grain, time)
    until = datetime(2026, 11, 20, 12, tzinfo=UTC)
    later = NOW + timedelta(days=400)  # pages that are looked at later show the same data
    assert metric_view(index_with(metric, as_of=until), metric, later).is_so_far is is_so_far


def test_an_earlier_value_of_a_time_was_so_far_when_it_was_made(revenue: CatalogMetric) -> None:
    over = datetime(2026, 12, 2, tzinfo=UTC)
    points = [MetricPoint("g1", NOW - timedelta(days=9), "1", "2026-11-01")]
    points += [MetricPoint("g2", NOW, "2", "2026-11-01")]
    metric = replace(revenue, history=tuple(points))
    found = metric_view(index_with(metric, as_of=over), metric, NOW).points
    assert [(one.generation, is_so_far) for one, is_so_far in found] == [
        ("g2", False),
        ("g1", True),
    ]


@pytest.mark.parametrize(
    ("table", "grade", "words"),
    [
        ({"status": Status.OK, "as_of": NOW, "freshness_seconds": 60}, "", ()),
        ({"as_of": NOW - timedelta(hours=1), "freshness_seconds": 60}, "warn", ("late",)),
        ({"status": Status.FAILED}, "bad", ("last load failed",)),
        ({"status": Status.HELD}, "bad", ("waits for approval",)),
    ],
)
def test_a_value_of_a_table_that_is_not_as_promised_is_marked(
    revenue: CatalogMetric, table: dict[str, object], grade: str, words: tuple[str, ...]
) -> None:
    found = metric_view(index_with(revenue, **table), revenue, NOW)
    assert (found.grade, found.words) == (grade, words)


def test_the_course_ends_at_the_generation_that_is_shown_and_has_gaps(
    revenue: CatalogMetric,
) -> None:
    values = ("100", None, "nan", "50")
    points = [MetricPoint("g", NOW - timedelta(days=9 - at), one) for at, one in enumerate(values)]
    metric = replace(revenue, history=tuple(points))
    line = metric_view(index_with(metric), metric, NOW).line
    assert line is not None
    assert line.last == example_catalog(3).index.created_at
    assert line.path.count("M") == 2
    assert line.path.endswith("H100")
