"""From CSV files to a published generation, through the program itself."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from broker.publish import Store

from .conftest import ORDERS, Instance


def test_what_the_files_say_is_published(instance: Instance) -> None:
    report = instance.sync()
    assert report["exit_code"] == 0
    assert instance.rows("shop/orders") == [
        (1, date(2026, 10, 1), Decimal("10.50"), None),
        (2, date(2026, 11, 2), Decimal("0.10"), ""),
        (3, None, Decimal("7.00"), "NA"),
    ]
    assert instance.rows("hr/salaries") == [(1, Decimal("5000.00"))]
    names = {path.name for path in (instance.data / "parquet/shop/orders").iterdir()}
    assert names == {"2026_10.parquet", "2026_11.parquet", "null.parquet"}


def test_the_same_input_twice_moves_nothing(instance: Instance) -> None:
    instance.sync()
    before = {p.name: p.stat().st_ino for p in (instance.data / "parquet/shop").rglob("*.parquet")}
    instance.sync()
    after = {p.name: p.stat().st_ino for p in (instance.data / "parquet/shop").rglob("*.parquet")}
    assert before == after


def test_a_failed_table_keeps_its_last_good_rows(instance: Instance) -> None:
    instance.sync()
    (instance.root / "csv/customers.csv").unlink()
    instance.csv("orders", ORDERS + "9,2026-11-03,1.00,new\n")
    report = instance.sync()
    assert report["exit_code"] == 1
    status = instance.status()
    assert status["shop/customers"]["status"] == "absent"
    assert "customers" in status["shop/customers"]["error"]
    assert instance.rows("shop/customers") == [(1, "Ada"), (2, "Grace")]
    assert [row[0] for row in instance.rows("shop/orders")] == [1, 2, 3, 9]


def test_a_run_of_which_nothing_comes_says_so(instance: Instance) -> None:
    for path in (instance.root / "csv").iterdir():
        path.unlink()
    report = instance.sync()
    assert report["exit_code"] == 1
    assert {table["status"] for table in report["tables"]} == {"absent"}


def test_a_value_that_does_not_fit_is_told_not_hidden(instance: Instance) -> None:
    instance.sync()
    instance.csv("customers", "id,name\n1,Ada\nx2,Grace\n3,Edsger\n")
    report = instance.sync()
    assert report["exit_code"] == 3
    customers = instance.status()["shop/customers"]
    assert (customers["rows"], customers["rejects"]) == (2, 1)
    assert customers["reject_file"].endswith("rejects/shop/customers.parquet")


def test_duplicate_keys_are_resolved_and_reported(instance: Instance) -> None:
    instance.csv("customers", "id,name\n1,Ada\n1,Ada Lovelace\n2,Grace\n")
    report = instance.sync()
    assert report["exit_code"] == 0
    assert instance.rows("shop/customers") == [(1, "Ada Lovelace"), (2, "Grace")]
    assert instance.status()["shop/customers"]["duplicates"] == 1


def test_a_row_value_stands_in_no_log(instance: Instance) -> None:
    instance.sync()
    instance.csv("salaries", "person,amount\n1,5000.00\n2,canary-4711\n")
    done = instance.broker("sync")
    assert done.returncode == 3
    assert "canary-4711" not in done.stdout + done.stderr


def test_two_at_once_do_not_mix(instance: Instance) -> None:
    instance.sync()
    with Store(instance.data).begin():
        done = instance.broker("sync")
    assert done.returncode == 75
    assert "already busy" in done.stderr
    assert instance.sync()["exit_code"] == 0


def test_a_mistake_is_one_line_and_changes_nothing(instance: Instance) -> None:
    (instance.config / "data_description.md").write_text("```yaml\ntables: [\n```\n")
    done = instance.broker("sync")
    assert done.returncode == 2
    assert "data_description.md:" in done.stderr
    assert "Traceback" not in done.stderr
    assert not instance.data.exists()


def test_a_table_that_is_no_longer_described_is_gone(instance: Instance) -> None:
    instance.sync()
    text = (instance.config / "data_description.md").read_text()
    end = text.index("  - id: in.c-hr.salaries")
    (instance.config / "data_description.md").write_text(text[:end] + "```\n")
    instance.sync()
    assert set(instance.status()) == {"shop/orders", "shop/customers"}
    assert not (instance.data / "parquet/hr").exists()


def test_rolling_back_shows_what_was_published_before(instance: Instance) -> None:
    first = instance.sync()["generation"]
    instance.csv("customers", "id,name\n1,Ada\n2,Hopper\n")
    instance.sync()
    assert instance.here("rollback").stdout == f"{first} is published again\n"
    assert instance.rows("shop/customers") == [(1, "Ada"), (2, "Grace")]
    assert instance.here("verify", "--all").returncode == 0


def test_status_before_anything_was_published(instance: Instance) -> None:
    done = instance.broker("status")
    assert done.returncode == 1
    assert "Nothing is published" in done.stdout


def test_a_key_that_is_gone_is_named_to_its_own_class_alone(instance: Instance) -> None:
    canaries = ["canary-1", "canary-2"]
    instance.csv("salaries", "person,amount\n" + "".join(f"{name},1.00\n" for name in canaries))
    instance.sync()
    instance.csv("salaries", "person,amount\nsomebody,1.00\n")
    done = instance.broker("sync")
    assert done.returncode == 1
    assert instance.status()["hr/salaries"]["lost_keys"] == [{"person": n} for n in canaries]
    current = (instance.data / "current").resolve()
    expected = {
        str(path.relative_to(current))
        for path in current.rglob("*")
        if path.is_file() and path.suffix != ".parquet" and b"canary-" in path.read_bytes()
    }
    own = "metadata/hr/salaries.json"
    assert expected == {own, f"views/private/tree/{own}"}
    assert "canary-" not in done.stdout + done.stderr
