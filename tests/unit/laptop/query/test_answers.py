"""What answers say: exact values, whole or cut, and where they come from."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from broker.errors import LaptopError
from broker.laptop.query.answer import AnswerColumn, QueryAnswer
from broker.laptop.query.ask import GuardedData
from broker.laptop.query.limits import QueryLimits
from broker.laptop.workspace import CHOSEN
from broker.manifest import Status
from broker.tables.model import Partitioning
from broker.tables.schema import Column, TableSchema
from tests.laptop_folders import MADE_AT, LaptopFolder, make_shop

from .conftest import data_of

Ask = Callable[..., QueryAnswer]


def rows(answer: QueryAnswer) -> list[tuple[str | None, ...]]:
    return list(answer.rows)


@pytest.mark.parametrize(
    ("expression", "text"),
    [
        ("12345678901234567890.123456789::DECIMAL(38,9)", "12345678901234567890.123456789"),
        ("1.50::DECIMAL(18,2)", "1.50"),
        ("TIMESTAMPTZ '2026-05-01 02:00:00.000001+02'", "2026-05-01 00:00:00.000001+00"),
        ("TIMESTAMP '2026-05-01 02:00:00'", "2026-05-01 02:00:00"),
        ("170141183460469231731687303715884105727::HUGEINT", f"{2**127 - 1}"),
        ("9223372036854775807::BIGINT", f"{2**63 - 1}"),
        ("0.1::DOUBLE + 0.2::DOUBLE", "0.30000000000000004"),
        ("'nan'::DOUBLE", "nan"),
        ("NULL", None),
        ("''", ""),
        ("'NA'", "NA"),
        ("'a\nb'", "a\nb"),
        ("'\\xAA'::BLOB", "\\xAA"),
        ("[1.50::DECIMAL(9,2), NULL]", "[1.50, NULL]"),
        ("DATE '0044-03-15 (BC)'", "0044-03-15 (BC)"),
        ("INTERVAL 14 MONTHS", "1 year 2 months"),
    ],
)
def test_values_are_exact(ask: Ask, expression: str, text: str | None) -> None:
    assert rows(ask(f"SELECT {expression}")) == [(text,)]


def test_types_are_those_of_duckdb_and_names_may_be_twice(ask: Ask) -> None:
    answer = ask("SELECT id, id, amount, created_at FROM orders LIMIT 1")
    assert answer.columns == (
        AnswerColumn("id", "BIGINT"),
        AnswerColumn("id", "BIGINT"),
        AnswerColumn("amount", "DECIMAL(18,2)"),
        AnswerColumn("created_at", "TIMESTAMP WITH TIME ZONE"),
    )


@pytest.mark.parametrize(
    ("sql", "count"),
    [
        ("SHOW TABLES", 2),
        ("DESCRIBE orders", 5),
        ("SHOW orders", 5),
        ("SUMMARIZE customers", 2),
        ("TABLE customers", 3),
        ("VALUES (1), (2)", 2),
        ("FROM ORDERS", 12),
        ('FROM "Orders" AS "We""ird"', 12),
        ("SELECT 1 -- a comment at the end", 1),
        ("PIVOT orders ON status IN ('NA') USING sum(amount) GROUP BY customer_id", 3),
        ("WITH orders AS (SELECT * FROM orders WHERE id < 6) FROM orders", 2),
        ("WITH RECURSIVE t AS (SELECT 1 AS a UNION ALL SELECT a + 1 FROM t WHERE a < 5) FROM t", 5),
        ("SELECT (SELECT max(id) FROM orders AS p WHERE p.id < o.id) FROM orders AS o", 12),
        ("FROM range(3)", 3),
        ("SELECT unnest([1, 2])", 2),
        ("(SELECT 1) UNION ALL (SELECT 2) ORDER BY 1", 2),
    ],
)
def test_every_form_of_a_question_is_answered(ask: Ask, sql: str, count: int) -> None:
    assert len(ask(sql).rows) == count


def test_explain_shows_the_plan_on_the_real_files(ask: Ask) -> None:
    answer = ask("EXPLAIN ANALYZE FROM orders")
    assert answer.is_plan
    assert "Total Files Read: 3" in str(answer.rows[0][0])
    assert "READ_PARQUET" in str(ask("EXPLAIN FROM orders").rows[0][0])


def test_values_come_in_by_parameters_never_as_sql(ask: Ask) -> None:
    text = "' OR true --"
    assert rows(ask("SELECT count(*) FROM customers WHERE name = $n", {"n": text})) == [("0",)]
    assert rows(ask("SELECT id FROM orders WHERE id = $id", {"id": "7"})) == [("7",)]
    since = ask("SELECT count(*) FROM orders WHERE created_at >= $s", {"s": "2026-02-01"})
    assert rows(since) == [("8",)]
    assert rows(ask("SELECT ?, ?", {"1": "a", "2": "b"})) == [("a", "b")]


def test_the_order_of_a_query_stays_and_is_known(ask: Ask) -> None:
    answer = ask("SELECT id FROM orders ORDER BY id DESC", rows=3)
    assert rows(answer) == [("15",), ("14",), ("13",)]
    assert answer.is_ordered
    assert not ask("WITH a AS (FROM orders ORDER BY id) FROM a").is_ordered


def test_an_answer_is_cut_at_rows_and_at_characters_and_only_then(ask: Ask) -> None:
    assert ask("FROM orders", rows=12).cut is None
    cut = ask("FROM orders", rows=11)
    assert (len(cut.rows), cut.cut) == (11, "11 rows")
    long = ask("SELECT repeat('x', 400) FROM range(5)", characters=1_000)
    assert (len(long.rows), long.cut) == (2, "1,000 characters")
    endless = ask("FROM range(1_000_000_000_000)", rows=2)
    assert rows(endless) == [("0",), ("1",)]


def read(ask: Ask, sql: str) -> list[str]:
    return [age.name for age in ask(sql).tables]


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("SELECT 'orders'", []),
        ("FROM orders WHERE false", ["orders"]),
        ("WITH orders AS (SELECT 1) FROM orders", []),
        ("WITH orders AS (FROM customers) FROM orders", ["customers"]),
        ("WITH orders AS (FROM orders) FROM orders", ["orders"]),
        ("WITH a AS (FROM customers) FROM orders", ["orders"]),
        ("FROM customers WHERE id IN (SELECT customer_id FROM orders)", ["customers", "orders"]),
        ("SELECT (SELECT count(*) FROM orders)", ["orders"]),
        ("DESCRIBE orders", ["orders"]),
        ("SUMMARIZE orders", ["orders"]),
        ("EXPLAIN FROM orders", ["orders"]),
        ("SHOW TABLES", ["customers", "orders"]),
    ],
)
def test_tables_are_those_that_the_bound_plan_reads(
    ask: Ask, sql: str, expected: list[str]
) -> None:
    assert read(ask, sql) == expected


def test_every_answer_says_of_which_generation_it_is_and_how_long_it_took(
    ask: Ask, shop: LaptopFolder
) -> None:
    answer = ask("FROM orders")
    assert answer.generation == shop.tree.name
    assert answer.seconds > 0


def test_old_tables_and_a_wrong_clock_are_notes_of_the_answer(tmp_path: Path) -> None:
    folder = make_shop(tmp_path)
    orders = folder.tables["shop/orders"]
    folder.tables["shop/orders"] = replace(orders, freshness_seconds=60)
    customers = folder.tables["shop/customers"]
    folder.tables["shop/customers"] = replace(customers, status=Status.FAILED)
    folder.publish()
    data = data_of(folder)
    late = replace(data, clock=lambda: MADE_AT + timedelta(hours=1))
    assert late.ask(late.check("FROM orders")).notes == (
        "orders is of 2026-11-01 12:00 UTC, older than the 1 min promised",
    )
    notes = late.ask(late.check("FROM customers")).notes
    assert notes == ("customers is of 2026-11-01 12:00 UTC: last load failed",)
    behind = replace(data, clock=lambda: MADE_AT - timedelta(hours=1))
    (note,) = behind.ask(behind.check("FROM orders")).notes
    assert note.startswith("the clock of this laptop is 1 h behind")


@pytest.mark.parametrize(
    ("condition", "is_warned"),
    [
        ("", True),
        ("WHERE amount > 3", True),
        ("WHERE status = 'created_at'", True),
        ("WHERE created_at >= '2026-02-01'", False),
        ("WHERE date_trunc('month', created_at) = DATE '2026-02-01'", False),
        ("WHERE created_at::DATE = DATE '2026-02-01' AND amount > 3", False),
    ],
)
def test_a_large_table_that_is_read_whole_is_warned_of(
    tmp_path: Path, condition: str, is_warned: bool
) -> None:
    folder = make_shop(tmp_path)
    folder.tables["shop/orders"] = replace(
        folder.tables["shop/orders"],
        rows=20_000_000,
        partitioning=Partitioning("created_at", "month"),
    )
    folder.publish()
    notes = data_of(folder).check(f"SELECT sum(amount) FROM orders {condition}").notes
    assert len(notes) == is_warned
    if is_warned:
        assert notes[0].startswith("all 3 files of orders are read (20,000,000 rows")
        assert "partitioned by month of created_at" in notes[0]


def test_a_small_table_is_read_whole_without_a_warning(tmp_path: Path) -> None:
    folder = make_shop(tmp_path)
    partitioning = Partitioning("created_at", "month")
    folder.table("orders", "SELECT 1::BIGINT AS id, now() AS created_at", partitioning=partitioning)
    folder.publish()
    assert data_of(folder).check("FROM orders").notes == ()


def test_an_empty_table_has_its_columns_and_one_never_loaded_says_why(tmp_path: Path) -> None:
    folder = make_shop(tmp_path)
    columns = (Column("id", "BIGINT"), Column("moment", "TIMESTAMPTZ"), Column("what"))
    folder.table("refunds", schema=TableSchema(columns), status=Status.EMPTY)
    folder.table("visits", status=Status.FAILED, as_of=None)
    folder.publish()
    data = data_of(folder)
    answer = data.ask(data.check("FROM refunds WHERE moment > '2026-01-01'"))
    assert [column.type for column in answer.columns] == [
        "BIGINT",
        "TIMESTAMP WITH TIME ZONE",
        "VARCHAR",
    ]
    assert answer.rows == ()
    with pytest.raises(LaptopError, match=r"visits: .*never been loaded \(last load failed\)"):
        data.check("FROM visits")
    of_query = data.check("WITH visits AS (SELECT 1 AS a) FROM visits")
    assert data.ask(of_query).rows == (("1",),)
    assert "visits" not in {row[0] for row in data.ask(data.check("SHOW TABLES")).rows}


def test_names_that_need_quotes_and_files_that_look_like_patterns_are_read(tmp_path: Path) -> None:
    folder = make_shop(tmp_path)
    folder.table(
        "we\"ird ta'ble [1]*", 'SELECT 1::BIGINT AS "a ""b", \'x\' AS "c\'d"', folder="o'dd"
    )
    folder.publish()
    data = data_of(folder)
    sql = 'SELECT "a ""b", "c\'d" FROM "we""ird ta\'ble [1]*"'
    assert data.ask(data.check(sql)).rows == (("1", "x"),)


def test_tables_of_one_name_are_asked_by_folder_and_name(tmp_path: Path) -> None:
    folder = make_shop(tmp_path)
    folder.table("orders", "SELECT 99::BIGINT AS id", folder="web")
    folder.publish()
    data = data_of(folder)
    assert data.ask(data.check("SELECT id FROM web_orders")).rows == (("99",),)
    with pytest.raises(LaptopError, match="Did you mean web_orders"):
        data.check("FROM web.orders")


def test_a_file_that_is_missing_is_one_sentence(tmp_path: Path) -> None:
    folder = make_shop(tmp_path)
    next(folder.tree.rglob("1.parquet")).unlink()
    data = data_of(folder)
    with pytest.raises(LaptopError, match=r"sync_data\.sh"):
        data.ask(data.check("FROM orders"))


def test_a_table_that_the_analyst_left_out_is_not_taken_for_a_wrong_name(tmp_path: Path) -> None:
    folder = make_shop(tmp_path)
    (folder.tree / CHOSEN).write_text('["shop/customers"]')
    data = GuardedData.of(folder.workspace, QueryLimits())
    with pytest.raises(LaptopError, match=r"orders: .*leaves it out.*broker\.toml"):
        data.check("FROM Orders")
    assert data.ask(data.check("SHOW TABLES")).rows == (("customers",),)
    with pytest.raises(LaptopError, match="there is no such table"):
        data.check("FROM zzz")
