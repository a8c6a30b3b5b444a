"""Exactly one SELECT, or the EXPLAIN of one, however it is written."""

from __future__ import annotations

import pytest

from broker.errors import LaptopError
from broker.laptop.query.syntax import read_statement


@pytest.mark.parametrize(
    ("sql", "select", "explain"),
    [
        ("SELECT 1", "SELECT 1", ""),
        ("/* é */ SELECT 'é;' ; -- end\n ; ", "/* é */ SELECT 'é;'", ""),
        ("-- first\nFROM t", "-- first\nFROM t", ""),
        ("SELECT ';' -- ;", "SELECT ';' -- ;", ""),
        ("EXPLAIN SELECT 1;", "SELECT 1", "EXPLAIN"),
        ("explain /* a */ analyze\nFROM t", "FROM t", "EXPLAIN ANALYZE"),
        ("EXPLAIN/* a */SELECT 1", "SELECT 1", "EXPLAIN"),
        ("-- a\nexplain\u00a0select\u00a01 ;\u00a0-- b", "select\u00a01", "EXPLAIN"),
        ("\ufeffSELECT '\u00a0;' ;\u00a0-- a web page", "SELECT '\u00a0;'", ""),
        (";\n;SELECT 1;;", "SELECT 1", ""),
        ("SELECT $$a;b$$;\r\n", "SELECT $$a;b$$", ""),
        ("WITH a AS (SELECT 1) FROM a", "WITH a AS (SELECT 1) FROM a", ""),
        ("PIVOT t ON a IN ('x') USING sum(b)", "PIVOT t ON a IN ('x') USING sum(b)", ""),
    ],
)
def test_a_select_is_taken_without_its_end(sql: str, select: str, explain: str) -> None:
    statement = read_statement(sql)
    assert (statement.select, statement.explain) == (select, explain)


@pytest.mark.parametrize(
    ("sql", "found"),
    [
        ("", "found none"),
        ("-- only a comment", "found none"),
        ("SELECT 1; SELECT 2", "found 2 statements"),
        ("SELECT 1; DROP TABLE orders", "found 2 statements"),
        ("EXPLAIN SELECT 1; COPY t TO 'x'", "found 2 statements"),
        ("EXPLAIN (ANALYZE) COPY t TO 'x'", "options of EXPLAIN"),
        ("EXPLAIN (FORMAT json) SELECT 1", "options of EXPLAIN"),
        ("/**/" * 5_000 + "EXPLAIN(ANALYZE) SELECT 1", "options of EXPLAIN"),
        ("EXPLAIN EXPLAIN SELECT 1", "cannot be parsed"),
        ("EXPLAIN ANALYZE CREATE TABLE t AS SELECT 1", "found EXPLAIN ANALYZE CREATE"),
        ("SELECT 1\0; DROP TABLE t", "NUL"),
        ("SELECT '\udcff'", "expected UTF-8"),
        ("SELEC 1", 'syntax error at or near "SELEC"'),
        ("\u0455elect 1", "syntax error"),
        (f"SELECT {'(' * 3_000}1{')' * 3_000}", "cannot be parsed"),
        ("SELECT " + "x" * 100_000, "too long"),
        ("PIVOT t ON a USING sum(b)", "PIVOT needs its values"),
    ],
)
def test_all_else_is_refused(sql: str, found: str) -> None:
    with pytest.raises(LaptopError) as caught:
        read_statement(sql)
    assert found in str(caught.value)


def test_a_syntax_error_is_one_line_without_the_text_of_the_query() -> None:
    with pytest.raises(LaptopError) as caught:
        read_statement("SELECT 1 FRM t WHERE secret = 'x y'")
    assert "\\n" not in str(caught.value)
    assert "LINE 1" not in str(caught.value)


@pytest.mark.parametrize(
    ("given", "found"),
    [
        ({}, "found $since"),
        ({"since": "1", "sinse": "2"}, "expected $since; found $sinse"),
        ({"since": "\udcff"}, "$since: the value of a parameter is not text"),
        ({"since": "a\0b"}, "expected UTF-8"),
    ],
)
def test_parameters_and_values_belong_together(given: dict[str, str], found: str) -> None:
    statement = read_statement("SELECT $since")
    statement.check_parameters({"since": "1"})
    with pytest.raises(LaptopError) as caught:
        statement.check_parameters(given)
    assert found in str(caught.value)
