"""Metrics run by a real DuckDB in a process of its own, on small tables."""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from broker.manifest import Manifest, TableEntry
from broker.metrics import values
from broker.metrics.bound import BoundMetric, BoundMetrics
from broker.metrics.model import Metric, ResultColumn
from broker.metrics.results import MetricPast
from broker.metrics.values import Bounds, MetricRun, MetricValues
from broker.tables.model import DataFile
from broker.tables.schema import Column, TableSchema

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
BOUNDS = Bounds(20, 256 * 1024**2, 1)
ROWS = {
    "id": pa.array([1, 2, 3], pa.int64()),
    "day": pa.array([date(2026, 10, 1), date(2026, 11, 2), None], pa.date32()),
    "total": pa.array([Decimal("10.50"), Decimal("0.10"), Decimal("7.00")], pa.decimal128(18, 2)),
    "status": ["paid", "new", "new"],
}
LONG = "x" * 200
Run = Callable[..., MetricValues]


@pytest.fixture
def table(tmp_path: Path) -> TableEntry:
    return written(tmp_path, "shop/orders", ROWS)


def written(tree: Path, path: str, rows: Mapping[str, Any]) -> TableEntry:
    file = tree / f"parquet/{path}.parquet"
    file.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.table(dict(rows)), file)
    sha256 = hashlib.sha256(file.read_bytes()).hexdigest()
    listed = DataFile(f"parquet/{path}.parquet", file.stat().st_size, 3, sha256)
    schema = TableSchema(tuple(Column(name, "VARCHAR") for name in rows))
    name = path.rpartition("/")[2]
    return TableEntry(f"in.{name}", name, path, files=(listed,), schema=schema)


def metric(name: str, sql: str, *columns: str, **more: Any) -> BoundMetric:
    names = tuple(ResultColumn(one, "VARCHAR") for one in columns)
    return BoundMetric(Metric(name, name, sql, columns=names, **more), ({"orders": "in.orders"},))


@pytest.fixture
def run(tmp_path: Path, table: TableEntry) -> Run:
    """Run metrics on a generation with one table, or with another one in its place."""

    def run(
        *metrics: BoundMetric,
        before: Mapping[str, MetricPast] | None = None,
        bounds: Bounds = BOUNDS,
        entry: TableEntry = table,
        generation: str = "2026-11-22T120000Z-0000",
    ) -> MetricValues:
        return MetricRun(
            bound=BoundMetrics(metrics),
            manifest=Manifest(generation, NOON, (entry,)),
            before=before or {},
            file_of=lambda path: tmp_path / path,
            work=tmp_path / "work",
            bounds=bounds,
            now=NOON,
            places={one.metric.name: f"metrics/{one.metric.name}.yml:3" for one in metrics},
        )()

    return run


REVENUE = metric(
    "revenue",
    "SELECT date_trunc('month', day)::DATE AS month, sum(total) AS revenue FROM orders\n"
    "GROUP BY ALL -- of all",
    "month",
    "revenue",
    grain="month",
    time_column="month",
)


def test_of_a_metric_with_a_grain_the_last_time_counts(run: Run) -> None:
    found = run(REVENUE).pasts["revenue"]
    assert found.result is not None
    assert found.result.rows == (("2026-11-01", "0.10"),)
    assert (found.result.value, found.result.time) == ("0.10", "2026-11-01")
    assert [(one.value, one.time) for one in found.history] == [("0.10", "2026-11-01")]


@pytest.mark.parametrize(
    ("sql", "columns", "rows", "value", "is_cut"),
    [
        ("SELECT count(*) AS n FROM orders", ["n"], (("3",),), "3", False),
        ("SELECT sum(id) AS n, 1 AS n FROM orders", ["n", "n"], (("6", "1"),), None, False),
        (
            "WITH orders_2 AS (SELECT * FROM orders) "
            "SELECT status, count(*) AS n FROM orders_2 GROUP BY ALL ORDER BY n DESC",
            ["status", "n"],
            (("new", "2"), ("paid", "1")),
            None,
            False,
        ),
        ("SELECT day FROM orders WHERE id = 3", ["day"], ((None,),), None, False),
        ("SELECT day FROM orders WHERE id > 3", ["day"], (), None, False),
        (
            "SELECT range AS n FROM range(100), orders WHERE id = 1 ORDER BY n",
            ["n"],
            tuple((str(at),) for at in range(10)),
            None,
            True,
        ),
        ("SELECT repeat('x', 999) AS x FROM orders LIMIT 1", ["x"], ((LONG,),), LONG, False),
        ("SELECT 'a' || chr(10) AS \"m\" FROM orders LIMIT 1", ["m"], (("a\n",),), "a\n", False),
    ],
)  # fmt: skip
def test_other_answers_are_a_value_or_a_small_table(
    run: Run,
    sql: str,
    columns: list[str],
    rows: tuple[tuple[str | None, ...], ...],
    value: str | None,
    is_cut: bool,
) -> None:
    found = run(metric("m", sql, *columns))
    assert found.warnings == ()
    result = found.pasts["m"].result
    assert result is not None
    assert (result.rows, result.value, result.is_cut) == (rows, value, is_cut)


def test_a_view_may_have_any_name(run: Run) -> None:
    named = replace(
        metric("m", 'SELECT sum(id) AS m FROM "m""; --"', "m"), bindings=({'m"; --': "in.orders"},)
    )
    assert run(named).pasts["m"].result is not None
    plain = replace(metric("m", "SELECT sum(id) AS m FROM m", "m"), bindings=({"m": "in.orders"},))
    found = run(plain, metric("n", "SELECT sum(id) AS n FROM orders", "n")).pasts
    assert [one.result and one.result.value for one in found.values()] == ["6", "6"]


def test_an_empty_table_answers_as_one(run: Run, table: TableEntry) -> None:
    empty = replace(table, files=(), rows=0)
    counted = metric("n", "SELECT count(*) AS n FROM orders", "n")
    result = run(counted, entry=empty).pasts["n"].result
    assert result is not None
    assert result.value == "0"


def test_what_did_not_change_is_not_run(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = run(REVENUE)
    started: list[object] = []
    popen = values.subprocess.Popen

    def counted(*words: Any, **more: Any) -> Any:
        started.append(words)
        return popen(*words, **more)

    monkeypatch.setattr(values.subprocess, "Popen", counted)
    again = run(REVENUE, before=first.pasts, generation="2026-11-23T120000Z-0000")
    assert (again.pasts, started) == (first.pasts, [])
    changed = written(tmp_path, "shop/orders", {**ROWS, "id": [4, 5, 6]})
    after = run(REVENUE, before=first.pasts, entry=changed, generation="2026-11-23T120000Z-0000")
    assert len(started) == 1
    assert after.pasts["revenue"].result == first.pasts["revenue"].result  # of before: same value
    more = written(tmp_path, "shop/orders", {**ROWS, "total": pa.array([1, 2, 3], pa.int64())})
    last = run(REVENUE, before=after.pasts, entry=more, generation="2026-11-24T120000Z-0000")
    assert [one.value for one in last.pasts["revenue"].history] == ["0.10", "2"]


def test_what_asks_for_the_time_is_run_each_time(run: Run) -> None:
    clock = metric("m", "SELECT max(id + epoch_us(now())) AS m FROM orders", "m")
    first = run(clock)
    again = run(clock, before=first.pasts, generation="2026-11-23T120000Z-0000")
    values = [one.value for one in again.pasts["m"].history]
    assert len(values) == 2
    assert values[0] != values[1]


SLOW = "SELECT sum(a.range * b.range * c.id) AS n FROM range(1000000) a, range(1000000) b, orders c"


def test_one_that_takes_too_long_is_ended_and_the_others_have_values(run: Run) -> None:
    bounds = replace(BOUNDS, seconds=0.5)
    counted = metric("n", "SELECT count(*) AS n FROM orders", "n")
    found = run(metric("slow", SLOW, "n"), counted, bounds=bounds)
    assert found.pasts["slow"].problem == "it takes longer than 0.5 s"
    assert found.pasts["n"].result is not None
    assert found.warnings == (
        "metrics/slow.yml:3: metric slow has no value: it takes longer than 0.5 s. It is published "
        "without one. Make its SQL cheaper or right, or raise metrics.timeout.",
    )


def test_one_that_looks_for_no_interrupt_is_ended_with_its_process(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """``levenshtein`` of long texts; what comes after it is run by another process."""
    monkeypatch.setattr(values, "_GRACE_SECONDS", 0.5)
    monkeypatch.setattr(values, "_START_SECONDS", 20.0)
    endless = (
        "SELECT levenshtein(repeat('a', 400000), repeat('b', 400000) || status) AS n FROM orders"
    )
    counted = metric("n", "SELECT count(*) AS n FROM orders", "n")
    first = metric("first", "SELECT 1 AS n FROM orders LIMIT 1", "n")
    began = time.monotonic()
    bounds = replace(BOUNDS, seconds=0.5)
    found = run(first, metric("endless", endless, "n"), counted, bounds=bounds)
    assert time.monotonic() - began < 60
    assert found.pasts["endless"].problem == "it takes longer than 0.5 s"
    assert found.pasts["first"].result is not None
    assert found.pasts["n"].result is not None


def test_one_that_needs_too_much_memory_has_no_value(run: Run) -> None:
    greedy = "SELECT list(range::VARCHAR || repeat('x', 100)) AS n FROM range(30000000), orders"
    bounds = Bounds(60, 64 * 1024**2, 1)
    counted = metric("n", "SELECT count(*) AS n FROM orders", "n")
    found = run(metric("greedy", greedy, "n"), counted, bounds=bounds)
    assert "memory" in found.pasts["greedy"].problem
    assert found.pasts["n"].result is not None


def test_an_error_shows_no_value_of_a_row(run: Run) -> None:
    found = run(metric("bad", "SELECT status::BIGINT AS n FROM orders", "n"))
    assert found.pasts["bad"].problem == "DuckDB ended it with ConversionException"
    assert "paid" not in str(found)


def test_what_failed_is_tried_again_with_other_limits_alone(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow = metric("slow", SLOW, "n")
    bounds = replace(BOUNDS, seconds=0.3)
    failed = run(slow, bounds=bounds)
    with monkeypatch.context() as without_processes:
        without_processes.delattr(values.subprocess, "Popen")
        again = run(slow, before=failed.pasts, bounds=bounds)
    assert again == failed
    assert len(again.warnings) == 1
    more = run(slow, before=failed.pasts, bounds=replace(BOUNDS, seconds=0.4))
    assert more.pasts["slow"].problem == "it takes longer than 0.4 s"


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT content AS n FROM read_text('{secret}'), orders",
        "SELECT * FROM '{secret}', orders",
        "SELECT getenv('BROKER_SECRET') AS n FROM orders",
        "SELECT * FROM read_csv('/dev/stdin'), orders",
    ],
)
def test_it_can_open_nothing_but_its_tables(
    run: Run, tmp_path: Path, sql: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    secret = tmp_path / "secret.csv"
    secret.write_text("zeppelin\n")
    monkeypatch.setitem(os.environ, "BROKER_SECRET", "zeppelin")
    found = run(metric("m", sql.format(secret=secret), "n"))
    assert "zeppelin" not in str(found)


def test_a_process_that_cannot_start_is_a_problem_of_its_metric(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(values.sys, "executable", "/bin/false")
    found = run(metric("m", "SELECT 1 AS n FROM orders", "n"))
    assert found.pasts["m"].problem.startswith("the process that ran it died")
