"""Catalogs of a store: written with each generation, linked where nothing changed, gone with it."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from broker.catalog.facts import CatalogFacts
from broker.catalog.model import TableSource
from broker.catalog.places import details_path
from broker.catalog.reader import (
    current_generation,
    read_held_keys,
    read_index,
    read_operators,
    read_table,
)
from broker.errors import CatalogError
from broker.manifest import NO_CLASS, Status
from broker.publish import Audience, Deletion, PruneRule, RenderedDocument, Store, Widening
from broker.publish.catalogs import profile_path
from broker.publish.deletions import deletion_note
from broker.publish.readers import Published, Readers

from .making import entry, publish, republish, version

PUBLIC, PRIVATE = Audience(), Audience(("private",))
ORDERS, PAY = entry("orders"), entry("pay", "private", "hr")
TABLES = {ORDERS: 3, PAY: 2}


def details(store: Store, audience: Audience, table: str) -> Path:
    return store.generation().catalog / audience.path / details_path(table)


def test_each_audience_gets_its_catalog(store: Store) -> None:
    made = publish(store, TABLES)
    public, private = (read_index(store.root, one) for one in (PUBLIC, PRIVATE))
    assert current_generation(store.root) == public.generation == made.id
    assert [one.path for one in public.tables] == ["sales/orders"]
    assert [one.path for one in private.tables] == ["hr/pay", "sales/orders"]
    found = read_table(store.root, PRIVATE, private, "hr/pay")
    assert [one.name for one in found.columns] == ["n", "word"]
    assert [one.rows for one in found.parts] == [2]
    assert [one.path for one in read_operators(store.root).tables] == ["hr/pay", "sales/orders"]
    assert store.verify() == []


def test_nothing_of_others_is_in_the_folder_of_an_audience(store: Store) -> None:
    publish(store, TABLES)
    folder = store.generation().catalog / PUBLIC.path
    content = b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())
    names = {str(path.relative_to(folder)) for path in folder.rglob("*")}
    assert b"pay" not in content
    assert names == {"catalog.json", "tables", "tables/sales", "tables/sales/orders.json"}


def test_details_are_one_file_for_all_audiences_and_for_all_generations(store: Store) -> None:
    publish(store, TABLES)
    first = {details(store, one, "sales/orders").stat().st_ino for one in (PUBLIC, PRIVATE)}
    republish(store)
    second = {details(store, one, "sales/orders").stat().st_ino for one in (PUBLIC, PRIVATE)}
    assert first == second
    assert len(first) == 1
    with store.begin() as staging:
        staging.keep(replace(PAY, **_files(store, PAY.id)))
        staging.put(ORDERS, version(staging, ORDERS, 4))
        staging.commit()
    assert details(store, PUBLIC, "sales/orders").stat().st_ino not in first
    assert read_index(store.root, PUBLIC).tables[0].rows == 4
    assert store.verify() == []


def _files(store: Store, table: str) -> dict[str, object]:
    known = store.generation().manifest.table(table)
    assert known is not None
    return {name: getattr(known, name) for name in ("files", "rows", "schema", "fingerprint")}


def test_a_profile_and_a_source_are_part_of_the_details(store: Store) -> None:
    profile = {"rows": 3, "alerts": [{"kind": "gap"}], "columns": []}
    document = RenderedDocument("public", json.dumps(profile).encode())
    with store.begin() as staging:
        staging.put(ORDERS, version(staging, ORDERS, 3))
        staging.document(profile_path(ORDERS.path), document)
        staging.catalog(CatalogFacts(sources={ORDERS.id: TableSource("erp", "csv", ORDERS.id)}))
        staging.commit()
    index = read_index(store.root, PUBLIC)
    found = read_table(store.root, PUBLIC, index, ORDERS.path)
    assert (found.profile, index.tables[0].alerts) == (profile, 1)
    assert found.source == TableSource("erp", "csv", ORDERS.id)
    inode = details(store, PUBLIC, ORDERS.path).stat().st_ino
    with store.begin() as staging:
        for table in store.generation().manifest.tables:
            staging.keep(table)
        staging.catalog(CatalogFacts(sources={ORDERS.id: TableSource("erp", "csv", ORDERS.id)}))
        assert staging.keep_document(profile_path(ORDERS.path), "public")
        staging.commit()
    assert details(store, PUBLIC, ORDERS.path).stat().st_ino == inode
    republish(store)  # without the profile
    index = read_index(store.root, PUBLIC)
    assert read_table(store.root, PUBLIC, index, ORDERS.path).profile is None
    assert index.tables[0].alerts is None


def test_a_profile_that_was_damaged_does_not_keep_data_back(store: Store) -> None:
    document = RenderedDocument("public", b'{"alerts": []}')
    with store.begin() as staging:
        staging.put(ORDERS, version(staging, ORDERS, 3))
        staging.document(profile_path(ORDERS.path), document)
        staging.commit()
    (store.generation().path / profile_path(ORDERS.path)).write_bytes(b'{"alerts": 123')
    for audience in (PUBLIC, PRIVATE):
        details(store, audience, ORDERS.path).unlink()
    with store.begin() as staging:
        for table in store.generation().manifest.tables:
            staging.keep(table)
        assert staging.keep_document(profile_path(ORDERS.path), "public")
        staging.commit()
    index = read_index(store.root, PUBLIC)
    assert read_table(store.root, PUBLIC, index, ORDERS.path).profile is None


def test_a_lost_or_cut_file_is_made_again_by_the_next_generation(store: Store) -> None:
    publish(store, TABLES)
    for harm in (Path.unlink, lambda path: path.write_bytes(b"{")):
        for audience in (PUBLIC, PRIVATE):
            harm(details(store, audience, "sales/orders"))
        assert store.verify() != []
        republish(store)
        assert store.verify() == []
        index = read_index(store.root, PUBLIC)
        assert read_table(store.root, PUBLIC, index, "sales/orders").path == "sales/orders"


def test_a_table_that_turns_private_leaves_the_public_catalog(store: Store) -> None:
    before = publish(store, TABLES)
    publish(store, {replace(ORDERS, access="private"): 3, PAY: 2})
    assert read_index(store.root, PUBLIC).tables == ()
    assert len(read_index(store.root, PUBLIC, before.id).tables) == 1
    assert store.verify() == []


def test_a_table_that_waits_for_readers_stands_for_admins_alone(store: Store) -> None:
    publish(store, TABLES)
    widening = Widening(PAY.id, (Published(PAY.id, Readers("private")),), Readers("public"), "2026")
    with store.begin() as staging:
        staging.keep(replace(ORDERS, **_files(store, ORDERS.id)))
        staging.hold(widening)
        staging.keep(
            replace(PAY, access=NO_CLASS, status=Status.HELD, error="more people could read it")
        )
        staging.commit()
    assert [one.path for one in read_index(store.root, PRIVATE).tables] == ["sales/orders"]
    waiting = read_operators(store.root).tables[0]
    assert (waiting.access, waiting.status, waiting.error) == (
        *(NO_CLASS, Status.HELD, "more people could read it"),
    )
    assert waiting.readers is not None
    assert (waiting.readers.words, waiting.readers.digest) == (widening.words, widening.digest)
    assert store.verify() == []


def test_keys_of_held_rows_stand_in_a_file_of_their_class(store: Store) -> None:
    with store.begin() as staging:
        for table in TABLES:
            staging.put(table, version(staging, table, 3))
        staging.note(PAY.id, deletion_note(Deletion("deletion", 5, "5" * 64, [{"person": "Ada"}])))
        staging.commit()
    assert read_held_keys(store.root, "private").digests == {"hr/pay": "5" * 64}
    assert read_held_keys(store.root, "private").tables == {"hr/pay": [{"person": "Ada"}]}
    assert read_held_keys(store.root, "public").tables == {}
    others = store.generation().catalog / "operators/operators.json"
    assert b"Ada" not in others.read_bytes()
    assert store.verify() == []
    republish(store)
    assert read_held_keys(store.root, "private").tables == {}


def test_an_audience_that_comes_later_gets_a_catalog_at_once_and_from_then_on(
    store: Store,
) -> None:
    publish(store, {**TABLES, entry("margins", "finance"): 1})
    finance, both = Audience.of(["finance"]), Audience.of(["finance", "private"])
    with pytest.raises(CatalogError, match="no catalog yet"):
        read_index(store.root, finance)
    store.expose([finance.classes])
    store.expose([both.classes])
    for audience, count in ((finance, 2), (both, 3)):
        index = read_index(store.root, audience)
        found = [read_table(store.root, audience, index, one.path) for one in index.tables]
        assert len(found) == count
    inodes = {details(store, one, "sales/orders").stat().st_ino for one in (PUBLIC, finance, both)}
    assert len(inodes) == 1
    assert store.verify() == []
    republish(store)
    assert read_index(store.root, both).classes == ("finance", "private", "public")


def test_a_catalog_that_was_cut_off_is_built_by_the_next_call(store: Store) -> None:
    publish(store, {entry("margins", "finance"): 1})
    store.expose([["finance"]])
    expected = (store.generation().catalog / "views/finance/tree/catalog.json").read_bytes()
    for lost in ("views/finance", "views", "."):
        shutil.rmtree(store.generation().catalog / lost)
        store.expose([["finance"]])
        found = store.generation().catalog / "views/finance/tree/catalog.json"
        assert found.read_bytes() == expected
    assert list(store.layout.staging.iterdir()) == []


def test_going_back_needs_nothing_and_finds_the_audiences_of_today(store: Store) -> None:
    first = publish(store, TABLES)
    publish(store, {ORDERS: 5, PAY: 5})
    store.expose([["finance"]])
    store.rollback()
    assert read_index(store.root, PUBLIC).tables[0].rows == 3
    assert read_index(store.root, Audience.of(["finance"])).generation == first.id
    assert store.verify() == []


def test_a_generation_of_an_older_release_has_none_and_is_whole(store: Store) -> None:
    made = publish(store, TABLES)
    _as_of_an_older_release(store)
    with pytest.raises(CatalogError, match="this generation has no catalog"):
        read_index(store.root, PUBLIC)
    store.expose([["finance"]])
    assert not made.catalog.exists()
    republish(store)
    assert read_index(store.root, Audience.of(["finance"])).tables != ()
    assert store.verify() == []


def _as_of_an_older_release(store: Store) -> None:
    """Take away what is new, and let the manifest know nothing of it."""
    made = store.generation()
    manifest = made.manifest
    listed = tuple(one for one in manifest.documents if one.path != "state/catalog.json")
    (made.path / "state/catalog.json").unlink()
    (made.path / "manifest.json").write_bytes(replace(manifest, documents=listed).to_json())
    shutil.rmtree(made.catalog)


def test_catalogs_go_with_their_generations(store: Store) -> None:
    ids = [publish(store, TABLES).id, republish(store).id, republish(store).id]
    store.prune(PruneRule(count=1, days=9, grace=timedelta(0)))
    assert sorted(path.name for path in store.layout.catalogs.iterdir()) == ids[-1:]
    assert store.verify() == []


def test_what_a_killed_run_left_is_swept(store: Store) -> None:
    made = publish(store, TABLES)
    orphan = store.layout.catalogs / "2030-01-01T000000Z-0000"
    shutil.copytree(made.catalog, orphan)
    later = store.layout.staging / f"catalog-{made.id}"
    shutil.copytree(made.catalog, later)
    republish(store)
    assert not orphan.exists()
    assert list(store.layout.staging.iterdir()) == []


def _rewrite(path: Path) -> None:
    content = path.read_bytes().replace(b'"rows":3', b'"rows":4')
    assert content != path.read_bytes()
    path.write_bytes(content)


@pytest.mark.parametrize(
    ("name", "harm", "problem"),
    [
        ("views/tree/catalog.json", _rewrite, "has other content than was published"),
        ("operators/operators.json", _rewrite, "has other content than was published"),
        ("views/tree/tables/sales/orders.json", _rewrite, "has other content than was published"),
        ("views/tree/catalog.json", Path.unlink, "is missing"),
        ("views/tree/catalog.json", lambda path: path.chmod(0o644), "mode 0644 instead of 0640"),
        ("views/tree", lambda path: path.chmod(0o2755), "mode 2755 instead of 2750"),
        ("views/tree/x.json", Path.touch, "was not published"),
        ("operators/held/public.json", Path.touch, "cannot be read"),
        ("", shutil.rmtree, "is missing"),
        ("operators", lambda path: (shutil.rmtree(path), path.touch()), "is not a folder"),
    ],
)
def test_verify_finds_what_is_not_as_published(
    store: Store, name: str, harm: Callable[[Path], object], problem: str
) -> None:
    publish(store, TABLES)
    path = store.generation().catalog / name
    if name.endswith("held/public.json"):
        path.parent.mkdir()
        path.parent.chmod(0o2750)
    harm(path)
    if "held" in name:
        path.chmod(0o640)
    found = [one for one in store.verify() if one.path == f"catalog/{name}".rstrip("/")]
    assert any(problem in one.problem for one in found)
    assert all(one.path.startswith("catalog") for one in store.verify())


def test_verify_finds_another_group(store: Store) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root can give a file to another group")
    publish(store, TABLES)
    other = os.getegid() + 12_345
    os.chown(store.generation().catalog / "views/tree/catalog.json", -1, other)
    assert [str(one.problem) for one in store.verify()] == [
        f"belongs to group {other} instead of {os.getegid()}"
    ]
