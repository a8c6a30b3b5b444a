"""From the operator's file to the analyst's answer: a sync, what it publishes, and the program."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from broker.catalog.written import index_from_json
from broker.portal.reading.queries import metric_queries, table_queries
from tests.integration.sync.conftest import DESCRIPTION, Instance, make_instance

REVENUE = """\
name: monthly_revenue
title: Revenue per month
unit: EUR
grain: month
time_column: month
synonyms: [turnover]
sql: |
  -- days that are not known are no month
  SELECT date_trunc('month', day) AS month, sum(total) AS revenue
  FROM orders
  WHERE day IS NOT NULL
  GROUP BY ALL
  ORDER BY month;
"""
PAYROLL = "name: payroll\ntitle: Payroll\nsql: SELECT sum(amount) AS pay FROM salaries\n"


@pytest.fixture
def instance(tmp_path: Path) -> Instance:
    made = make_instance(tmp_path, DESCRIPTION)
    (made.config / "metrics").mkdir()
    (made.config / "metrics/revenue.yml").write_text(REVENUE)
    (made.config / "metrics/payroll.yml").write_text(PAYROLL)
    assert made.sync()["warnings"] == []
    return made


def fetched(instance: Instance, view: str) -> Path:
    """An analyst's folder with the generation as a view shows it."""
    published = (instance.data / "current").resolve()
    folder = instance.root / f"laptop-{view.replace('/', '-')}"
    tree = folder / "server/generations" / published.name
    shutil.copytree(published / view, tree)
    (folder / "server/current").symlink_to(tree)
    (folder / ".broker").mkdir()
    return folder


def broker(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "broker.laptop", "--folder", str(folder), *words],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": "src"},
    )


def test_a_metric_is_answered_to_those_who_may_read_its_tables(instance: Instance) -> None:
    folder = fetched(instance, "views/tree")
    listed = json.loads(broker(folder, "metrics", "--json").stdout)
    assert [one["name"] for one in listed["metrics"]] == ["monthly_revenue"]
    answer = json.loads(broker(folder, "metric", "turnover", "--json").stdout)
    assert answer["rows"] == [["2026-10-01 00:00:00", "10.50"], ["2026-11-01 00:00:00", "0.10"]]
    november = ("--from", "2026-11-01", "--to", "2026-11-30")
    done = broker(folder, "metric", "monthly_revenue", *november, "--csv")
    assert done.stdout == "month,revenue\n2026-11-01 00:00:00,0.10\n"
    refused = broker(folder, "metric", "payroll")
    assert (refused.returncode, refused.stdout) == (1, "")
    assert refused.stderr.startswith("broker: there is no such metric; found payroll.")


def test_a_class_more_is_a_metric_more(instance: Instance) -> None:
    folder = fetched(instance, "views/private/tree")
    answer = json.loads(broker(folder, "metric", "payroll", "--json").stdout)
    assert answer["rows"] == [["5000.00"]]


def test_what_pages_of_the_portal_give_to_copy_is_there(instance: Instance) -> None:
    folder = fetched(instance, "views/tree")
    catalog = instance.data / "catalog" / (folder / "server/current").resolve().name
    path = catalog / "views/tree/catalog.json"
    index = index_from_json(path.read_bytes(), where="catalog")
    (metric,) = index.metrics
    copied = metric_queries(metric)
    assert copied is not None
    script, *words = shlex.split(copied.shell)[1:]
    assert script == "server/scripts/broker.sh"
    assert "0.1" in broker(folder, *words).stdout
    assert index.tables
    for table in index.tables:
        described = table_queries(table)
        assert described is not None
        page = re.search(r"described in server/(docs/\S+);", described.agent)
        assert page is not None
        assert (folder / "server/current" / page[1]).is_file(), page[1]
