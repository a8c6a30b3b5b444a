"""Metrics through ``broker sync``: bound to what is published, and shown to those who may know."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from .conftest import DESCRIPTION, Instance

REVENUE = """\
name: monthly_revenue
title: Revenue per month
grain: month
time_column: month
sql: |
  SELECT date_trunc('month', day) AS month,
         sum(total) AS revenue
  FROM orders
  GROUP BY ALL
"""
PAYROLL = """\
name: payroll
title: What all salaries add up to
synonyms: [wages]
sql: SELECT sum(amount) AS wages FROM salaries
"""
CUSTOMERS = "name: customers\ntitle: Customers\nsql: SELECT count(*) AS n FROM customers\n"
PUBLIC, PRIVATE = "views/tree", "views/private/tree"


@pytest.fixture
def metered(instance: Instance) -> Instance:
    """The instance with three metrics, one of them over the private table."""
    write(instance, revenue=REVENUE, payroll=PAYROLL, customers=CUSTOMERS)
    return instance


def write(instance: Instance, **texts: str) -> None:
    for name, text in texts.items():
        path = instance.config / f"metrics/{name}.yml"
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)


def names(instance: Instance, tree: str = "") -> list[str]:
    """The metrics of a tree; that of operators without a name."""
    path = current(instance) / tree / "docs/metrics.json"
    return [one["name"] for one in json.loads(path.read_text())["metrics"]] if path.exists() else []


def current(instance: Instance) -> Path:
    return (instance.data / "current").resolve()


def everything(folder: Path) -> bytes:
    """All names and bytes below a folder, in small letters."""
    found = sorted(folder.rglob("*"))
    content = [path.read_bytes() for path in found if path.is_file()]
    return b"\n".join([*(str(path).encode() for path in found), *content]).lower()


def test_each_audience_gets_its_own_list_and_no_word_of_others(metered: Instance) -> None:
    assert metered.sync()["warnings"] == []
    assert names(metered) == ["customers", "monthly_revenue", "payroll"]
    assert names(metered, PRIVATE) == ["customers", "monthly_revenue", "payroll"]
    assert names(metered, PUBLIC) == ["customers", "monthly_revenue"]
    assert b"payroll" not in everything(current(metered) / PUBLIC)
    assert b"wages" not in everything(current(metered) / PUBLIC)
    assert b"wages" in everything(current(metered) / PRIVATE)
    assert metered.here("verify").returncode == 0


def test_the_list_is_a_document_of_the_signed_manifest(metered: Instance) -> None:
    metered.sync()
    for tree in ("", PUBLIC, PRIVATE):
        manifest = json.loads((current(metered) / tree / "manifest.json").read_text())
        assert "docs/metrics.json" in {one["path"] for one in manifest["documents"]}
    assert not (current(metered) / PUBLIC / "state").exists()
    path = current(metered) / PUBLIC / "docs/metrics.json"
    path.chmod(0o640)
    path.write_bytes(path.read_bytes().replace(b"Revenue", b"revenue"))
    assert "docs/metrics.json has other content" in metered.here("verify").stdout


def test_whoever_sees_no_metric_has_no_list(instance: Instance) -> None:
    write(instance, payroll=PAYROLL)
    instance.sync()
    assert names(instance, PRIVATE) == ["payroll"]
    assert not (current(instance) / PUBLIC / "docs/metrics.json").exists()


def test_a_renamed_column_is_a_warning_and_the_others_are_published(metered: Instance) -> None:
    text = DESCRIPTION.replace("partition_by: day", "partition_by: day\n    columns: id, day, sum")
    metered.sync()
    (metered.config / "data_description.md").write_text(text)
    metered.csv("orders", "id,day,sum\n1,2026-10-01,10.50\n2,2026-11-02,0.10\n3,,7.00\n")
    report = metered.sync()
    assert report["exit_code"] == 0, report
    where = f"{metered.config}/metrics/revenue.yml:7"
    assert report["warnings"] == [
        f"{where}: metric monthly_revenue is not published: there is no column 'total' in orders"
    ]
    assert names(metered) == ["customers", "payroll"]
    assert names(metered, PUBLIC) == ["customers"]
    done = metered.here("sync")
    assert done.returncode == 0
    assert f"warning: {where}: metric monthly_revenue" in done.stderr
    status = metered.here("status")
    assert "metric monthly_revenue is not published" in status.stdout + status.stderr


def test_what_did_not_change_stays_the_same_file(metered: Instance) -> None:
    metered.sync()
    before = {
        tree: (current(metered) / tree / "docs/metrics.json").stat().st_ino
        for tree in ("", PUBLIC, PRIVATE)
    }
    state = (current(metered) / "state/metrics.json").stat().st_ino
    metered.sync()
    assert before == {
        tree: (current(metered) / tree / "docs/metrics.json").stat().st_ino
        for tree in ("", PUBLIC, PRIVATE)
    }
    assert state == (current(metered) / "state/metrics.json").stat().st_ino


def test_a_metric_that_is_gone_from_the_folder_is_gone_from_the_next(metered: Instance) -> None:
    metered.sync()
    (metered.config / "metrics/payroll.yml").unlink()
    metered.sync()
    assert names(metered, PRIVATE) == ["customers", "monthly_revenue"]
    for path in (metered.config / "metrics").iterdir():
        path.unlink()
    metered.sync()
    assert names(metered) == []
    assert not (current(metered) / "state/metrics.json").exists()


def test_a_view_that_is_built_later_has_its_metrics(metered: Instance) -> None:
    metered.sync()
    assert metered.here("expose", "finance").returncode == 0
    assert names(metered, "views/finance/tree") == ["customers", "monthly_revenue"]
    assert b"wages" not in everything(current(metered) / "views/finance/tree")
    assert metered.here("verify").returncode == 0


def test_the_public_view_does_not_change_with_metrics_of_hidden_tables(metered: Instance) -> None:
    def documents() -> dict[str, Any]:
        manifest = json.loads((current(metered) / PUBLIC / "manifest.json").read_text())
        return {one["path"]: one["sha256"] for one in manifest["documents"]}

    metered.sync()
    before = documents()
    write(metered, more=PAYROLL.replace("payroll", "bonus").replace("[wages]", "[extra]"))
    write(
        metered,
        wrong=PAYROLL.replace("payroll", "wrong")
        .replace("wages", "w")
        .replace("sum(amount)", "sum(amuont)"),
    )
    assert len(metered.sync()["warnings"]) == 1
    assert names(metered, PRIVATE) == ["bonus", "customers", "monthly_revenue", "payroll"]
    assert documents() == before


def test_wrong_sql_is_refused_with_its_line_before_anything_is_read(metered: Instance) -> None:
    write(metered, customers=CUSTOMERS.replace("SELECT count(*) AS n FROM", "DROP VIEW"))
    done = metered.here("sync")
    assert done.returncode == 2
    assert f"{metered.config}/metrics/customers.yml:3: sql is wrong; expected one SELECT" in (
        done.stderr
    )
    assert not (metered.data / "current").exists()


def test_a_fault_while_metrics_are_bound_costs_no_table(
    metered: Instance, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: object) -> None:
        raise RuntimeError("what a row holds")

    monkeypatch.setattr("broker.metrics.binding.open_catalog", fails)
    report = metered.sync()
    assert report["exit_code"] == 0
    (warning,) = report["warnings"]
    assert "no metric is published: an unexpected RuntimeError" in warning
    assert "what a row holds" not in warning
    assert len(metered.rows("shop/orders")) == 3
    assert names(metered) == []


def test_a_table_that_turns_private_takes_its_metrics_along(metered: Instance) -> None:
    metered.sync()
    text = DESCRIPTION.replace(
        "primary_key: id\n    partition_by",
        "access: private\n    primary_key: id\n    partition_by",
    )
    (metered.config / "data_description.md").write_text(text)
    assert metered.sync()["warnings"] == []
    assert names(metered, PUBLIC) == ["customers"]
    assert b"revenue" not in everything(current(metered) / PUBLIC)
    assert names(metered, PRIVATE) == ["customers", "monthly_revenue", "payroll"]


def test_a_generation_that_is_published_again_has_the_metrics_that_fitted_it(
    metered: Instance,
) -> None:
    metered.sync()
    (metered.config / "metrics/revenue.yml").write_text(REVENUE.replace("total", "totl"))
    metered.sync()
    assert metered.here("expose", "finance").returncode == 0
    assert names(metered, "views/finance/tree") == ["customers"]
    assert metered.here("rollback").returncode == 0
    assert names(metered, PUBLIC) == ["customers", "monthly_revenue"]
    assert names(metered, "views/finance/tree") == ["customers", "monthly_revenue"]


def test_a_table_without_rows_and_one_that_never_came_are_told_apart(metered: Instance) -> None:
    metered.csv("customers", "id,name\n")
    (metered.root / "csv/salaries.csv").unlink()
    (warning,) = metered.sync()["warnings"]
    assert warning.endswith(
        "metric payroll is not published: there is no table 'salaries'. It has not been loaded; "
        "`broker status` says why."
    )
    assert names(metered, PUBLIC) == ["customers", "monthly_revenue"]
