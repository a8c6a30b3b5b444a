"""Profiles through ``broker sync``: part of each generation, in the class of their table."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from broker.cli import store as opening
from broker.manifest import TableEntry
from broker.profile.make import Profile, make_profile
from broker.profile.measure import measure
from tests.integration.sync.conftest import CUSTOMERS, DESCRIPTION, ORDERS, Instance, make_instance

PUBLIC, PRIVATE = "views/tree", "views/private/tree"


@pytest.fixture
def instance(tmp_path: Path) -> Instance:
    """Three tables, one of them private, ready to sync."""
    return make_instance(tmp_path, DESCRIPTION)


@pytest.fixture
def described(tmp_path: Path) -> Callable[[str], Instance]:
    return lambda description: make_instance(tmp_path, description)


@pytest.fixture
def groups(monkeypatch: pytest.MonkeyPatch) -> None:
    """Groups for the two classes that always exist, without accounts of this machine."""
    if os.geteuid() != 0:
        pytest.skip("only root can give files to any group")
    ids = {"dataread": 61001, "data-private": 61002, "data-ops": 61009}
    found = {name: SimpleNamespace(gr_gid=gid) for name, gid in ids.items()}
    monkeypatch.setattr(opening, "grp", SimpleNamespace(getgrnam=found.__getitem__))


def current(instance: Instance) -> Path:
    return (instance.data / "current").resolve()


def place(instance: Instance, table: str, tree: str = "") -> Path:
    """Where the profile of a table stands in a tree; that of operators without a name."""
    return current(instance) / tree / f"docs/profiles/{table}.json"


def shown(instance: Instance, table: str, tree: str = "") -> dict[str, Any]:
    found: dict[str, Any] = json.loads(place(instance, table, tree).read_text())
    return found


def choose(instance: Instance, text: str) -> None:
    path = instance.config / "instance.yaml"
    path.write_text(path.read_text() + text)


def test_each_table_has_a_profile_where_its_class_is_shown(instance: Instance) -> None:
    assert instance.sync()["exit_code"] == 0
    orders = shown(instance, "shop/orders", PUBLIC)
    assert (orders["tier"], orders["rows"], orders["key"]) == ("samples", 3, ["id"])
    assert not place(instance, "hr/salaries", PUBLIC).exists()
    salaries = shown(instance, "hr/salaries", PRIVATE)
    assert salaries["tier"] == "counts"
    assert "5000" not in json.dumps(salaries)
    for tree in (PUBLIC, PRIVATE):
        assert not (current(instance) / tree / "state").exists()
    verified = instance.here("verify")
    assert verified.returncode == 0, verified.stdout


def test_a_table_that_did_not_change_keeps_its_profile_as_a_link(
    instance: Instance, monkeypatch: pytest.MonkeyPatch
) -> None:
    instance.sync()
    first = current(instance)
    made: list[str] = []

    def noted(entry: TableEntry, *given: Any, **options: Any) -> Profile:
        made.append(entry.path)
        return make_profile(entry, *given, **options)

    monkeypatch.setattr("broker.sync.profiling.make_profile", noted)
    instance.csv("customers", CUSTOMERS + "3,Edsger\n")
    instance.sync()
    assert made == ["shop/customers"]
    second = current(instance)
    shown_files = ("docs/profiles/shop/orders.json", "docs/profiles/hr/salaries.json")
    for path in (*shown_files, "state/profiles/shop/orders.parquet"):
        assert (first / path).samefile(second / path)
    customers = shown(instance, "shop/customers")
    assert [p["rows"] for p in customers["history"]] == [2, 3]
    assert [p["generation"] for p in customers["history"]] == [first.name, second.name]


@pytest.mark.parametrize("more", ["", ", sync_strategy: incremental, deletions: append_only"])
def test_only_the_columns_that_a_sync_changes_are_measured(
    described: Callable[[str], Instance], monkeypatch: pytest.MonkeyPatch, more: str
) -> None:
    table = "{id: in.c-shop.orders, primary_key: id, partition_by: day, types: {total: BIGINT}"
    heading = "# Shop\n\n```yaml\nfolder_mapping: {in.c-shop: shop}\ntables:\n"
    instance = described(f"{heading}  - {table}{more}}}\n```\n")
    instance.csv("orders", "id,day,total\n1,2026-10-01,1\n2,2026-10-02,2\n3,2026-11-02,3\n")
    instance.sync()
    measured: list[tuple[str, list[str]]] = []

    def noted(*given: Any, **options: Any) -> Any:
        _, file, columns, places = given
        measured.append((file.path.stem, [columns[at].name for at in places]))
        return measure(*given, **options)

    monkeypatch.setattr("broker.profile.make.measure", noted)
    instance.csv("orders", "id,day,total\n1,2026-10-01,7\n2,2026-10-02,2\n3,2026-11-02,3\n")
    instance.sync()
    assert measured == [("2026_10", ["total"])]
    assert shown(instance, "shop/orders")["columns"][2]["high"] == "7"
    instance.csv("orders", "id,day,total\n1,2026-10-01,7\n3,2026-11-02,3\n4,2026-11-03,3\n")
    instance.sync()
    assert ("2026_11", ["id", "day", "total"]) in measured


def test_a_table_that_fails_keeps_the_profile_of_the_rows_that_it_keeps(instance: Instance) -> None:
    instance.sync()
    before = shown(instance, "shop/customers")
    (instance.root / "csv/customers.csv").unlink()
    instance.sync()
    assert instance.status()["shop/customers"]["status"] == "absent"
    assert shown(instance, "shop/customers") == before


@pytest.mark.usefixtures("groups")
def test_a_class_shows_what_the_instance_says(instance: Instance) -> None:
    choose(
        instance, "access_classes:\n  private: {profile: samples}\n  public: {profile: counts}\n"
    )
    instance.sync()
    salaries, orders = shown(instance, "hr/salaries"), shown(instance, "shop/orders")
    assert salaries["samples"] == [["1", "5000.00"]]
    assert (orders["tier"], orders["samples"]) == ("counts", None)


@pytest.mark.usefixtures("groups")
def test_a_class_that_shows_less_from_now_on_does_so_at_the_next_sync(
    instance: Instance,
) -> None:
    choose(instance, "access_classes:\n  private: {}\n")
    instance.sync()
    choose(instance, "  public: {profile: counts}\n")
    instance.sync()
    orders = shown(instance, "shop/orders", PUBLIC)
    assert orders["tier"] == "counts"
    assert len(orders["history"]) == 1


def test_profiles_can_be_switched_off(instance: Instance) -> None:
    instance.sync()
    choose(instance, "profiles: {enabled: false}\n")
    instance.sync()
    assert not place(instance, "shop/orders").exists()
    assert not (current(instance) / "state/profiles").exists()


def test_one_table_can_be_left_out(described: Callable[[str], Instance]) -> None:
    text = DESCRIPTION.replace("by: day\n", "by: day\n    profile_after_sync: false\n")
    instance = described(text)
    instance.sync()
    assert not place(instance, "shop/orders").exists()
    assert place(instance, "shop/customers").exists()


def test_a_profile_that_fails_is_a_warning_and_the_rows_are_published(
    instance: Instance, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(entry: TableEntry, *given: Any, **options: Any) -> Profile:
        if entry.path == "shop/orders":
            raise MemoryError("Ada")
        return make_profile(entry, *given, **options)

    monkeypatch.setattr("broker.sync.profiling.make_profile", broken)
    report = instance.sync()
    assert report["exit_code"] == 0
    monkeypatch.undo()
    assert any("shop/orders" in text and "no profile" in text for text in report["warnings"])
    assert "Ada" not in json.dumps(report)
    assert len(instance.rows("shop/orders")) == 3
    assert not place(instance, "shop/orders").exists()
    assert instance.sync()["warnings"] == []
    assert place(instance, "shop/orders").exists()


def test_of_a_table_of_one_small_file_nothing_is_kept(instance: Instance) -> None:
    instance.sync()
    found = {path.name for path in (current(instance) / "state/profiles").rglob("*.parquet")}
    assert found == {"orders.parquet"}


def test_a_damaged_profile_of_before_is_made_anew(instance: Instance) -> None:
    instance.sync()
    for name in ("docs/profiles/shop/orders.json", "state/profiles/shop/orders.parquet"):
        path = current(instance) / name
        path.chmod(0o600)
        path.write_bytes(b"damaged")
    instance.csv("orders", ORDERS + "4,2026-11-03,1.00,\n")
    assert instance.sync()["exit_code"] == 0
    orders = shown(instance, "shop/orders")
    assert (orders["rows"], len(orders["history"])) == (4, 1)


@pytest.mark.parametrize(
    "name", ["docs/profiles/shop/orders.json", "state/profiles/shop/orders.parquet"]
)
def test_a_profile_of_before_that_is_gone_keeps_no_data_back(instance: Instance, name: str) -> None:
    instance.sync()
    (current(instance) / name).unlink()
    instance.csv("customers", CUSTOMERS + "3,Edsger\n")
    report = instance.sync()
    assert (report["exit_code"], report["warnings"]) == (0, [])
    assert len(instance.rows("shop/customers")) == 3
    assert shown(instance, "shop/orders")["rows"] == 3
    assert (current(instance) / "state/profiles/shop/orders.parquet").exists()
