"""The private database: the same wherever it runs, and quoting that nothing escapes from."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import duckdb
import pyarrow as pa
import pytest

from broker.tables.session import each, identifier, literal, one_row, parquet, session, worker

from .reading import LIMITS


def test_zone_is_utc_and_nullability_is_not_guessed_in_every_thread(tmp_path: Path) -> None:
    query = "SELECT current_setting('TimeZone'), current_setting('disabled_optimizers')"
    with session(LIMITS, tmp_path) as connection, worker(connection) as other:
        assert one_row(connection, query) == ("UTC", "statistics_propagation")
        assert one_row(other, query) == ("UTC", "statistics_propagation")


@pytest.mark.parametrize("name", ["a", 'a"b', "a\nb", "select", "a'b", "a;--", "ř"])
def test_names_and_texts_are_quoted(tmp_path: Path, name: str) -> None:
    with session(LIMITS, tmp_path) as connection:
        connection.execute(f"CREATE TABLE t ({identifier(name)} VARCHAR)")
        connection.execute(f"INSERT INTO t VALUES ({literal(name)})")
        assert one_row(connection, f"SELECT {identifier(name)} FROM t") == (name,)


def test_a_database_that_is_lent_again_is_empty(tmp_path: Path) -> None:
    tables = "SELECT count(*) FROM information_schema.tables"
    for _ in range(2):
        with session(LIMITS, tmp_path) as connection, worker(connection) as other:
            assert one_row(other, tables) == (0,)
            connection.execute('CREATE TABLE "t""x" AS SELECT 1')
            connection.register("rows", pa.table({"a": [1]}))
            other.register("rows", pa.table({"b": [1]}))
            connection.execute("CREATE TEMP TABLE mine AS SELECT 2")


def test_one_that_failed_or_spilled_is_not_lent_again(tmp_path: Path) -> None:
    marked = "SET GLOBAL file_search_path = 'mark'"
    query = "SELECT current_setting('file_search_path')"
    with suppress(KeyError), session(LIMITS, tmp_path) as connection:
        connection.execute(marked)
        raise KeyError
    with session(LIMITS, tmp_path) as connection:
        assert one_row(connection, query) != ("mark",)
        connection.execute(marked)
        (tmp_path / "duckdb").mkdir()
    with session(LIMITS, tmp_path) as connection:
        assert one_row(connection, query) != ("mark",)


def test_path_with_brackets_is_no_pattern(tmp_path: Path) -> None:
    folder = tmp_path / "o'[ab]*?"
    folder.mkdir()
    with session(LIMITS, tmp_path) as connection:
        path = folder / "x.parquet"
        connection.execute(f"COPY (SELECT 1 AS a) TO {literal(str(path))} (FORMAT parquet)")
        assert one_row(connection, f"SELECT a FROM {parquet([path])}") == (1,)


def test_results_are_in_the_order_of_the_items(tmp_path: Path) -> None:
    with session(LIMITS, tmp_path) as connection:
        assert each(connection, lambda n: n * 2, [3, 1, 2], threads=3) == [6, 2, 4]
        assert each(connection, lambda n: n * 2, [], threads=3) == []


def test_what_has_too_little_memory_is_done_again_alone(tmp_path: Path) -> None:
    query = "SELECT current_setting('threads')"
    with session(LIMITS, tmp_path) as connection:

        def heavy(number: int) -> int:
            (threads,) = one_row(connection.cursor(), query)
            if number == 2 and threads > 1:
                raise duckdb.OutOfMemoryException("too much at once")
            return number * 10

        assert each(connection, heavy, [1, 2, 3], threads=2) == [10, 20, 30]
        assert one_row(connection, query) == (2,)
