"""The verbs ``metrics`` and ``metric NAME``."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result

from broker.errors import LaptopError
from broker.laptop.metrics.command import metric, metrics
from broker.laptop.program import laptop
from broker.laptop.query.command import CUT
from broker.metrics.model import METRICS, metrics_to_json
from tests.documented import ROOT
from tests.laptop_folders import LaptopFolder, make_shop
from tests.unit.test_architecture import foreign, loaded

from .conftest import REVENUE


def run(shop: LaptopFolder, *arguments: str) -> Result:
    return CliRunner().invoke(laptop, ["--folder", str(shop.root), *arguments])


def test_metrics_lists_them(shop: LaptopFolder) -> None:
    result = run(shop, "metrics")
    assert result.exit_code == 0
    assert result.stdout.splitlines() == [
        "metric           title                          unit  grain",
        "customers        Customers \\x1b[31mof all time",
        "monthly_revenue  Revenue per month              EUR   month",
        "`metric NAME` gives the number, `metric NAME --sql` its SQL.",
    ]


def test_metrics_as_json_has_everything(shop: LaptopFolder) -> None:
    found = json.loads(run(shop, "metrics", "--json").stdout)
    assert found["generation"] == shop.tree.name
    assert [one["name"] for one in found["metrics"]] == ["customers", "monthly_revenue"]
    assert found["metrics"][1]["sql"] == REVENUE.sql


def test_an_analyst_without_metrics_is_told_so(tmp_path: Path) -> None:
    folder = make_shop(tmp_path)
    assert "publishes no metric to you in generation" in run(folder, "metrics").stdout
    assert json.loads(run(folder, "metrics", "--json").stdout)["metrics"] == []


def test_a_metric_is_its_number_with_where_it_comes_from(shop: LaptopFolder) -> None:
    lines = run(shop, "metric", "turnover").stdout.splitlines()
    assert lines[:3] == [
        "Revenue per month (monthly_revenue): EUR, per month, of Finance",
        "All orders, by the month in which they came.",
        "",
    ]
    assert lines[5:8] == [
        "2026-01-01 00:00:00+00    27.50",
        "2026-02-01 00:00:00+00    47.50",
        "2026-03-01 00:00:00+00    67.50",
    ]
    assert f"generation {shop.tree.name}" in lines[8]
    assert lines[9].startswith("tables: orders, ")


def test_a_metric_from_a_day_to_a_day(shop: LaptopFolder) -> None:
    options = ("--from", "2026-02-01", "--to", "2026-02-28")
    found = json.loads(run(shop, "metric", "monthly_revenue", *options, "--json").stdout)
    assert found["rows"] == [["2026-02-01 00:00:00+00", "47.50"]]
    assert (found["metric"]["unit"], found["tables"][0]["name"]) == ("EUR", "orders")
    with pytest.raises(LaptopError, match="--from is in the middle of a month"):
        run_or_raise(shop, "metric", "monthly_revenue", "--from", "2026-02-02")
    assert run(shop, "metric", "monthly_revenue", "--from", "yesterday").exit_code == 2


def run_or_raise(shop: LaptopFolder, *arguments: str) -> None:
    result = run(shop, *arguments)
    assert result.exception is not None
    raise result.exception


def test_csv_is_data_alone_and_a_cut_is_loud(shop: LaptopFolder) -> None:
    result = run(shop, "metric", "monthly_revenue", "--csv", "--rows", "1")
    assert result.stdout == "month,revenue\n2026-01-01 00:00:00+00,27.50\n"
    assert "Revenue per month" in result.stderr
    assert "CUT after 1 rows" in result.stderr
    assert result.exit_code == CUT


def test_sql_is_shown_and_not_run(shop: LaptopFolder) -> None:
    assert run(shop, "metric", "monthly_revenue", "--sql").stdout == f"{REVENUE.sql}\n"


def test_an_unknown_metric_is_answered_with_the_nearest(shop: LaptopFolder) -> None:
    with pytest.raises(LaptopError, match="Did you mean monthly_revenue"):
        run_or_raise(shop, "metric", "monthly_revenu")


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT * FROM read_text('/etc/passwd')",
        "SELECT * FROM '/etc/passwd'",
        "COPY (SELECT 1) TO '{outside}'",
        "ATTACH '{outside}' AS x",
        "SELECT * FROM glob('/*')",
        "SELECT getenv('HOME')",
        "SELECT 1) x, (SELECT 2",
        "SELECT * FROM secrets",
    ],
)
def test_a_forged_metric_does_not_act(tmp_path: Path, sql: str) -> None:
    folder = make_shop(tmp_path)
    outside = tmp_path / "outside"
    forged = replace(REVENUE, sql=sql.format(outside=outside), title="\x1b]0;x\x07")
    folder.documents[METRICS] = metrics_to_json([forged])
    folder.publish()
    assert "\x1b" not in run(folder, "metrics").stdout
    result = run(folder, "metric", "monthly_revenue")
    assert isinstance(result.exception, LaptopError)
    assert "root:" not in result.output
    assert not outside.exists()


def test_what_these_verbs_load_needs_no_package_that_a_laptop_lacks() -> None:
    files = loaded(ROOT / "src/broker/laptop/metrics/command.py")
    needed = {name for path in files for name in foreign(path)}
    assert needed <= {"click", "duckdb", "pyarrow", "pydantic", "pydantic_core"}


def test_every_option_stands_on_the_page() -> None:
    page = (ROOT / "docs" / "analyst.md").read_text(encoding="utf-8")
    section = page.partition("## Metrics\n")[2].partition("\n## ")[0]
    options = {
        name
        for command in (metric, metrics)
        for one in command.params
        if isinstance(one, click.Option)
        for name in one.opts
    }
    assert options == {*re.findall(r"--[a-z]+", section)}
