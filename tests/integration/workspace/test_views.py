from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb
import pytest

from broker.workspace.files.scripts.views import create_views


def table(name: str, path: str, files: list[str], **changes: Any) -> dict[str, Any]:
    columns = [
        {"name": 'odd "name"', "type": "DECIMAL(12,2)"},
        {"name": "at", "type": "TIMESTAMPTZ"},
    ]
    listed = [{"path": file} for file in files]
    return {"name": name, "path": path, "files": listed, "schema": {"columns": columns}} | changes


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    folder = tmp_path / "it's a [tree]*"
    folder.mkdir()
    for name in ("a", "b"):
        made = tmp_path / f"{name}.parquet"
        duckdb.sql(f"SELECT '{name}' AS letter").write_parquet(str(made))
        made.rename(folder / made.name)
    return folder


def built(*tables: dict[str, Any], tree: Path) -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect()
    connection.execute(create_views({"tables": list(tables)}, tree))
    return connection


def test_a_view_reads_exactly_the_files_of_its_manifest(tree: Path) -> None:
    with built(table("letters", "x/letters", ["b.parquet"]), tree=tree) as connection:
        assert connection.execute("FROM letters").fetchall() == [("b",)]


def test_names_and_descriptions_are_quoted(tree: Path) -> None:
    hostile = 'x"; DROP TABLE y; --'
    told = "it's all of them"
    letters = table(hostile, "x/letters", ["a.parquet", "b.parquet"], description=told)
    with built(letters, tree=tree) as connection:
        sql = "SELECT view_name, comment FROM duckdb_views() WHERE NOT internal"
        assert connection.execute(sql).fetchall() == [(hostile, told)]


def test_tables_of_one_name_get_the_names_of_their_folders_too(tree: Path) -> None:
    tables = [
        table("letters", "x/letters", ["a.parquet"]),
        table("letters", "y/letters", ["b.parquet"]),
    ]
    with built(*tables, tree=tree) as connection:
        assert connection.execute("FROM x_letters").fetchall() == [("a",)]
        assert connection.execute("FROM y_letters").fetchall() == [("b",)]


def test_a_table_without_files_is_an_empty_view_of_its_types(tree: Path) -> None:
    with built(table("none", "x/none", []), tree=tree) as connection:
        assert connection.execute("FROM none").fetchall() == []
        described = connection.execute("DESCRIBE none").fetchall()
        assert [row[:2] for row in described] == [
            ('odd "name"', "DECIMAL(12,2)"),
            ("at", "TIMESTAMP WITH TIME ZONE"),
        ]


def test_a_table_that_was_never_loaded_has_no_view(tree: Path) -> None:
    with built(table("never", "x/never", [], schema={"columns": []}), tree=tree) as connection:
        assert (
            connection.execute("SELECT * FROM duckdb_views() WHERE NOT internal").fetchall() == []
        )
