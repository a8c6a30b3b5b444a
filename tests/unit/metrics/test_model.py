"""What a laptop takes for metrics: what a broker writes, and nothing else."""

from __future__ import annotations

import json
from typing import Any

import pytest
import yaml

from broker.config.metric import MetricDescription
from broker.errors import PublishError
from broker.metrics.bound import BoundMetric, BoundMetrics
from broker.metrics.model import Metric, ResultColumn, metrics_from_json, metrics_to_json

REVENUE = Metric(
    "monthly_revenue",
    "Tržby \u202eza měsíc",
    "SELECT 1",
    grain="month",
    time_column="month",
    synonyms=("turnover",),
    tables=("orders",),
    columns=(ResultColumn("month", "DATE"),),
)


def test_json_round_trip_is_exact_and_sorted() -> None:
    other = Metric("a", "A", "SELECT 2")
    content = metrics_to_json([REVENUE, other])
    assert metrics_from_json(content, where="x") == (other, REVENUE)
    assert metrics_to_json([other, REVENUE]) == content
    assert "Tržby \\u202eza".encode() in content
    assert yaml.safe_load(content)["metrics"][1]["title"] == REVENUE.title


def test_what_an_operator_may_write_can_be_read_back() -> None:
    longest = MetricDescription.model_validate(
        {
            "name": "a" * 63,
            "title": "t" * 200,
            "description": "d" * 10_000,
            "unit": "u" * 100,
            "grain": "year",
            "time_column": "c" * 200,
            "sql": "s" * 100_000,
            "owner": "o" * 200,
            "synonyms": [f"{at}" * 100 for at in range(100)],
        }
    )
    metric = Metric(**longest.model_dump())
    assert metrics_from_json(metrics_to_json([metric]), where="x") == (metric,)


@pytest.mark.parametrize(
    "change",
    [
        {"name": "Revenue"},
        {"name": "a b"},
        {"name": "../x"},
        {"name": "a\n"},
        {"grain": "second"},
        {"more": 1},
        {"sql": ""},
        {"sql": ["SELECT 1"]},
        {"title": 1},
        {"title": "x" * 1_001},
        {"tables": "orders"},
        {"columns": [{"name": "a", "type": "DATE", "more": 1}]},
    ],
)
def test_what_no_broker_writes_is_refused(change: dict[str, Any]) -> None:
    plain = json.loads(metrics_to_json([REVENUE]))
    plain["metrics"][0] |= change
    with pytest.raises(PublishError, match=r"metrics\.json: the list of metrics cannot be read"):
        metrics_from_json(json.dumps(plain).encode(), where="metrics.json")


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"[]",
        b'{"metrics": [], "metrics": [], "format": 1}',
        b'{"metrics": [], "format": 2}',
        b'{"metrics": [], "format": NaN}',
        b'{"metrics": ' + b"[" * 100_000,
        b"\xff",
    ],
)
def test_what_is_not_such_a_file_is_refused(content: bytes) -> None:
    with pytest.raises(PublishError):
        metrics_from_json(content, where="x")


def test_a_metric_that_stands_twice_is_refused() -> None:
    with pytest.raises(PublishError, match="a metric stands twice"):
        metrics_from_json(metrics_to_json([REVENUE, REVENUE]), where="x")


def test_bound_metrics_round_trip() -> None:
    bound = BoundMetrics((BoundMetric(REVENUE, ({"orders": "in.orders"},)),), ("m is not",))
    assert BoundMetrics.from_json(bound.to_json(), where="x") == bound
    with pytest.raises(PublishError, match="the metrics of a generation cannot be read"):
        BoundMetrics.from_json(b"{}x", where="x")
