"""Macros of earlier generations in the guarded query."""

from __future__ import annotations

import json

import pytest

from .pasts import Past
from .test_diff import FIRST, SECOND

COUNT = "SELECT count(*) FROM orders_at('2026-05-01')"


def test_the_answer_names_the_generations_that_it_was_read_from(kept: Past) -> None:
    sql = (
        "SELECT n.id, n.total - o.total AS more FROM orders_at('2026-05-01') AS o "
        "JOIN ORDERS_AT($when) AS n USING (id) WHERE n.total <> o.total"
    )
    answer = kept.json("sql", sql, "--param", "when=2026-05-02T12:00Z")
    assert answer["rows"] == [[2, "6.50"]]
    assert [table["name"] for table in answer["tables"]] == [
        f"orders of generation {FIRST}",
        f"orders of generation {SECOND}",
    ]
    assert answer["notes"] == []
    ended = kept.run("sql", f"{COUNT} WHERE id IN (SELECT id FROM orders)")
    assert "tables: orders, " in ended.stdout
    assert f"; orders of generation {FIRST}, " in ended.stdout


def test_a_difference_is_asked_in_the_same_way(kept: Past) -> None:
    sql = "SELECT change, id FROM orders_diff('2026-05-01', '2026-05-02') ORDER BY ALL"
    answer = kept.json("sql", sql)
    assert answer["rows"] == [["added", 4], ["changed", 2], ["removed", 3]]
    assert len(answer["tables"]) == 2
    odd = "SELECT change, \"it's\" FROM \"odd-name_diff\"('2026-05-01', '2026-05-02')"
    assert kept.json("sql", odd)["rows"] == [["changed", "y"]]


def test_tables_that_are_gone_or_empty_can_be_asked(kept: Past) -> None:
    assert kept.json("sql", "SELECT count(*) FROM closed_at('2026-05-02')")["rows"] == [[1]]
    assert kept.json("sql", "SELECT count(*) FROM emptied_at('2026-05-03')")["rows"] == [[0]]
    ended = kept.run("sql", "FROM closed_at('2026-05-03')")
    assert "closed_at: closed is not in generation" in ended.stderr


def test_describe_explain_and_with_work(kept: Past) -> None:
    described = kept.json("sql", "DESCRIBE FROM drifting_at('2026-05-04')")["rows"]
    assert [row[0] for row in described] == ["id", "value", "note"]
    assert kept.run("sql", f"EXPLAIN {COUNT}").returncode == 0
    sql = "WITH orders AS (FROM orders_at('2026-05-01')) SELECT count(*) FROM orders"
    assert kept.json("sql", sql)["rows"] == [[3]]


@pytest.mark.parametrize(
    ("sql", "sentence"),
    [
        ("FROM orders_at('2026-04-30')", f"the oldest generation that is kept here is {FIRST}"),
        (
            "FROM ordres_at('2026-05-01')",
            "there is no such macro; found ordres_at(). Did you mean orders_at()?",
        ),
        ("FROM read_parquet('x')", "a query reads tables, not files or settings"),
        ("FROM query_table('//0')", "a query reads tables, not files or settings"),
        ('FROM "//0"', "a query reads tables, not files"),
        (f'{COUNT}, "//0"', "a query reads tables, not files"),
        ("SELECT totl FROM orders_at('2026-05-01')", "total"),
        ("SELECT o.totl FROM orders_at('2026-05-01') AS o", "total"),
        ("FROM orders_at((SELECT max(day) FROM orders))", "cannot contain subqueries"),
        ("FROM orders_at('yesterday')", "yesterday"),
        ("FROM orders_at(read_text('/etc/passwd'))", "read_text"),
        ("FROM orders_at(getenv('HOME'))", "getenv"),
    ],
)
def test_what_cannot_be_asked_is_one_sentence(kept: Past, sql: str, sentence: str) -> None:
    ended = kept.run("sql", sql)
    assert (ended.returncode, ended.stdout) == (1, "")
    assert sentence in ended.stderr
    assert ended.stderr.count("\n") == 1


def test_an_answer_from_several_generations_has_no_receipt(kept: Past) -> None:
    ended = kept.run("sql", COUNT, "--receipt")
    assert ended.returncode == 1
    assert "an answer from several generations has no receipt" in ended.stderr
    assert not (kept.workspace.user / "receipts").exists()


def test_at_knows_the_macros_as_well(kept: Past) -> None:
    ended = kept.run("at", "orders", "2026-05-02", COUNT, "--json")
    assert json.loads(ended.stdout)["rows"] == [[3]]
