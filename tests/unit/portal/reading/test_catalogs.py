from __future__ import annotations

from pathlib import Path

import pytest

from broker.classes import CATALOG
from broker.errors import CatalogError
from broker.manifest import Audience
from broker.portal.reading import catalogs as reading
from broker.portal.reading.catalogs import Catalogs, MissingCatalogError
from tests.unit.catalog.example import GENERATION, write_example

PUBLIC = Audience.of(["public"])
ALL = Audience.of(["public", "private", "finance"])
NEXT = "2026-12-01T120000Z-0001"


def test_an_audience_gets_its_own_tables(tmp_path: Path) -> None:
    write_example(tmp_path, 6)
    catalogs = Catalogs(tmp_path)
    assert {one.access for one in catalogs.of(PUBLIC).index.tables} == {"public"}
    assert len(catalogs.of(ALL).index.tables) == 6
    assert catalogs.of(PUBLIC).table("hr/table_1") is None
    assert catalogs.of(ALL).table("hr/table_1") is not None


def test_a_catalog_is_read_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_example(tmp_path, 6)
    read = []
    original = reading.read_index
    monkeypatch.setattr(reading, "read_index", lambda *a: read.append(a) or original(*a))
    catalogs = Catalogs(tmp_path)
    assert catalogs.of(PUBLIC) is catalogs.of(PUBLIC)
    catalogs.of(ALL)
    assert len(read) == 2


def test_the_next_generation_counts_at_once(tmp_path: Path) -> None:
    write_example(tmp_path, 6)
    catalogs = Catalogs(tmp_path)
    before = catalogs.of(PUBLIC)
    write_example(tmp_path, 3, generation=NEXT)
    after = catalogs.of(PUBLIC)
    assert (before.index.generation, after.index.generation) == (GENERATION, NEXT)
    assert before.tag != after.tag


def test_what_is_kept_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "_MOST_CATALOGS", 2)
    write_example(tmp_path, 3, audiences=((), ("private",), ("finance",)))
    catalogs = Catalogs(tmp_path)
    first = catalogs.of(PUBLIC)
    catalogs.of(Audience.of(["private"]))
    catalogs.of(Audience.of(["finance"]))
    assert catalogs.of(PUBLIC) is not first


def test_where_nothing_was_published_the_catalog_is_missing(tmp_path: Path) -> None:
    with pytest.raises(MissingCatalogError, match="nothing was published yet"):
        Catalogs(tmp_path).of(PUBLIC)


def test_a_generation_of_an_older_release_has_none(tmp_path: Path) -> None:
    (tmp_path / "generations" / GENERATION).mkdir(parents=True)
    (tmp_path / "current").symlink_to(f"generations/{GENERATION}")
    with pytest.raises(MissingCatalogError, match="no catalog"):
        Catalogs(tmp_path).of(PUBLIC)


def test_an_audience_that_was_not_asked_for_has_none(tmp_path: Path) -> None:
    write_example(tmp_path, 3, audiences=((),))
    with pytest.raises(MissingCatalogError, match="no catalog yet"):
        Catalogs(tmp_path).of(ALL)


def test_a_damaged_catalog_is_not_a_missing_one(tmp_path: Path) -> None:
    write_example(tmp_path, 3)
    place = tmp_path / CATALOG / GENERATION / PUBLIC.path / "catalog.json"
    place.write_bytes(place.read_bytes()[:-50])
    with pytest.raises(CatalogError, match="damaged") as caught:
        Catalogs(tmp_path).of(PUBLIC)
    assert not isinstance(caught.value, MissingCatalogError)


def test_a_damaged_table_leaves_the_others(tmp_path: Path) -> None:
    write_example(tmp_path, 6)
    place = tmp_path / CATALOG / GENERATION / PUBLIC.path / "tables/shop/table_0.json"
    place.write_bytes(b"{")
    catalog = Catalogs(tmp_path).of(PUBLIC)
    with pytest.raises(CatalogError, match="damaged"):
        catalog.table("shop/table_0")
    assert catalog.table("shop/table_3") is not None
