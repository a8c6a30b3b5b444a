"""Keboola's own Python client cannot tell the stand-in from the original."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from rig.fakes.keboola import StandIn

from .official import OfficialClient

TABLE = "in.c-shop.orders"
ROWS = [f'"{number}","name {number}"' for number in range(1, 11)]

pytestmark = pytest.mark.xdist_group("object-stores")


@pytest.fixture(scope="module")
def started(
    stored: StandIn, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[OfficialClient, Path]]:
    """The client, and the folder that it works in."""
    folder = tmp_path_factory.mktemp("official")
    with OfficialClient(stored.url, stored.token, folder) as client:
        yield client, folder / "work"


@pytest.fixture
def official(
    started: tuple[OfficialClient, Path], monkeypatch: pytest.MonkeyPatch
) -> Iterator[OfficialClient]:
    """The client with a table of ten rows; it merges slices in the working directory."""
    client, work = started
    monkeypatch.chdir(work)
    Path("orders.csv").write_text("\n".join(['"id","name"', *ROWS]) + "\n")
    client.buckets.create("shop")
    made = client.tables.create("in.c-shop", "orders", "orders.csv", primary_key=["id"])
    assert made == TABLE
    yield client
    client.buckets.delete("in.c-shop", force=True)
    for path in work.iterdir():
        shutil.rmtree(path) if path.is_dir() else path.unlink()


def exported(client: OfficialClient, **more: Any) -> list[str]:
    folder = Path("out")
    folder.mkdir(exist_ok=True)
    path = Path(client.tables.export_to_file(TABLE, str(folder), **more))
    header, *rows = path.read_text().splitlines()
    assert header == ",".join(f'"{name}"' for name in more.get("columns") or ["id", "name"])
    return sorted(rows, key=lambda row: int(row.split('"')[1]))


def test_it_lists_and_describes(official: OfficialClient, stored: StandIn) -> None:
    assert official.tokens.verify()["owner"]["id"] == stored.project.number
    assert [bucket["id"] for bucket in official.buckets.list()] == ["in.c-shop"]
    assert [table["id"] for table in official.buckets.list_tables("in.c-shop")] == [TABLE]
    assert official.tables.list(include=["columns"])[0]["columns"] == ["id", "name"]
    detail = official.tables.detail(TABLE)
    assert (detail["primaryKey"], detail["rowsCount"]) == (["id"], 10)
    assert official.jobs.list()[0]["operationName"] == "tableCreate"


@pytest.mark.parametrize("is_gzip", [True, False])
def test_it_exports_whole_tables_slice_by_slice(
    official: OfficialClient, stored: StandIn, *, is_gzip: bool
) -> None:
    assert exported(official, is_gzip=is_gzip) == ROWS
    file = max(stored.project.files.values(), key=lambda file: file.stored.id)
    assert len(file.slices) == 4
    detail = official.files.detail(file.stored.id, federation_token=True)
    assert (detail["provider"], detail["isSliced"]) == (stored.store.provider, True)


def test_it_exports_a_file_in_one_piece(official: OfficialClient, stored: StandIn) -> None:
    stored.behaviour.is_sliced = False
    try:
        assert exported(official, is_gzip=False, columns=["id"]) == [
            row[: row.index(",")] for row in ROWS
        ]
    finally:
        stored.behaviour.is_sliced = True


def test_it_loads_and_exports_what_changed(official: OfficialClient, stored: StandIn) -> None:
    stored.clock.advance(60)
    Path("more.csv").write_text('"id","name"\n"2","name 2"\n"3","new"\n"11","name 11"\n')
    loaded = official.tables.load(TABLE, "more.csv", is_incremental=True)
    assert (loaded["importedRowsCount"], loaded["totalRowsCount"]) == (3, 11)
    since = str(int(stored.clock.unix()) - 30)
    assert exported(official, changed_since=since) == ['"3","new"', '"11","name 11"']
    assert exported(official, changed_until=since) == [ROWS[0], ROWS[1], *ROWS[3:]]
    official.tables.load(TABLE, "more.csv")
    assert exported(official) == ['"2","name 2"', '"3","new"', '"11","name 11"']


def test_it_filters_and_deletes_rows(official: OfficialClient) -> None:
    assert exported(official, where_column="id", where_values=["4", "7"]) == [ROWS[3], ROWS[6]]
    rest = exported(official, where_column="id", where_operator="neq", where_values=["4"])
    assert rest == [*ROWS[:3], *ROWS[4:]]
    url = f"{official.tables.base_url()}/{TABLE}/rows"
    where = {"whereFilters[0][column]": "id", "whereFilters[0][values][0]": "4"}
    job = official.jobs.block_until_completed(official.tables._delete(url, params=where)["id"])
    assert int(job["results"]["deletedRowsCount"]) == 1
    assert exported(official) == rest
    assert official.tables.preview(TABLE).splitlines()[0] == '"id","name"'
    assert official.tables.detail(TABLE)["rowsCount"] == 9


def test_it_keeps_metadata_and_files(official: OfficialClient) -> None:
    metadata = [{"key": "KBC.description", "value": "All orders"}]
    official.tables.metadata.create(TABLE, "user", metadata)
    assert official.tables.metadata.list(TABLE)[0]["value"] == "All orders"
    Path("note.txt").write_text("hello")
    number = official.files.upload_file("note.txt", tags=["note"], is_permanent=True)
    assert Path(official.files.download(number, "down")).read_text() == "hello"
    assert [file["id"] for file in official.files.list(tags=["note"])] == [number]
    official.files.delete(number)
    assert official.files.list(tags=["note"]) == []
    official.tables.delete(TABLE)
    assert official.tables.list() == []
