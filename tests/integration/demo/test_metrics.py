"""The metrics of the demo's company fit its tables, and are shown to whom they should be."""

from __future__ import annotations

import json
import subprocess
import sys
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest

from demo import local
from demo.company import TABLES


@pytest.fixture(scope="module")
def published(company: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The generation that a sync of the company publishes."""
    data = tmp_path_factory.mktemp("data")
    words = ["sync", "--config", str(company / "config"), "--data", str(data), "--json"]
    done = subprocess.run(
        [sys.executable, "-m", "broker", *words], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert report["warnings"] == []
    assert len(report["tables"]) == len(TABLES)
    return (data / "current").resolve()


def metrics(tree: Path) -> dict[str, str]:
    found = json.loads((tree / "docs/metrics.json").read_text())["metrics"]
    return {one["name"]: one["sql"] for one in found}


def test_an_analyst_gets_revenue_and_does_not_learn_of_payroll(published: Path) -> None:
    assert list(metrics(published / "views/tree")) == ["monthly_revenue"]
    assert list(metrics(published / "views/private/tree")) == ["monthly_revenue", "payroll"]


def test_revenue_is_that_of_the_first_question(published: Path) -> None:
    with duckdb.connect() as connection:
        for table in ("orders", "order_items"):
            files = published / f"parquet/shop/{table}/*.parquet"
            connection.execute(
                f"CREATE VIEW {table} AS FROM read_parquet('{files}', hive_partitioning = false)"
            )
        by_month = connection.execute(metrics(published)["monthly_revenue"]).fetchall()
        (total,) = connection.execute(
            """SELECT sum(unit_price * quantity - discount) FROM order_items
            WHERE order_id IN (SELECT order_id FROM orders WHERE status <> 'cancelled')"""
        ).fetchall()[0]
    assert len(by_month) == 24
    assert sum((value for _, value in by_month), Decimal(0)) == total


def test_what_is_typed_next_asks_one_that_there_is(published: Path) -> None:
    (command,) = (one for one, _ in local.next_steps() if "broker.laptop" in one)
    program, flag, module, *words = command.split()
    assert (program, flag, module) == (".venv/bin/python", "-m", "broker.laptop")
    assert words[:1] == ["--folder"]
    assert words[2:3] == ["metric"]
    assert words[3] in metrics(published / "views/tree")
