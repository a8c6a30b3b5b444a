from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest

from broker.workspace.files.scripts.laptop.manifest import Column, File, Manifest, Table
from broker.workspace.files.scripts.laptop.views import create_views

COLUMNS = (Column('odd "name"', "DECIMAL(12,2)", ""), Column("at", "TIMESTAMPTZ", ""))
EMPTY = Table(
    name="",
    path="",
    status="ok",
    error=None,
    description="",
    columns=COLUMNS,
    key=(),
    foreign_keys=(),
    rows=0,
    files=(),
    others=(),
    as_of=None,
    freshness_seconds=None,
)
NOW = datetime(2026, 11, 22, tzinfo=UTC)


def table(name: str, path: str, files: list[str], **changes: Any) -> Table:
    listed = tuple(File(file, 0, "") for file in files)
    return replace(EMPTY, name=name, path=path, files=listed, **changes)


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    folder = tmp_path / "it's a [tree]*"
    folder.mkdir()
    for name in ("a", "b"):
        made = tmp_path / f"{name}.parquet"
        duckdb.sql(f"SELECT '{name}' AS letter").write_parquet(str(made))
        made.rename(folder / made.name)
    return folder


def built(*tables: Table, tree: Path) -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect()
    manifest = Manifest("g", NOW, tables, ())
    connection.execute(create_views(manifest, tree))
    return connection


def test_a_view_reads_exactly_the_files_of_its_manifest(tree: Path) -> None:
    with built(table("letters", "x/letters", ["b.parquet"]), tree=tree) as connection:
        assert connection.execute("FROM letters").fetchall() == [("b",)]


def test_names_and_descriptions_are_quoted(tree: Path) -> None:
    hostile = 'x"; DROP TABLE y; --'
    description = "it's all of them"
    letters = table(hostile, "x/letters", ["a.parquet", "b.parquet"], description=description)
    with built(letters, tree=tree) as connection:
        sql = "SELECT view_name, comment FROM duckdb_views() WHERE NOT internal"
        assert connection.execute(sql).fetchall() == [(hostile, description)]


def test_tables_of_one_name_get_the_names_of_their_folders_too(tree: Path) -> None:
    tables = [
        table("letters", "x/letters", ["a.parquet"]),
        table("letters", "y/letters", ["b.parquet"]),
    ]
    with built(*tables, tree=tree) as connection:
        assert connection.execute("FROM x_letters").fetchall() == [("a",)]
        assert connection.execute("FROM y_letters").fetchall() == [("b",)]


@pytest.mark.parametrize(
    ("tables", "views"),
    [
        (["x/Orders", "y/orders"], ["x_Orders", "y_orders"]),
        (["a/b_c", "a_b/c"], ["b_c", "c"]),
        (["a/b_o/o", "a_b/o/o"], ["a/b_o/o", "a_b/o/o"]),
        (["a/o", "b/o", "c/a_o"], ["a/o", "b_o", "a_o"]),
        (["a/o", "b/o", "c/A_O", "c_A/O"], ["a/o", "b_o", "A_O", "c_A_O"]),
    ],
)
def test_no_two_views_have_one_name(tables: list[str], views: list[str], tree: Path) -> None:
    made = [table(path.rpartition("/")[2], path, ["a.parquet"]) for path in tables]
    assert [*Manifest("g", NOW, tuple(made), ()).view_names.values()] == views
    with built(*made, tree=tree) as connection:
        sql = "SELECT view_name FROM duckdb_views() WHERE NOT internal"
        assert {name for (name,) in connection.execute(sql).fetchall()} == {*views}


def test_a_table_without_files_is_an_empty_view_of_its_types(tree: Path) -> None:
    with built(table("none", "x/none", []), tree=tree) as connection:
        assert connection.execute("FROM none").fetchall() == []
        described = connection.execute("DESCRIBE none").fetchall()
        assert [row[:2] for row in described] == [
            ('odd "name"', "DECIMAL(12,2)"),
            ("at", "TIMESTAMP WITH TIME ZONE"),
        ]


def test_a_table_that_was_never_loaded_has_no_view(tree: Path) -> None:
    with built(table("never", "x/never", [], columns=()), tree=tree) as connection:
        assert (
            connection.execute("SELECT * FROM duckdb_views() WHERE NOT internal").fetchall() == []
        )


@pytest.mark.parametrize(
    "attack",
    [
        "COPY (SELECT 1) TO '{tree}/written'",
        "COPY (SELECT 1) TO '{tree}/../written'",
        "FROM read_text('/etc/passwd')",
        "FROM read_parquet('{tree}/b.parquet')",
        "FROM glob('{tree}/../*')",
        "ATTACH '{tree}/other.duckdb'",
        "INSTALL httpfs",
        "LOAD httpfs",
        "SET enable_external_access = true",
        "SET allowed_paths = ['/etc/passwd']",
        "RESET lock_configuration",
        "EXPORT DATABASE '{tree}/exported'",
    ],
)
def test_the_connection_that_makes_views_can_do_nothing_else(attack: str, tree: Path) -> None:
    """As if a statement had come through all the quoting."""
    before = sorted(tree.parent.rglob("*"))
    sql = attack.format(tree=str(tree).replace("'", "''"))
    with built(table("letters", "x/letters", ["a.parquet"]), tree=tree) as connection:
        with pytest.raises(duckdb.Error):
            connection.execute(sql)
        assert connection.execute("FROM letters").fetchall() == [("a",)]
    assert sorted(tree.parent.rglob("*")) == before
