from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest

from broker.errors import LaptopError
from broker.laptop import views
from broker.laptop.views import rebuild
from broker.manifest import Manifest, TableEntry
from broker.tables.model import DataFile
from broker.tables.schema import Column, TableSchema
from broker.view_sql import view_statements

COLUMNS = (Column('odd "name"', "DECIMAL(12,2)"), Column("at", "TIMESTAMPTZ"))
NOW = datetime(2026, 11, 22, tzinfo=UTC)


def table(name: str, path: str, files: list[str], **changes: Any) -> TableEntry:
    listed = tuple(DataFile(file, 0, 0, "") for file in files)
    facts: dict[str, Any] = {"schema": TableSchema(COLUMNS), "files": listed, **changes}
    return TableEntry(id=path, name=name, path=path, **facts)


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    folder = tmp_path / "it's a [tree]*"
    folder.mkdir()
    for name in ("a", "b"):
        made = tmp_path / f"{name}.parquet"
        duckdb.sql(f"SELECT '{name}' AS letter").write_parquet(str(made))
        made.rename(folder / made.name)
    return folder


def built(*tables: TableEntry, tree: Path) -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect()
    manifest = Manifest("g", NOW, tables)
    connection.execute("\n".join(view_statements(manifest, tree)))
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
    assert [*Manifest("g", NOW, tuple(made)).view_names.values()] == views
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
    with built(table("never", "x/never", [], schema=TableSchema(())), tree=tree) as connection:
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
def test_the_connection_that_makes_views_can_do_nothing_else(
    attack: str, tree: Path, tmp_path: Path
) -> None:
    """As if a statement had come through all the quoting."""
    before = sorted(tmp_path.rglob("*"))
    sql = attack.format(tree=str(tree).replace("'", "''"))
    database = tmp_path / "user" / "made.duckdb"

    def forged(manifest: Manifest, place: Path) -> list[str]:
        return [*view_statements(manifest, place), sql]

    manifest = Manifest("g", NOW, (table("letters", "x/letters", ["a.parquet"]),))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(views, "view_statements", forged)
        with pytest.raises(LaptopError, match="the views cannot be made"):
            rebuild(manifest, tree, database, tmp_path / "memory")
    left = {tmp_path / "user", *(tmp_path / "user").iterdir()}
    assert {path.name for path in left} <= {"user", ".made.duckdb.arriving"}
    assert sorted({*tmp_path.rglob("*")} - left) == before


def test_columns_are_commented_and_an_older_duckdb_gets_the_statements(
    tree: Path, tmp_path: Path
) -> None:
    schema = TableSchema((Column("letter", "VARCHAR", description="its 'name'\x1b[2J"),))
    made = table("letters", "x/letters", ["a.parquet"], schema=schema)
    database = tmp_path / "user" / "made.duckdb"
    assert rebuild(Manifest("g", NOW, (made,)), tree, database, tmp_path / "memory") is None
    sql = "SELECT comment FROM duckdb_columns() WHERE table_name = 'letters'"
    with duckdb.connect(str(database), read_only=True) as connection:
        assert connection.execute(sql).fetchall() == [(r"its 'name'\x1b[2J",)]
    with duckdb.connect() as connection:
        connection.execute((database.parent / "views.sql").read_text())
        assert connection.execute("FROM letters").fetchall() == [("a",)]


def test_a_database_that_another_program_reads_stays_on_windows(
    tree: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    manifest, database = Manifest("g", NOW, (table("x", "x/x", ["a.parquet"]),)), tmp_path / "d.db"
    rebuild(manifest, tree, database, tmp_path / "memory")
    before, replace = database.read_bytes(), Path.replace

    def as_on_windows(source: Path, target: Path) -> Path:
        if target == database:
            raise PermissionError(13, "Access denied")
        return replace(source, target)

    monkeypatch.setattr(Path, "replace", as_on_windows)
    with pytest.raises(LaptopError, match="their database is open in another program"):
        rebuild(manifest, tree, database, tmp_path / "memory")
    assert database.read_bytes() == before
