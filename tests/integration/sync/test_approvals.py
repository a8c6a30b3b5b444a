"""What a person approves is what the next sync does: these rows, and no others of their number."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import Any

import pytest

from broker.publish import Store

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
    sentence = f"found an approval that does not count, {broken}: is not an approval. If"
    assert sentence in status["shop/orders"]["error"]
    assert sentence in instance.here("status").stdout.replace("\n", "")
    assert instance.here("approve", "shop/orders").returncode == 0
    assert instance.sync()["exit_code"] == 0
    assert list((instance.data / "approvals").iterdir()) == []


def test_what_waits_is_approved_only_as_a_person_looked_at_it(instance: Instance) -> None:
    emptied(instance)
    found = instance.status()["shop/orders"]["deletion"]
    for other in ("3", "f" * 64, "", found[:11], f"{found}0"):
        refused = instance.here("approve", "--if-found", other, "shop/orders")
        assert refused.returncode == 1
        assert f"found {found}" in refused.stderr.replace("\n", " ")
    file = instance.data / "approvals/in.c-shop.orders"
    assert not file.exists()
    for seen in (found, found[:12]):
        assert instance.here("approve", "--if-found", seen, "shop/orders").returncode == 0
        assert file.read_text() == f"deletion 3 {found}\n"
        file.unlink()


def customers(*ids: int) -> str:
    return "id,name\n" + "".join(f"{n},person {n}\n" for n in ids)


def ids(instance: Instance) -> set[Any]:
    return {row[0] for row in instance.rows("shop/customers")}


def held_table(instance: Instance) -> dict[str, Any]:
    """The table after a sync that held it."""
    report = instance.sync()
    assert report["exit_code"] == 1
    found = instance.status()["shop/customers"]
    assert found["status"] == "held"
    return found


@pytest.fixture
def ten(instance: Instance) -> Instance:
    """Ten customers are published."""
    instance.csv("customers", customers(*range(10)))
    instance.sync()
    return instance


def test_a_row_swapped_for_another_after_a_person_looked_is_held_anew(ten: Instance) -> None:
    ten.csv("customers", customers(0, 1, 2))
    first = held_table(ten)
    assert first["lost_keys"] == [{"id": n} for n in (3, 4, 5, 6, 7)]
    (command,) = re.findall(r"`broker (approve --if-found [0-9a-f]{12} \S+)`", first["error"])
    assert ten.here(*command.split()).returncode == 0
    ten.csv("customers", customers(0, 1, 3))
    second = held_table(ten)
    assert ids(ten) == set(range(10))
    assert second["deletion"] != first["deletion"]
    other = f"found an approval of other rows than would go now: 7 rows ({first['deletion'][:12]})"
    assert other in second["error"]
    refused = ten.here(*command.split())
    assert refused.returncode == 1
    assert "held for something else than what is approved" in refused.stderr.replace("\n", " ")
    # As the person saw it, it is published; and rows that came meanwhile do not matter.
    ten.csv("customers", customers(0, 1, 2, 99))
    assert ten.sync()["exit_code"] == 0
    assert ids(ten) == {0, 1, 2, 99}
    assert list((ten.data / "approvals").iterdir()) == []


def test_fewer_rows_than_were_approved_are_held_anew(ten: Instance) -> None:
    ten.csv("customers", customers(0, 1, 2))
    held_table(ten)
    assert ten.here("approve", "shop/customers").returncode == 0
    ten.csv("customers", customers(0, 1, 2, 3))
    assert "other rows than would go now: 7 rows" in held_table(ten)["error"]
    assert ids(ten) == set(range(10))


def test_an_approval_left_behind_counts_for_no_later_version(ten: Instance) -> None:
    ten.csv("customers", customers(0, 1, 2))
    held_table(ten)
    assert ten.here("approve", "shop/customers").returncode == 0
    file = ten.data / "approvals/in.c-shop.customers"
    left = file.read_text()
    assert ten.sync()["exit_code"] == 0
    ten.csv("customers", customers(*range(11)))
    assert ten.sync()["exit_code"] == 0
    file.write_text(left)  # as a run that was killed after it had published leaves it
    ten.csv("customers", customers(0, 1, 2, 10))  # the same seven keys
    assert "other rows than would go now: 7 rows" in held_table(ten)["error"]
    assert len(ids(ten)) == 11


def test_what_an_older_release_approved_or_held_does_not_count(ten: Instance) -> None:
    ten.csv("customers", customers(0, 1, 2))
    held_table(ten)
    (ten.data / "approvals").mkdir(exist_ok=True)
    (ten.data / "approvals/in.c-shop.customers").write_text("7\n")
    error = held_table(ten)["error"]
    assert "found an approval that does not count" in error
    assert "an older release wrote it, for a number of rows and not for these" in error
    note = Store(ten.data).generation().path / "metadata/shop/customers.json"
    metadata = json.loads(note.read_text())
    del metadata["deletion"]
    note.chmod(0o600)
    note.write_text(json.dumps(metadata))
    refused = ten.here("approve", "shop/customers")
    assert refused.returncode == 1
    assert "it is not known which rows of this table would go" in refused.stderr.replace("\n", " ")
    assert ten.status()["shop/customers"]["deletion"] is None
    held_table(ten)
    assert ten.here("approve", "shop/customers").returncode == 0
    assert ten.sync()["exit_code"] == 0
    assert ids(ten) == {0, 1, 2}


def keyless(instance: Instance) -> None:
    text = (instance.config / "data_description.md").read_text()
    key = "customers\n    primary_key: id\n"
    (instance.config / "data_description.md").write_text(text.replace(key, "customers\n"))


def test_rows_without_a_key_are_approved_as_they_are(instance: Instance) -> None:
    keyless(instance)
    rows = "".join(f"{n % 2},same\n" for n in range(10))
    instance.csv("customers", f"id,name\n{rows}")
    instance.sync()
    instance.csv("customers", "id,name\n0,same\n0,same\n1,same\n")
    first = held_table(instance)
    assert first["lost_keys"] == []
    assert instance.here("approve", "shop/customers").returncode == 0
    instance.csv("customers", "id,name\n0,same\n1,same\n1,same\n")  # as many, and not the same
    assert "other rows than would go now: 7 rows" in held_table(instance)["error"]
    assert len(instance.rows("shop/customers")) == 10
    instance.csv("customers", "id,name\n1,same\n0,same\n0,same\n")  # in another order
    assert instance.sync()["exit_code"] == 0
    assert len(instance.rows("shop/customers")) == 3


def test_other_columns_are_approved_for_these_columns_and_not_as_a_loss(ten: Instance) -> None:
    ten.csv("customers", "person,day\n1,2\n")
    first = held_table(ten)
    assert first["lost_keys"] == []
    approved = ten.here("approve", "--if-found", first["deletion"], "shop/customers")
    assert "all 10 rows would go, as the source delivers other columns" in approved.stdout
    ten.csv("customers", "person,date\n1,2\n")
    second = held_table(ten)
    assert "found none of them, and an approval of other rows than would go now" in second["error"]
    ten.csv("customers", customers())
    assert "found an approval of other rows than would go now: 10 rows" in held_table(ten)["error"]
    assert ids(ten) == set(range(10))


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
