"""Wrong and hostile queries: each gets the answer that helps, and nothing outside is touched."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from broker.errors import LaptopError
from broker.laptop.query.answer import QueryAnswer
from tests.laptop_folders import LaptopFolder

from .conftest import data_of

Ask = Callable[..., QueryAnswer]

OWN = "database of your own in user/duckdb/"
FILES = "Ask a table by its name"
SETTINGS = "Settings are fixed here"
THERE_IS = "SHOW TABLES and DESCRIBE TABLE say what there is"

WRONG = [
    ("SELECT o.amont FROM orders o", "Did you mean o.amount?"),
    ("SELECT amont FROM orders", "Did you mean orders.amount?"),
    ("SELECT c.nam FROM orders o JOIN customers c ON c.id = o.customer_id", "mean c.name?"),
    ("SELECT * FROM orders JOIN customers USING (idd)", "Did you mean"),
    ("SELECT * EXCLUDE (amont) FROM orders", "Did you mean orders.amount?"),
    ("SELECT c.zzzzzz FROM customers AS c", "customers has: id, name."),
    ('FROM orders WHERE status = "paid"', "A text stands in single quotes"),
    ('SELECT "amont" FROM orders', "the name of a column. Did you mean orders.amount?"),
    ("SELECT x.amount FROM orders o", 'Candidate tables: "o"'),
    ("FROM ordrs", "Did you mean orders?"),
    ("FROM shop.customers", "Did you mean customers?"),
    ("FROM memory.main.orders", "Did you mean orders?"),
    ("FROM zzz_own_table", OWN),
    ("SELECT summ(amount) FROM orders", 'Did you mean "sum"?'),
    ("SELECT id, sum(amount) FROM orders", "GROUP BY"),
    ("SELECT $since", "Add --param since=VALUE."),
    ("SELECT CAST('abc' AS INTEGER)", "Could not convert string 'abc'"),
    ("SELECT amount / 'x' FROM orders", "the query"),
    ("SELEC 1", "cannot be parsed"),
    ("", "found none"),
    ("SELECT 1; SELECT 2", "found 2 statements"),
    ("PIVOT orders ON status USING sum(amount)", "PIVOT needs its values"),
]

HOSTILE = [
    # what writes
    ("COPY orders TO '{outside}/a.csv'", "redirect the output"),
    ("COPY (FROM orders) TO '{tree}/parquet/shop/orders/0.parquet'", "redirect the output"),
    ("EXPLAIN ANALYZE COPY orders TO '{outside}/a.csv'", "redirect the output"),
    ("EXPLAIN (ANALYZE) COPY orders TO '{outside}/a.csv'", "options of EXPLAIN"),
    ("/* SELECT */ COPY orders TO '{outside}/a.csv' -- SELECT", "redirect the output"),
    ("SELECT 1; COPY orders TO '{outside}/a.csv'", "found 2 statements"),
    ("WITH a AS (COPY orders TO '{outside}/a.csv') FROM a", "found COPY. To keep an answer"),
    ("FROM (WITH a AS (COPY orders TO '{outside}/a.csv') FROM a)", "found COPY. To keep"),
    (
        "EXPLAIN ANALYZE WITH a AS (COPY (SELECT 1) TO '{tree}/parquet/shop/orders/0.parquet' "
        "(FORMAT parquet, USE_TMP_FILE false)) SELECT a.* FROM a, orders",
        "found EXPLAIN ANALYZE COPY. To keep an answer",
    ),
    ("WITH a AS (INSERT INTO orders VALUES (1) RETURNING *) FROM a", OWN),
    ("WITH a AS (DELETE FROM orders RETURNING *) FROM a", OWN),
    ("WITH a AS (UPDATE orders SET id = 1 RETURNING *) SELECT (SELECT id FROM a)", OWN),
    ("UPDATE EXTENSIONS", "Write a SELECT"),
    ("EXPORT DATABASE '{outside}/dump'", "redirect the output"),
    ("CREATE TABLE t AS FROM orders", OWN),
    ("CREATE TEMP TABLE t AS FROM orders", OWN),
    ("CREATE OR REPLACE VIEW orders AS SELECT 1", OWN),
    ("CREATE MACRO sum(x) AS 0", OWN),
    ("INSERT INTO orders VALUES (1)", OWN),
    ("UPDATE orders SET amount = 0", OWN),
    ("DELETE FROM orders", OWN),
    ("MERGE INTO orders USING customers ON true WHEN MATCHED THEN DELETE", OWN),
    ("DROP VIEW orders", OWN),
    ("ALTER VIEW orders RENAME TO o", OWN),
    ("TRUNCATE orders", OWN),
    ("CHECKPOINT", "Write a SELECT"),
    ("VACUUM", OWN),
    ("BEGIN TRANSACTION", "one generation as a whole"),
    # what opens, loads or changes settings
    ("ATTACH '{outside}/secret.db' AS s", OWN),
    ("DETACH memory", OWN),
    ("USE memory", SETTINGS),
    ("INSTALL httpfs", "No extension"),
    ("LOAD httpfs", "No extension"),
    ("SET memory_limit = '90GB'", SETTINGS),
    ("SET VARIABLE x = 1", SETTINGS),
    ("RESET lock_configuration", SETTINGS),
    ("PRAGMA database_list", SETTINGS),
    ("PRAGMA enable_external_access", SETTINGS),
    ("IMPORT DATABASE '{outside}'", SETTINGS),
    ("CALL pragma_version()", "Write a SELECT"),
    ("PREPARE p AS FROM orders", "--param"),
    ("EXECUTE p", "--param"),
    # what reads files
    ("FROM '{outside}/secret.csv'", FILES),
    ('SELECT * FROM "{outside}/secret.csv"', FILES),
    ("FROM 'secret.csv'", FILES),
    ("FROM read_text('{outside}/secret.csv')", FILES),
    ("FROM \"read_text\"('{outside}/secret.csv')", FILES),
    ("FROM main.read_text('{outside}/secret.csv')", FILES),
    ("FROM system.main.READ_BLOB('{outside}/secret.csv')", FILES),
    ("FROM read_csv('{outside}/secret.csv')", FILES),
    ("FROM sniff_csv('{outside}/secret.csv')", FILES),
    ("FROM read_json('{outside}/secret.csv')", FILES),
    ("FROM read_parquet('{outside}/secret.parquet')", FILES),
    ("FROM read_parquet('{tree}/../../../../secret.parquet')", FILES),
    ("FROM read_parquet('{tree}/link/secret.parquet')", FILES),
    ("FROM parquet_metadata('{tree}/parquet/shop/orders/0.parquet')", FILES),
    ("FROM glob('/*')", FILES),
    ("FROM orders, LATERAL (FROM read_text('{outside}/secret.csv'))", FILES),
    ("SELECT (SELECT content FROM read_text('{outside}/secret.csv'))", FILES),
    ("WITH a AS (FROM read_text('{outside}/secret.csv')) SELECT 1", FILES),
    ("DESCRIBE FROM read_csv('{outside}/secret.csv')", FILES),
    ("SUMMARIZE '{outside}/secret.csv'", FILES),
    ("EXPLAIN ANALYZE FROM read_text('{outside}/secret.csv')", FILES),
    ("FROM query('COPY orders TO ''{outside}/a.csv''')", FILES),
    ("FROM query_table('{outside}/secret.csv')", FILES),
    ("FROM json_execute_serialized_sql('{{}}')", FILES),
    ("FROM read_duckdb('{outside}/secret.db')", FILES),
    ("FROM python_map_function()", FILES),
    # what is not data
    ("SELECT getenv('HOME')", SETTINGS),
    ("SELECT current_setting('temp_directory')", SETTINGS),
    ("SELECT current_query()", SETTINGS),
    ("SELECT nextval('s')", SETTINGS),
    ("SELECT write_log('x')", SETTINGS),
    ("FROM duckdb_settings()", THERE_IS),
    ("FROM duckdb_secrets()", THERE_IS),
    ("FROM pragma_table_info('orders')", THERE_IS),
    ("FROM information_schema.columns", THERE_IS),
    ("SELECT * FROM pg_catalog.pg_tables", THERE_IS),
    ("FROM sqlite_master", THERE_IS),
    ("SHOW DATABASES", THERE_IS),
    ("SHOW ALL TABLES", THERE_IS),
    ("SHOW TABLES FROM memory", THERE_IS),
    ("FROM own_table", OWN),
    ("SELECT own_macro(1)", "own_macro"),
    # what would never end, or needs all memory
    ("SELECT sum(range) FROM range(1000000000000)", "was stopped"),
    ("WITH RECURSIVE t AS (SELECT 1 a UNION ALL SELECT a + 1 FROM t) SELECT max(a) FROM t", "stop"),
    ("SELECT len(range(4000000000))", "too much memory"),
    ("SELECT list(range) FROM range(1000000000)", "too much memory"),
    ("SELECT a.range FROM range(20000000) a ORDER BY hash(a.range) OFFSET 19000000", "too much"),
    # tricks of writing
    ("SELECT 1\0; COPY orders TO '{outside}/a.csv'", "NUL"),
    ("\u0405ELECT 1", "cannot be parsed"),
    ('FROM "zzz\u200b"', "found zzz\\u200b"),
    ('FROM "orders\u202e"', "Did you mean orders?"),
    ("SELECT '\x1b[2J'::INTEGER", "\\x1b[2J"),
    ("SELECT " + "(" * 5_000 + "1" + ")" * 5_000, "cannot be parsed"),
]


def everything(folder: Path) -> dict[str, tuple[int, int, int]]:
    """Each path below a folder, with its size and times."""
    found = {}
    for place, folders, files in os.walk(folder):
        for name in (*folders, *files):
            facts = (Path(place) / name).lstat()
            found[str(Path(place) / name)] = (facts.st_size, facts.st_mtime_ns, facts.st_ctime_ns)
    return found


@pytest.fixture(scope="module")
def outside(shop: LaptopFolder) -> Path:
    """A folder beside the analyst's, with what a query must not reach; and own things within."""
    import duckdb  # noqa: PLC0415

    folder = shop.root.parent / "outside"
    folder.mkdir()
    (folder / "secret.csv").write_text("secret\n4711\n")
    with duckdb.connect(str(folder / "secret.db")) as connection:
        connection.execute("CREATE TABLE secret AS SELECT 4711 AS secret")
        connection.execute(f"COPY secret TO '{folder}/secret.parquet' (FORMAT parquet)")
    (shop.root.parent / "secret.parquet").write_bytes((folder / "secret.parquet").read_bytes())
    (shop.tree / "link").symlink_to(folder)
    database = shop.workspace.database
    database.parent.mkdir(parents=True)
    with duckdb.connect(str(database)) as connection:
        connection.execute("CREATE TABLE own_table AS SELECT 1 AS a")
        connection.execute("CREATE TABLE orders AS SELECT 'mine' AS id")
        connection.execute("CREATE MACRO own_macro(x) AS x")
    return folder


def attempt(shop: LaptopFolder, sql: str) -> str:
    data = data_of(shop, seconds=1.0, memory_bytes=64 * 1024**2, temporary_bytes=1024**2)
    with pytest.raises(LaptopError) as caught:
        data.ask(data.check(sql))
    return str(caught.value)


@pytest.mark.parametrize(("sql", "answer"), [*WRONG, *HOSTILE])
def test_a_query_gets_the_answer_that_helps_and_touches_nothing(
    shop: LaptopFolder, outside: Path, monkeypatch: pytest.MonkeyPatch, sql: str, answer: str
) -> None:
    monkeypatch.chdir(outside)
    before = everything(shop.root.parent)
    text = attempt(shop, sql.replace("{outside}", str(outside)).replace("{tree}", str(shop.tree)))
    assert answer in text
    assert text.isprintable()
    assert "4711" not in text
    after = everything(shop.root.parent)
    state = str(shop.workspace.state)
    assert {path: facts for path, facts in after.items() if path != state} == {
        path: facts for path, facts in before.items() if path != state
    }


def test_a_plan_that_is_too_deep_to_be_read_is_refused(shop: LaptopFolder) -> None:
    steps = ", ".join(f"a{n} AS (SELECT DISTINCT x FROM a{n - 1})" for n in range(1, 400))
    with pytest.raises(LaptopError, match="too many steps above each other"):
        data_of(shop).check(f"WITH a0 AS (SELECT 1 AS x), {steps} FROM a399")


def test_there_are_enough_of_them() -> None:
    assert len(WRONG) + len(HOSTILE) >= 100


def test_a_query_that_no_list_of_words_refuses_still_reaches_no_file(
    shop: LaptopFolder, outside: Path
) -> None:
    """The connection is the second wall: what the names of a query let through opens nothing."""
    text = attempt(
        shop,
        f'WITH "{outside}/secret.csv" AS (SELECT 1) '
        f'SELECT (SELECT count(*) FROM "{outside}/secret.csv") FROM orders, '
        f'(WITH a AS (SELECT 2) FROM a, (SELECT * FROM "{outside}/secret.parquet"))',
    )
    assert "4711" not in text


def test_the_connection_itself_opens_only_the_files_of_the_query(
    shop: LaptopFolder, outside: Path
) -> None:
    import duckdb  # noqa: PLC0415

    from broker.laptop.query.connection import locked  # noqa: PLC0415

    own = str(shop.tree / "parquet/shop/orders/0.parquet")
    data = data_of(shop)
    refused: list[Any] = [
        f"FROM read_text('{outside}/secret.csv')",
        f"FROM read_parquet('{outside}/secret.parquet')",
        f"FROM read_parquet('{shop.tree}/link/secret.parquet')",
        f"FROM read_parquet('{shop.tree}/parquet/shop/orders/1.parquet')",
        f"FROM glob('{outside}/*')",
        f"COPY (SELECT 1) TO '{outside}/a.csv'",
        f"ATTACH '{outside}/secret.db'",
        "SET threads = 1",
        "SET enable_external_access = true",
        "LOAD httpfs",
    ]
    with locked(data.limits, data.state, paths=[own]) as connection:
        assert connection.execute(f"SELECT count(*) FROM '{own}'").fetchall() == [(4,)]
        for sql in refused:
            with pytest.raises(duckdb.Error):
                connection.execute(sql).fetchall()
    assert not (outside / "a.csv").exists()


def test_a_variable_of_the_program_is_not_a_table(shop: LaptopFolder) -> None:
    """DuckDB looks through the frames of its caller where it is not kept from that."""
    assert "there is no such table" in attempt(shop, "WITH a AS (FROM secrets_here) FROM a")


def test_tables_and_macros_of_the_analyst_stand_in_for_nothing(ask: Ask, outside: Path) -> None:
    assert outside.is_dir()
    assert ask("SELECT count(*) FROM orders").rows == (("12",),)
