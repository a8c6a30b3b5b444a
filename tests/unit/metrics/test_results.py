"""What a generation keeps of the answers of metrics."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from broker.manifest import Manifest, TableEntry
from broker.metrics.bound import BoundMetric
from broker.metrics.model import Metric, ResultColumn
from broker.metrics.results import (
    MetricAnswer,
    MetricPast,
    basis_of,
    continued,
    line_of,
)
from broker.tables.model import DataFile

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
REVENUE = Metric(
    "revenue",
    "Revenue",
    "SELECT 1",
    grain="month",
    time_column="month",
    columns=(ResultColumn("month", "DATE"), ResultColumn("revenue", "BIGINT")),
)
FIRST = MetricAnswer("g1", NOON, (("2026-11-01", "5"),), "2026-11-01")
NOW = MetricPast("basis", "line")


def test_one_row_with_one_value_is_the_value_and_begins_the_history() -> None:
    found = continued(None, REVENUE, FIRST, NOW)
    assert found.result is not None
    assert (found.result.value, found.result.time) == ("5", "2026-11-01")
    assert found.result.rows == (("2026-11-01", "5"),)
    assert not found.result.is_cut
    assert [(one.generation, one.value) for one in found.history] == [("g1", "5")]


def test_a_value_that_did_not_change_keeps_its_generation_and_adds_nothing() -> None:
    before = continued(None, REVENUE, FIRST, NOW)
    again = replace(FIRST, generation="g2", at=NOON + timedelta(hours=1))
    same = continued(before, REVENUE, again, NOW)
    assert same.result is not None
    assert before.result is not None
    assert same.result.computed_at == again.at
    assert replace(same.result, computed_at=NOON) == before.result
    assert same.history == before.history
    other = replace(again, rows=(("2026-11-01", "6"),))
    after = continued(before, REVENUE, other, NOW)
    assert [(one.generation, one.value) for one in after.history] == [("g1", "5"), ("g2", "6")]
    next_month = replace(again, time="2026-12-01", rows=(("2026-12-01", "5"),))
    assert len(continued(before, REVENUE, next_month, NOW).history) == 2


def test_the_history_has_ninety_values() -> None:
    past: MetricPast | None = None
    for at in range(100):
        answer = replace(FIRST, generation=f"g{at}", rows=(("2026-11-01", str(at)),))
        past = continued(past, REVENUE, answer, NOW)
    assert past is not None
    assert [one.value for one in past.history] == [str(at) for at in range(10, 100)]


def test_the_history_of_another_line_is_not_gone_on_with() -> None:
    before = continued(None, REVENUE, FIRST, NOW)
    after = continued(before, REVENUE, replace(FIRST, generation="g2"), replace(NOW, line="other"))
    assert [one.generation for one in after.history] == ["g2"]
    assert after.result is not None
    assert after.result.generation == "g2"


def test_a_problem_keeps_the_history_and_shows_no_answer() -> None:
    before = continued(None, REVENUE, FIRST, NOW)
    answer = MetricAnswer("g2", NOON, problem="it takes longer than 2 s", limits="2 s")
    after = continued(before, REVENUE, answer, NOW)
    assert (after.result, after.problem, after.limits) == (None, answer.problem, "2 s")
    assert [(one.generation, one.value) for one in after.history] == [("g1", "5"), ("g2", None)]
    again = replace(answer, generation="g3")
    assert continued(after, REVENUE, again, NOW).history == after.history


def test_null_ends_the_value_before_and_is_not_the_beginning_of_a_history() -> None:
    null = replace(FIRST, generation="g2", rows=(("2026-11-01", None),))
    assert continued(None, REVENUE, null, NOW).history == ()
    before = continued(None, REVENUE, FIRST, NOW)
    after = continued(before, REVENUE, null, NOW)
    last = continued(after, REVENUE, replace(FIRST, generation="g3"), NOW)
    assert [(one.generation, one.value) for one in last.history] == [
        ("g1", "5"),
        ("g2", None),
        ("g3", "5"),
    ]


@pytest.mark.parametrize(
    ("rows", "columns", "is_cut", "value"),
    [
        ((("1",), ("2",)), 1, False, None),
        ((("1", "2"),), 2, False, None),
        (((None,),), 1, False, None),
        ((), 1, False, None),
        ((("1",),), 1, False, "1"),
        (tuple((str(at),) for at in range(11)), 1, True, None),
        ((tuple(map(str, range(11))),), 12, True, None),
    ],
)
def test_other_shapes_are_a_small_table(
    rows: tuple[tuple[str | None, ...], ...], columns: int, is_cut: bool, value: str | None
) -> None:
    names = tuple(ResultColumn(f"c{at}", "BIGINT") for at in range(columns))
    metric = replace(REVENUE, grain=None, time_column=None, columns=names)
    result = continued(None, metric, MetricAnswer("g1", NOON, rows), NOW).result
    assert result is not None
    assert (result.is_cut, result.value) == (is_cut, value)
    assert len(result.rows) <= 10
    assert len(result.columns) == min(columns, 10)
    assert all(len(row) <= 10 for row in result.rows)


def test_a_metric_is_run_again_when_its_tables_or_its_sql_changed_and_not_otherwise() -> None:
    def manifest(sha256: str = "0" * 64, **more: str) -> Manifest:
        files = (DataFile("parquet/shop/orders.parquet", 1, 1, sha256),)
        orders = TableEntry("in.orders", "orders", "shop/orders", files=files, **more)
        other = TableEntry("in.other", "other", "shop/other", description=sha256)
        return Manifest("2026-11-22T120000Z-0000", NOON, (orders, other))

    bound = BoundMetric(REVENUE, ({"orders": "in.orders"},))
    basis, line = basis_of(bound, manifest(), "1.0"), line_of(bound, manifest())
    for same in (manifest(), manifest(description="x", error="y")):
        assert (basis_of(bound, same, "1.0"), line_of(bound, same)) == (basis, line)
    assert basis_of(bound, manifest("1" * 64), "1.0") != basis
    assert line_of(bound, manifest("1" * 64)) == line
    assert basis_of(bound, manifest(), "1.1") != basis
    assert line_of(bound, manifest(access="private")) != line
    other = replace(bound, metric=replace(REVENUE, sql="SELECT 2"))
    assert basis_of(other, manifest(), "1.0") != basis
    assert line_of(other, manifest()) != line
    titled = replace(bound, metric=replace(REVENUE, title="Turnover"))
    assert (basis_of(titled, manifest(), "1.0"), line_of(titled, manifest())) == (basis, line)
