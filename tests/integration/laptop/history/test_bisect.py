"""``bisect``: with which generation an answer changed, and what in the data changed it."""

from __future__ import annotations

import pytest

from .pasts import Past
from .test_diff import FIRST, FOURTH, SECOND, THIRD, TITLE


def test_the_generation_the_table_the_partitions_and_the_keys_are_named(kept: Past) -> None:
    ended = kept.run("bisect", "SELECT sum(total) FROM orders")
    assert (ended.returncode, ended.stderr) == (0, "")
    assert ended.stdout.splitlines() == [
        f"the answer changed with generation {TITLE[SECOND]}",
        f"before: {TITLE[FIRST]}: 7.50",
        f"after: {TITLE[SECOND]}: 15.00",
        "table orders",
        "  partitions: 2026_02, 2026_03",
        "  added    id=4: day=2026-03-01, total=4.50, note=d",
        "  changed  id=2: total 2.50 -> 9.00",
        "  removed  id=3: day=2026-03-01, total=3.50, note=c",
    ]


def test_only_what_the_query_asks_for_is_to_blame(kept: Past) -> None:
    sql = "SELECT (SELECT count(*) FROM stores), sum(total) FROM orders WHERE id < $most"
    found = kept.json("bisect", sql, FIRST, SECOND, "--param", "most=3")
    (cause,) = found["tables"]
    assert (cause["table"], cause["partitions"]) == ("orders", ["2026_02"])
    assert [(row["change"], row["key"]) for row in cause["rows"]] == [("changed", {"id": "2"})]


def test_the_first_of_several_changes_is_found(kept: Past) -> None:
    sql = "SELECT id, total, day FROM orders"
    assert kept.json("bisect", sql)["after"] == SECOND
    assert kept.json("bisect", sql, SECOND)["after"] == THIRD
    assert kept.json("bisect", sql, "2026-05-03", "latest")["same"] is True
    two = "SELECT count(*) FROM orders, stores"
    found = kept.json("bisect", two)
    assert (found["after"], found["answer_before"], found["answer_after"]) == (THIRD, "3", "6")
    assert [cause["table"] for cause in found["tables"]] == ["stores"]
    assert found["tables"][0]["notes"] == ["rows have no key that is the same in both: see diff"]


def test_a_row_that_moved_to_another_partition_is_found(kept: Past) -> None:
    (cause,) = kept.json("bisect", "SELECT max(day) FROM orders WHERE id = 1", SECOND)["tables"]
    assert cause["partitions"] == ["2026_01", "2026_03"]
    keys = {(row["change"], row["key"]["id"]) for row in cause["rows"]}
    assert keys <= {("changed", "1")}
    assert keys


def test_rows_in_another_order_are_the_same_unless_the_query_orders_them(kept: Past) -> None:
    """Of 2 and 3 May the same rows, which a table without partitions reads in another order."""
    sql = "SELECT id FROM orders"
    assert kept.run("bisect", sql, SECOND, FOURTH).stdout.startswith("SAME: ")
    found = kept.json("bisect", f"{sql} ORDER BY day, id", SECOND, FOURTH)
    assert found["after"] == THIRD


def test_a_table_that_went_or_drifted_says_so(kept: Past) -> None:
    found = kept.json("bisect", "SELECT count(*) FROM closed")
    assert (found["after"], found["answer_before"]) == (THIRD, "1")
    assert found["answer_after"].startswith("it cannot be asked: there is no such table")
    assert found["tables"] == [
        {
            "table": "closed",
            "partitions": [],
            "rows": [],
            "notes": ["the table is not there any more"],
        }
    ]
    (cause,) = kept.json("bisect", "SELECT max(value) FROM drifting")["tables"]
    assert cause["notes"] == ["its columns changed (value): see diff"]
    (other,) = kept.json("bisect", 'SELECT "it\'s" FROM "odd-name"')["tables"]
    assert [row["key"] for row in other["rows"]] == [{'the "id"': "1"}]
    (emptied,) = kept.json("bisect", "SELECT count(*) FROM emptied")["tables"]
    assert [row["change"] for row in emptied["rows"]] == ["removed"]


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["SELECT nothing FROM orders"], "neither generation can be asked: "),
        (
            ["SELECT now(), id FROM orders"],
            "the answer changes although the data do not; found now",
        ),
        (["SELECT random() FROM orders"], "found random()"),
        (["EXPLAIN SELECT 1"], "an EXPLAIN has no answer to compare"),
        (["SELECT id FROM orders", "--rows", "1"], "the answer is too long to be compared"),
        (["SELECT 1", FOURTH, FIRST], "there is nothing to search between these generations"),
        (["SELECT 1", FIRST, FIRST], "there is nothing to search between these generations"),
        (["SELECT 1", "2026-04-01"], "no generation that is kept here is so old"),
        (["DROP TABLE orders"], "neither generation can be asked: the data can be read"),
    ],
)
def test_what_cannot_be_searched_is_one_sentence(
    kept: Past, words: list[str], sentence: str
) -> None:
    ended = kept.run("bisect", *words)
    assert (ended.returncode, ended.stdout) == (1, "")
    assert sentence in ended.stderr
    assert ended.stderr.count("\n") == 1
