"""``at``: the generation of a moment, asked."""

from __future__ import annotations

import json

import pytest

from .pasts import Past
from .test_diff import FIRST, FOURTH, SECOND, THIRD

TOTAL = "SELECT sum(total) AS total FROM orders"


@pytest.mark.parametrize(
    ("when", "generation", "total"),
    [
        ("2026-05-01", FIRST, "7.50"),
        ("2026-05-01T12:00Z", FIRST, "7.50"),
        ("2026-05-02T13:59:59.5+02:00", FIRST, "7.50"),
        ("2026-05-02 14:00+02:00", SECOND, "15.00"),
        ("2026-05-02", SECOND, "15.00"),
        ("previous", THIRD, "15.00"),
        ("latest", FOURTH, "15.00"),
        ("current", FOURTH, "15.00"),
        (SECOND, SECOND, "15.00"),
        ("2030-01-01", FOURTH, "15.00"),
    ],
)
def test_a_moment_is_answered_by_the_newest_generation_at_or_before_it(
    kept: Past, when: str, generation: str, total: str
) -> None:
    answer = kept.json("at", "orders", when, TOTAL)
    assert (answer["generation"], answer["rows"]) == (generation, [[total]])


def test_all_tables_of_the_query_are_of_that_generation(kept: Past) -> None:
    sql = "SELECT (SELECT count(*) FROM stores), (SELECT count(*) FROM closed)"
    assert kept.json("at", "orders", "2026-05-01", sql)["rows"] == [[1, 1]]
    ended = kept.run("at", "orders", "2026-05-03", sql)
    assert ended.returncode == 1
    assert "there is no such table; found closed" in ended.stderr


def test_the_guard_is_that_of_sql_and_so_are_the_options(kept: Past) -> None:
    ended = kept.run("at", "orders", "2026-05-01", "SELECT id FROM orders ORDER BY 1", "--csv")
    assert (ended.returncode, ended.stdout) == (0, "id\n1\n2\n3\n")
    assert f"generation {FIRST}" in ended.stderr
    cut = kept.run("at", "orders", "2026-05-01", "FROM orders", "--rows", "1")
    assert cut.returncode == 4
    assert "the answer was cut after 1 rows" in cut.stderr
    one = ["at", "orders", "2026-05-01", "SELECT $n::BIGINT AS n", "--param", "n=5"]
    assert kept.json(*one)["rows"] == [[5]]
    refused = kept.run("at", "orders", "2026-05-01", "COPY orders TO '/tmp/x'")
    assert (refused.returncode, "the data can be read, and nothing else" in refused.stderr) == (
        1,
        True,
    )


def test_without_a_query_it_says_which_generation_answers_and_what_the_table_was(
    kept: Past,
) -> None:
    ended = kept.run("at", "orders", "2026-05-01")
    assert (ended.returncode, ended.stderr) == (0, "")
    first, table, columns = ended.stdout.splitlines()
    assert first.startswith(f"generation {FIRST} (2026-05-01 12:00 UTC), ")
    assert first.endswith(" old")
    assert table.startswith("orders: 3 rows in 3 files, of 20")
    assert columns == "columns: id BIGINT, day DATE, total DECIMAL(12,2), note VARCHAR"
    facts = json.loads(kept.run("at", "orders", "2026-05-01", "--json").stdout)
    assert (facts["generation"], facts["rows"], facts["files"]) == (FIRST, 3, 3)
    assert kept.run("at", "orders", "2026-05-01", "--csv").returncode != 0


def test_a_table_that_is_not_in_it_says_since_when_it_is_kept(kept: Past) -> None:
    ended = kept.run("at", "closed", "2026-05-04")
    assert ended.returncode == 1
    assert "closed is not in generation" in ended.stderr
    assert f"It is in 2 that are kept here, from {FIRST}" in ended.stderr
    ended = kept.run("at", "ordres", "2026-05-04")
    assert "Did you mean orders?" in ended.stderr
