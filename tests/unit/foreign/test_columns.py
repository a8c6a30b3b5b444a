from __future__ import annotations

from collections.abc import Iterator

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from broker.errors import TableError
from broker.foreign.columns import SIMPLE, folded, sql_type
from broker.tables.types import canonical

NAMES = st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=8).map(
    lambda name: '"' + name.replace('"', '""') + '"'
)
TYPES = st.recursive(
    st.sampled_from([*SIMPLE, "DECIMAL(38,0)", "DECIMAL(5,5)"]),
    lambda inner: (
        inner.map("{}[]".format)
        | st.lists(st.tuples(NAMES, inner), min_size=1, max_size=3, unique_by=lambda m: m[0]).map(
            lambda members: f"STRUCT({', '.join(f'{name} {type_}' for name, type_ in members)})"
        )
    ),
    max_leaves=6,
)
ATTACKS = [
    "INTEGER); COPY (SELECT 1) TO '/tmp/x'; --",
    "VARCHAR) AS a, (SELECT content FROM read_text('/etc/passwd')) AS b, CAST(NULL AS VARCHAR[]",
    "BIGINT; DROP TABLE x",
    "STRUCT(\"a\" BIGINT); ATTACH 'x'; --[]",
    'STRUCT("a"" BIGINT)',
    "STRUCT()",
    "STRUCT(a)",
    "STRUCT(a  BIGINT)",
    "STRUCT(a BIGINT,b BIGINT)",
    "STRUCT(a BIGINT",
    "varchar",
    "BIGINT ",
    "BIGINT\n",
    "BIGINT[3]",
    "[]",
    "",
    "DECIMAL(39,0)",
    "DECIMAL(2,3)",
    "DECIMAL(0,0)",
    "DECIMAL(12, 2)",
    "DECIMAL(\uff11\uff12,2)",
    "ENUM('a')",
    "TIMESTAMPTZX",
    "BIGINT\0",
    "STRUCT(" * 40 + "BIGINT" + ")" * 40,
    "BIGINT" + "[]" * 100_000,
]


@given(TYPES)
def test_what_the_engine_writes_is_read_and_stays_the_same(type_: str) -> None:
    assert sql_type(type_) == type_
    assert canonical(type_, where="t") == type_


@pytest.mark.parametrize("text", ATTACKS, ids=lambda text: text[:40])
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"column type|DECIMAL"):
        sql_type(text)


@pytest.mark.parametrize("text", [text for text in ATTACKS if text.endswith("]")][:2])
def test_the_engine_refuses_a_nested_type_that_is_sql(text: str) -> None:
    with pytest.raises(TableError, match="nested type"):
        canonical(text, where="orders")


def test_bare_names_of_members_are_quoted() -> None:
    assert sql_type("STRUCT(select BIGINT)") == 'STRUCT("select" BIGINT)'


@pytest.fixture(scope="module")
def database() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        yield connection


@given(type_=TYPES)
def test_duckdb_takes_it_for_one_type(database: duckdb.DuckDBPyConnection, type_: str) -> None:
    rows = database.execute(f"SELECT CAST(NULL AS {sql_type(type_)}) AS x").fetchall()
    assert rows == [(None,)]


def test_names_are_one_column_where_they_differ_in_ascii_case_alone() -> None:
    """As DuckDB compares them: each pair is one argument of a struct, or two."""
    pairs = {("Total", "total"): True, ("ÉA", "Éa"): True, ("É", "é"): False, ("a", "b"): False}
    assert {pair: folded(pair[0]) == folded(pair[1]) for pair in pairs} == pairs
