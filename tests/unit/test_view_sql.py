"""Views as a script beside the data: run by a DuckDB in the folder that has server/ in it."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest

from broker.manifest import Manifest, TableEntry
from broker.publish import schema_documents
from broker.tables.model import DataFile
from broker.tables.schema import Column, TableSchema
from broker.view_sql import view_script, view_statements

NOW = datetime(2026, 11, 22, tzinfo=UTC)
HOSTILE = "x\n.shell touch here\n;'\"--"


def entry(name: str, path: str, *files: str, **changes: Any) -> TableEntry:
    facts: dict[str, Any] = {
        "schema": TableSchema((Column("id", "BIGINT"),)),
        "files": tuple(DataFile(file, 0, 0, "") for file in files),
        **changes,
    }
    return TableEntry(id=path, name=name, path=path, **facts)


def views(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *tables: TableEntry) -> Any:
    """A connection that has run the script of these tables, with the files that they list."""
    for number, file in enumerate(file for table in tables for file in table.files):
        place = tmp_path / "server" / file.path
        place.parent.mkdir(parents=True, exist_ok=True)
        made = tmp_path / "made.parquet"
        duckdb.sql(f"SELECT {number}::BIGINT AS id").write_parquet(str(made))
        made.rename(place)
    monkeypatch.chdir(tmp_path)
    connection = duckdb.connect()
    script = schema_documents(Manifest("g", NOW, tables))["docs/views.sql"].decode()
    for _ in range(2):  # it may be read again
        connection.execute(script)
    return connection


def test_paths_are_relative_and_exact_whatever_their_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = "it's [a]*/o?"
    orders = entry("o?", path, f"parquet/{path}/1.parquet", f"parquet/{path}/2.parquet")
    with views(tmp_path, monkeypatch, orders) as connection:
        (tmp_path / f"server/parquet/{path}/3.parquet").write_text("is not listed")
        assert connection.execute('SELECT id FROM "o?" ORDER BY 1').fetchall() == [(0,), (1,)]


def test_the_names_are_those_of_the_program(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tables = (entry("o", "a/o"), entry("o", "b/o"), entry("alone", "b/alone"))
    with views(tmp_path, monkeypatch, *tables) as connection:
        sql = "SELECT view_name FROM duckdb_views() WHERE NOT internal ORDER BY 1"
        assert connection.execute(sql).fetchall() == [("a_o",), ("alone",), ("b_o",)]


def test_a_table_that_is_still_loading_has_no_view() -> None:
    loading = entry("o", "a/o", "parquet/a/o.parquet", loading=True)
    assert view_statements(Manifest("g", NOW, (loading,)), Path("server")) == []


def test_descriptions_are_comments_and_nothing_in_a_name_is_a_statement(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    schema = TableSchema((Column(HOSTILE, "BIGINT", description=HOSTILE),))
    orders = entry('o"; DROP', "a/o", schema=schema, description=HOSTILE)
    with views(tmp_path, monkeypatch, orders) as connection:
        found = "SELECT comment FROM duckdb_views() WHERE NOT internal"
        assert connection.execute(found).fetchall() == [("x .shell touch here ;'\"--",)]
        found = "SELECT column_name, comment FROM duckdb_columns() WHERE NOT internal"
        assert connection.execute(found).fetchall() == [(HOSTILE, "x .shell touch here ;'\"--")]


def test_a_remark_is_one_comment() -> None:
    assert view_script([], "two\nlines") == b"-- two lines\nSET TimeZone = 'UTC';\n"
