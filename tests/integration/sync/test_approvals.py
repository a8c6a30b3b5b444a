"""An approval that is broken holds its own table; what writes the store is its owner."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from .conftest import CUSTOMERS, ORDERS, Instance

HEADS = {"orders": ORDERS.splitlines()[0] + "\n", "customers": CUSTOMERS.splitlines()[0] + "\n"}


def emptied(instance: Instance) -> None:
    """Two tables wait for a person."""
    instance.sync()
    for table, head in HEADS.items():
        instance.csv(table, head)
    assert instance.sync()["exit_code"] == 1
    assert {path: one["status"] for path, one in instance.status().items()} == {
        "shop/orders": "held",
        "shop/customers": "held",
        "hr/salaries": "ok",
    }


def standing(folder: Path) -> dict[str, tuple[int, ...]]:
    """Everything below a folder, with what changes when it is written."""
    found = sorted(path for path in folder.rglob("*"))
    return {str(one): (one.lstat().st_mtime_ns, one.lstat().st_ino) for one in found}


def test_a_broken_approval_holds_its_table_and_no_other(instance: Instance) -> None:
    emptied(instance)
    for table in ("orders", "customers"):
        assert instance.here("approve", f"shop/{table}").returncode == 0
    broken = instance.data / "approvals/in.c-shop.orders"
    broken.write_text("{")
    instance.csv("salaries", "person,amount\n1,5000.00\n2,6000.00\n")
    report = instance.sync()
    assert report["exit_code"] == 1
    status = instance.status()
    assert {path: one["status"] for path, one in status.items()} == {
        "shop/orders": "held",
        "shop/customers": "empty",
        "hr/salaries": "ok",
    }
    assert status["hr/salaries"]["rows"] == 2
    sentence = f"found an approval that cannot be read, {broken}: is not a number of rows. If"
    assert sentence in status["shop/orders"]["error"]
    assert sentence in instance.here("status").stdout.replace("\n", "")
    assert instance.here("approve", "shop/orders").returncode == 0
    assert instance.sync()["exit_code"] == 0
    assert list((instance.data / "approvals").iterdir()) == []


def test_what_waits_is_approved_only_as_a_person_looked_at_it(instance: Instance) -> None:
    emptied(instance)
    rows = str(len(ORDERS.splitlines()) - 1)
    for other in ("0", f"{rows}0", "f" * 64):
        refused = instance.here("approve", "--if-found", other, "shop/orders")
        assert refused.returncode == 1
        assert f"expected {other}; found {rows}" in refused.stderr.replace("\n", " ")
    assert not (instance.data / "approvals/in.c-shop.orders").exists()
    assert instance.here("approve", "--if-found", rows, "shop/orders").returncode == 0
    assert (instance.data / "approvals/in.c-shop.orders").read_text() == f"{rows}\n"


def test_what_writes_the_store_is_its_owner(
    instance: Instance, monkeypatch: pytest.MonkeyPatch
) -> None:
    emptied(instance)
    before = standing(instance.data)
    monkeypatch.setattr(os, "geteuid", lambda: instance.data.stat().st_uid + 1)
    for words in (("sync",), ("rollback",), ("expose", "private"), ("approve", "shop/orders")):
        refused = instance.here(*words)
        assert refused.returncode == 1
        assert "only the owner of the store may write into it; expected user id" in refused.stderr
    assert standing(instance.data) == before
