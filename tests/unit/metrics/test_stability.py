"""Which metrics answer otherwise while their tables stand still."""

from __future__ import annotations

import duckdb
import pytest

from broker.metrics.select import parser
from broker.metrics.stability import is_moving


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT count(*) FROM orders WHERE day >= current_date - INTERVAL 7 DAY",
        "SELECT count(*) FROM orders WHERE day > NOW()",
        "SELECT Current_Timestamp",
        "SELECT localtimestamp - max(placed) FROM orders",
        "SELECT today() - max(day) FROM orders",
        "SELECT max(age(day)) FROM orders",
        "SELECT max(ago(INTERVAL 1 DAY)) FROM orders",
        "SELECT avg(total) FROM (SELECT * FROM orders USING SAMPLE 10)",
        "SELECT avg(total) FROM orders TABLESAMPLE 5%",
        "SELECT sum(total * random()) FROM orders",
        "WITH a AS (SELECT * FROM orders WHERE day < (SELECT today())) SELECT count(*) FROM a",
        "SELECT reservoir_quantile(total, 0.5) FROM orders",
    ],
)
def test_what_asks_for_the_time_or_for_chance_moves(sql: str) -> None:
    assert is_moving(sql)


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT date_trunc('month', day) AS month, sum(total) FROM orders GROUP BY ALL",
        "SELECT max(age(day, DATE '2026-01-01')) FROM orders",
        "SELECT count(*) FROM orders TABLESAMPLE reservoir(10 ROWS) REPEATABLE (3)",
        "SELECT 'current_date, now()' || max(name) FROM orders",
        "SELECT one.today FROM orders AS one",
        "SELECT user, split_part(name, ' ', 1) FROM orders",
    ],
)
def test_other_metrics_stand_still(sql: str) -> None:
    assert not is_moving(sql)


def test_whatever_gives_a_time_without_being_given_one_moves() -> None:
    """Against DuckDB itself, whose list calls some of them consistent."""
    with parser() as connection:
        names = connection.execute(
            "SELECT DISTINCT function_name FROM duckdb_functions() UNION SELECT keyword_name "
            "FROM duckdb_keywords() UNION VALUES ('current_timestamp'), ('localtime')"
        ).fetchall()
        found = set()
        for (name,) in names:
            for text in (f'SELECT "{name}"()', f"SELECT {name}"):
                try:
                    (column,) = connection.execute(f"DESCRIBE {text}").fetchall()
                except duckdb.Error:
                    continue
                if column[1].startswith(("DATE", "TIME")):
                    found.add(text)
    assert {"SELECT current_date", 'SELECT "now"()', "SELECT current_timestamp"} <= found
    assert 'SELECT "current_localtimestamp"()' in found
    assert [text for text in sorted(found) if not is_moving(text)] == []
