"""Catalogs through ``broker sync``, read as the portal reads them."""

from __future__ import annotations

from pathlib import Path

import pytest

from broker.catalog.reader import read_held_keys, read_index, read_operators, read_table
from broker.manifest import Audience, Status
from broker.metrics import values
from broker.publish import Store
from tests.integration.sync.conftest import CUSTOMERS, DESCRIPTION, Instance, make_instance

PUBLIC, PRIVATE = Audience(), Audience(("private",))
CANARY = "zeppelin"
DESCRIBED = DESCRIPTION.replace(
    "    access: private\n",
    f"    access: private\n    dataset: people\n    description: The {CANARY} fund\n",
).replace(
    "    partition_by: day\n",
    "    partition_by: day\n    dataset: sales\n"
    "    foreign_keys:\n"
    "      - {column: id, references: customers.id}\n"
    "      - {column: id, references: salaries.person}\n",
)
MORE = f"""\
datasets:
  sales: {{label: Sales, requires: [people, private]}}
  people: {{label: {CANARY}, size_hint: {CANARY}}}
catalog:
  order: [hr, shop]
  categories: {{shop: {{label: Shop}}, hr: {{label: {CANARY}}}}}
"""
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
PAYROLL = f"name: payroll\ntitle: {CANARY}\nsql: SELECT sum(amount) AS {CANARY} FROM salaries\n"


@pytest.fixture
def instance(tmp_path: Path) -> Instance:
    """Three tables, one of them private with a word of its own in all that is said of it."""
    made = make_instance(tmp_path, DESCRIBED)
    path = made.config / "instance.yaml"
    path.write_text(path.read_text() + MORE)
    made.csv("salaries", f"person,amount,{CANARY}\n1,5000.00,{CANARY}\n2,6000.00,{CANARY}\n")
    write(made, revenue=REVENUE, payroll=PAYROLL)
    return made


def write(instance: Instance, **texts: str) -> None:
    for name, text in texts.items():
        path = instance.config / f"metrics/{name}.yml"
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)


def everything(folder: Path) -> str:
    found = sorted(folder.rglob("*"))
    content = b"\n".join(path.read_bytes() for path in found if path.is_file())
    return "\n".join(str(path.relative_to(folder)) for path in found) + content.decode()


def folder(instance: Instance, audience: Audience) -> Path:
    return Store(instance.data).generation().catalog / audience.path


def test_an_audience_reads_all_of_its_tables_and_no_word_of_others(instance: Instance) -> None:
    assert instance.sync()["warnings"] == []
    index = read_index(instance.data, PUBLIC)
    assert [one.path for one in index.tables] == ["shop/customers", "shop/orders"]
    assert [(one.column, one.target) for one in index.relations] == [("id", "shop/customers")]
    assert [(one.name, one.label, one.requires) for one in index.datasets] == [
        ("sales", "Sales", ()),
    ]
    assert [one.label for one in index.folders] == ["Shop"]
    assert [one.name for one in index.metrics] == ["monthly_revenue"]
    assert CANARY not in everything(folder(instance, PUBLIC))
    private = read_index(instance.data, PRIVATE)
    assert [one.name for one in private.folders] == ["hr", "shop"]
    assert [one.name for one in private.metrics] == ["monthly_revenue", "payroll"]
    assert private.datasets[0].requires == ("people", "private")
    assert private.datasets[1].size_hint == CANARY
    assert CANARY in everything(folder(instance, PRIVATE))
    assert instance.here("verify").returncode == 0


def test_details_have_the_profile_the_source_and_the_partitions(instance: Instance) -> None:
    instance.sync()
    index = read_index(instance.data, PRIVATE)
    orders = read_table(instance.data, PRIVATE, index, "shop/orders")
    assert orders.source is not None
    assert (orders.source.name, orders.source.type) == ("csv", "csv")
    assert [one.partition for one in orders.parts] == ["2026_10", "2026_11", "null"]
    assert orders.profile is not None
    assert (orders.profile["tier"], orders.profile["rows"]) == ("samples", 3)
    salaries = read_table(instance.data, PRIVATE, index, "hr/salaries")
    assert salaries.profile is not None
    assert salaries.profile["tier"] == "counts"
    assert "6000" not in str(salaries)
    assert str(instance.root) not in everything(folder(instance, PRIVATE))


def test_a_metric_has_its_last_value_and_its_history(instance: Instance) -> None:
    instance.sync()
    first = read_index(instance.data, PUBLIC)
    (metric,) = first.metrics
    assert metric.result is not None
    assert (metric.result.value, metric.result.time) == ("0.10", "2026-11-01 00:00:00")
    assert metric.tables == ("shop/orders",)
    instance.csv("orders", "id,day,total,note\n1,2026-11-01,3.00,\n2,2026-11-02,4.00,\n3,,7.00,\n")
    instance.sync()
    (metric,) = read_index(instance.data, PUBLIC).metrics
    assert [one.value for one in metric.history] == ["0.10", "7.00"]
    assert metric.history[0].generation == first.generation


def test_what_changed_nothing_leaves_files_and_runs_no_metric(
    instance: Instance, monkeypatch: pytest.MonkeyPatch
) -> None:
    instance.sync()
    pages = folder(instance, PRIVATE) / "tables"
    before = {path.name: path.stat().st_ino for path in pages.rglob("*.json")}
    monkeypatch.setattr(values.sys, "executable", "/bin/false")
    assert instance.sync()["warnings"] == []
    pages = folder(instance, PRIVATE) / "tables"
    assert {path.name: path.stat().st_ino for path in pages.rglob("*.json")} == before
    assert len(before) == 3


def test_a_metric_that_fails_is_a_warning_and_the_data_are_published(instance: Instance) -> None:
    write(instance, bad="name: bad\ntitle: B\nsql: SELECT name::BIGINT AS n FROM customers\n")
    report = instance.sync()
    assert report["exit_code"] == 0
    (warning,) = report["warnings"]
    assert "metrics/bad.yml:3: metric bad has no value: DuckDB ended it with Conv" in warning
    assert "Ada" not in warning
    index = read_index(instance.data, PUBLIC)
    assert [(one.name, bool(one.result)) for one in index.metrics] == [
        ("bad", False),
        ("monthly_revenue", True),
    ]
    assert read_operators(instance.data).warnings == (warning,)
    assert instance.sync()["warnings"] == [warning]


def test_a_metric_over_tables_of_other_readers_begins_its_history_anew(
    instance: Instance,
) -> None:
    """Else the public would see what it was while the table was private."""
    instance.sync()
    path = instance.config / "data_description.md"
    path.write_text(path.read_text().replace("    access: private\n", ""))
    assert instance.sync()["exit_code"] == 1
    assert read_index(instance.data, PUBLIC).metric("payroll") is None
    instance.csv("salaries", "person,amount\n1,1.00\n2,2.00\n")
    assert instance.here("approve", "hr/salaries").returncode == 0
    instance.sync()
    metric = read_index(instance.data, PUBLIC).metric("payroll")
    assert metric is not None
    assert [one.value for one in metric.history] == ["3.00"]


def test_admins_see_what_waits_and_since_when_and_no_row(instance: Instance) -> None:
    instance.sync()
    first = read_operators(instance.data)
    instance.csv("customers", CUSTOMERS.splitlines()[0] + "\n")
    path = instance.config / "data_description.md"
    path.write_text(path.read_text().replace("    access: private\n", ""))
    instance.sync()
    instance.sync()
    found = {one.path: one for one in read_operators(instance.data).tables}
    customers, salaries, orders = (
        found[one] for one in ("shop/customers", "hr/salaries", "shop/orders")
    )
    assert (customers.status, customers.held_rows) == (Status.HELD, 2)
    assert first.created_at < customers.since < read_operators(instance.data).created_at
    assert orders.since == first.created_at
    assert salaries.readers is not None
    assert "every analyst (class public)" in salaries.readers.words
    known = read_held_keys(instance.data, "public")
    assert sorted(one["id"] for one in known.tables["shop/customers"]) == [1, 2]
    assert known.digests == {"shop/customers": instance.status()["shop/customers"]["deletion"]}
    standing = Store(instance.data).generation().catalog / "operators/operators.json"
    assert "Ada" not in standing.read_text()


def test_a_later_audience_gets_its_catalog_from_the_generation(instance: Instance) -> None:
    instance.sync()
    assert instance.here("expose", "finance,private").returncode == 0
    late = read_index(instance.data, Audience.of(["finance", "private"]))
    private = read_index(instance.data, PRIVATE)
    assert late.tables == private.tables
    assert late.metrics == private.metrics
    assert instance.here("verify").returncode == 0
