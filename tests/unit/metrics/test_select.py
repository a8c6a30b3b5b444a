"""What may stand as the SQL of a metric, by DuckDB's own parser."""

import pytest

from broker.laptop.query.refusals import is_table_function
from broker.metrics.select import IN_FROM, SelectError, names_in, one_select


@pytest.mark.parametrize(
    ("sql", "bare"),
    [
        ("SELECT 1", "SELECT 1"),
        ("SELECT 1 ;\n", "SELECT 1"),
        ("-- why\nFROM orders;", "-- why\nFROM orders"),
        ("SELECT ';' AS a -- ; and more", "SELECT ';' AS a -- ; and more"),
        ("WITH a AS (FROM t), b AS (FROM a) FROM b", "WITH a AS (FROM t), b AS (FROM a) FROM b"),
        ("VALUES (1)", "VALUES (1)"),
        ("FROM range(3) AS r(n), orders", "FROM range(3) AS r(n), orders"),
    ],
)
def test_one_select_is_taken_without_its_end(sql: str, bare: str) -> None:
    assert one_select(sql) == bare


@pytest.mark.parametrize(
    ("sql", "found", "line"),
    [
        ("", "nothing", 1),
        ("-- SELECT 1", "nothing", 1),
        ("SELECT 1; SELECT 2", "2 statements", 1),
        ("SELECT 1;\n-- done", 'syntax error at or near ";"', 1),
        ("SELECT 1) x, (SELECT 2", 'syntax error at or near ")"', 1),
        ("SELECT\n1\nFROM FROM", 'syntax error at or near "FROM"', 3),
        ("COPY (SELECT 1) TO 'x'", "COPY", 1),
        ("INSERT INTO t VALUES (1)", "INSERT", 1),
        ("EXPLAIN SELECT 1", "EXPLAIN", 1),
        ("UPDATE EXTENSIONS", "another statement", 1),
        ("WITH a AS (COPY (SELECT 1) TO 'x') FROM a", "COPY in a WITH query", 1),
        ("WITH a AS (INSERT INTO t VALUES (1) RETURNING *) FROM a", "INSERT in a WITH query", 1),
        ("SET threads = 1", "SET", 1),
        ("SELECT ?", "a parameter ($ or ?), which has no value", 1),
        ("SELECT $day", "a parameter ($ or ?), which has no value", 1),
        ("PIVOT t ON a USING sum(b)", "PIVOT without a list", 1),
        ("SELECT " + "(" * 50_000 + "1", "brackets are nested more than 100 times", 1),
        ("SELECT " + "(')'," * 50_000 + "1", "brackets are nested more than 100 times", 1),
        ("DESCRIBE pay", "SHOW, DESCRIBE or SUMMARIZE", 1),
        ("SUMMARIZE pay", "SHOW, DESCRIBE or SUMMARIZE", 1),
        ("SHOW TABLES", "SHOW, DESCRIBE or SUMMARIZE", 1),
        ("SELECT * FROM orders, (DESCRIBE pay)", "SHOW, DESCRIBE or SUMMARIZE", 1),
        ("FROM hr.pay", "hr.pay, a table with a schema before its name", 1),
        ("FROM a.b.pay", "a.b.pay, a table with a schema before its name", 1),
        (
            "FROM query_table('pay')",
            "query_table() in FROM, where generate_series, json_each, json_tree, range, unnest and "
            "tables may stand",
            1,
        ),
        (
            "FROM read_csv('/etc/passwd')",
            "read_csv() in FROM, where generate_series, json_each, json_tree, range, unnest and "
            "tables may stand",
            1,
        ),
        ("WITH pay AS (FROM salaries) FROM orders", "the WITH query pay, which nothing uses", 1),
        (
            "WITH pay AS (FROM salaries), y AS (FROM pay) FROM orders",
            "the WITH query y, which nothing uses",
            1,
        ),
        (
            "SELECT * FROM (WITH salaries AS (FROM salaries) FROM orders)",
            "the WITH query salaries, which nothing uses",
            1,
        ),
    ],
)
def test_what_is_not_one_select_is_named_with_its_line(sql: str, found: str, line: int) -> None:
    with pytest.raises(SelectError) as error:
        one_select(sql)
    assert (error.value.found, error.value.line) == (found, line)


def test_names_in_from_are_known_without_those_of_with() -> None:
    sql = "WITH a AS (FROM Orders) SELECT * FROM a JOIN x.items USING (i) WHERE EXISTS (FROM log)"
    assert names_in(sql) == {"orders", "items", "log"}


def test_a_function_that_may_stand_for_a_table_may_on_a_laptop_too() -> None:
    assert all(map(is_table_function, IN_FROM))
