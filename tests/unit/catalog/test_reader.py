"""Reading a catalog: what is there, and a sentence of its own for each way in which it is not."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest

from broker.catalog.places import INDEX, OPERATORS, STANDING, details_path
from broker.catalog.reader import (
    current_generation,
    read_held_keys,
    read_index,
    read_operators,
    read_table,
)
from broker.catalog.written import to_json
from broker.classes import CATALOG
from broker.errors import CatalogError
from broker.manifest import Audience

from .example import GENERATION, write_example

PUBLIC, PRIVATE = Audience(), Audience(("private",))


@pytest.fixture
def store(tmp_path: Path) -> Path:
    write_example(tmp_path, 6)
    return tmp_path


def folder(store: Path, audience: Audience = PUBLIC) -> Path:
    return store / CATALOG / GENERATION / audience.path


def test_an_audience_reads_its_index_and_the_details_of_its_tables(store: Path) -> None:
    examples = {one.audience: one for one in write_example(store, 6)}
    for audience, example in examples.items():
        index = read_index(store, audience)
        assert index == example.index
        assert {t.path: read_table(store, audience, index, t.path) for t in index.tables} == (
            example.details
        )
    assert current_generation(store) == GENERATION


def test_a_table_of_others_is_one_that_is_not_there(store: Path) -> None:
    index = read_index(store, PUBLIC)
    for path in ("hr/table_1", "hr/none", "../x", "hr/../shop/table_0", ""):
        with pytest.raises(CatalogError) as caught:
            read_table(store, PUBLIC, index, path)
        assert caught.value.message == "there is no such table"
        assert caught.value.where is None


def test_admins_read_how_tables_stand_and_keys_by_class(store: Path) -> None:
    found = read_operators(store)
    assert len(found.tables) == 6
    assert read_held_keys(store, "public").tables["shop/table_3"][0] == {"id": 7}
    assert read_held_keys(store, "private").tables == {}
    with pytest.raises(CatalogError, match="no such access class"):
        read_held_keys(store, "../../public")


def test_a_store_without_a_generation_says_so(tmp_path: Path) -> None:
    with pytest.raises(CatalogError, match="nothing was published yet"):
        read_index(tmp_path, PUBLIC)


def test_a_generation_of_an_older_release_has_no_catalog(store: Path) -> None:
    older = "2026-11-01T120000Z-0001"
    (store / "generations" / older).mkdir()
    for read in (lambda: read_index(store, PUBLIC, older), lambda: read_operators(store, older)):
        with pytest.raises(CatalogError, match="this generation has no catalog"):
            read()


@pytest.mark.parametrize("generation", ["2020-01-01T120000Z-0001", "../..", "", "current"])
def test_another_generation_is_not_there(store: Path, generation: str) -> None:
    with pytest.raises(CatalogError, match="there is no such generation"):
        read_index(store, PUBLIC, generation)


def test_classes_that_no_view_was_made_for_are_named(store: Path) -> None:
    with pytest.raises(CatalogError, match=r"no catalog yet; .*broker expose finance,hr"):
        read_index(store, Audience.of(["hr", "finance"]))


def test_a_pointer_that_leads_elsewhere_is_refused(store: Path) -> None:
    (store / "current").unlink()
    (store / "current").symlink_to("/etc")
    with pytest.raises(CatalogError, match="leads elsewhere"):
        read_index(store, PUBLIC)
    (store / "current").unlink()
    (store / "current").write_text("2026")
    with pytest.raises(CatalogError, match="cannot be opened"):
        read_index(store, PUBLIC)


@pytest.mark.parametrize("cut", [0, 1, 100, -1, -2])
def test_a_file_that_was_cut_is_damaged(store: Path, cut: int) -> None:
    path = folder(store) / INDEX
    index = read_index(store, PUBLIC)
    path.write_bytes(path.read_bytes()[: cut - 1 if cut < 0 else cut])
    with pytest.raises(CatalogError, match=r"catalog\.json: a file of the catalog is damaged"):
        read_index(store, PUBLIC)
    page = folder(store) / details_path("shop/table_0")
    page.write_bytes(page.read_bytes()[:cut])
    with pytest.raises(CatalogError, match="other content than was published"):
        read_table(store, PUBLIC, index, "shop/table_0")
    page.unlink()
    with pytest.raises(CatalogError, match="found no file"):
        read_table(store, PUBLIC, index, "shop/table_0")


def test_the_catalog_of_another_audience_or_generation_is_damaged(store: Path) -> None:
    (folder(store) / INDEX).write_bytes((folder(store, PRIVATE) / INDEX).read_bytes())
    with pytest.raises(CatalogError, match="of another generation or audience"):
        read_index(store, PUBLIC)
    index = replace(read_index(store, PRIVATE), generation="2026-11-29T120000Z-0001")
    (folder(store, PRIVATE) / INDEX).write_bytes(to_json(index))
    with pytest.raises(CatalogError, match="of another generation or audience"):
        read_index(store, PRIVATE)


@pytest.mark.parametrize("at", [0, 1, 2])
def test_no_link_is_followed(store: Path, at: int) -> None:
    """Neither for the file, nor for a folder on the way to it."""
    place = [folder(store) / INDEX, folder(store), store / CATALOG][at]
    place.rename(store / "elsewhere")
    place.symlink_to(store / "elsewhere")
    with pytest.raises(CatalogError, match="cannot be opened"):
        read_index(store, PUBLIC)


def test_a_pipe_does_not_hold_up_a_reader(store: Path) -> None:
    path = store / CATALOG / GENERATION / OPERATORS / STANDING
    path.unlink()
    os.mkfifo(path)
    with pytest.raises(CatalogError, match="cannot be opened"):
        read_operators(store)
