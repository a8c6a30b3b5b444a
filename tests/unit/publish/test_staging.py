from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from broker.errors import PublishError
from broker.manifest import Status, TableEntry, changes_since, version_of_files
from broker.publish import Generation, RenderedDocument, Staging, Store
from broker.tables.model import TableVersion

from .making import SCHEMA, entry, publish, version, write

ORDERS = entry("orders")


@pytest.fixture
def staging(store: Store) -> Iterator[Staging]:
    """A run on top of a published table of three rows."""
    publish(store, {ORDERS: 3})
    with store.begin() as run:
        yield run


def _previous(staging: Staging) -> TableEntry:
    assert staging.previous is not None
    return staging.previous.manifest.tables[0]


def test_what_the_version_says_wins(staging: Staging) -> None:
    stale = replace(ORDERS, status=Status.FAILED, error="it was", rows=99, warnings=("a",))
    made = replace(version(staging, ORDERS, 2), rejects=1, duplicates=4, warnings=("b",))
    found = staging.put(stale, made)
    assert (found.status, found.error, found.rows) == (Status.OK, None, 2)
    assert (found.rejects, found.duplicates, found.warnings) == (1, 4, ("a", "b"))
    assert found.fingerprint == SCHEMA.fingerprint
    assert not found.files[0].is_new


def test_no_rows_is_empty_and_not_ok(staging: Staging) -> None:
    assert staging.put(ORDERS, version(staging, ORDERS, 0)).status is Status.EMPTY


@pytest.mark.parametrize(
    ("status", "words"),
    [(status, status.value) for status in Status if not status.is_good],
)
def test_a_table_that_failed_keeps_its_last_good_rows(
    staging: Staging, status: Status, words: str
) -> None:
    staging.keep(replace(_previous(staging), status=status, error=f"it is {words}"))
    published = staging.commit()
    kept = published.manifest.tables[0]
    assert (kept.status, kept.error, kept.rows) == (status, f"it is {words}", 3)
    assert staging.previous is not None
    file = kept.files[0].path
    assert (published.path / file).samefile(staging.previous.path / file)


def test_a_table_that_never_had_rows_is_told_too(staging: Staging) -> None:
    staging.keep(replace(entry("new"), status=Status.ABSENT, error="the source has no such table"))
    assert [table.name for table in staging.commit().manifest.tables] == ["new"]


def changed(store: Store, rows: int, **facts: Any) -> Generation:
    """The next generation, in which so many rows are another version by a change file of one."""
    with store.begin() as staging:
        made = version(staging, ORDERS, rows)
        change = write(staging, "changes/sales/orders.parquet", 1)
        staging.put(replace(ORDERS, **facts), replace(made, change=change))
        return staging.commit()


def test_change_files_are_kept_under_the_name_of_the_version_that_they_change(
    store: Store,
) -> None:
    with store.begin() as staging:
        staging.put(ORDERS, version(staging, ORDERS, 1000))
        first = staging.commit()
    second, third = changed(store, 1001), changed(store, 1002)
    with store.begin() as staging:
        staging.keep(third.manifest.tables[0])
        kept = staging.commit()
    (entry,) = kept.manifest.tables
    assert [change.generation for change in entry.changes] == [second.id, third.id]
    for change, generation in zip(entry.changes, (first, second), strict=True):
        assert change.before == version_of_files(generation.manifest.tables[0].files)
        place = kept.path / f"changes/sales/orders/{change.before}.parquet"
        assert place == kept.path / change.file.path
        assert place.samefile(third.path / change.file.path)
    assert changes_since(entry, first.manifest.tables[0].files) == entry.changes
    assert changes_since(entry, second.manifest.tables[0].files) == entry.changes[1:]
    assert changes_since(entry, entry.files) == ()


def test_a_table_that_is_loaded_as_a_whole_offers_no_older_changes(store: Store) -> None:
    with store.begin() as staging:
        staging.put(ORDERS, version(staging, ORDERS, 1000))
        staging.commit()
    second = changed(store, 1001)
    with store.begin() as staging:
        staging.put(ORDERS, version(staging, ORDERS, 999))
        (entry,) = staging.commit().manifest.tables
    assert entry.changes == ()
    assert changes_since(entry, second.manifest.tables[0].files) is None


def test_a_file_that_is_not_parquet_is_found_before_it_is_published(staging: Staging) -> None:
    made = version(staging, ORDERS, 5)
    path = staging.path / made.files[0].path
    path.write_bytes(b"PAR1 torn")
    with pytest.raises(PublishError, match="cannot be read"):
        staging.put(ORDERS, made)
    path.unlink()
    with pytest.raises(PublishError, match="cannot be read"):
        staging.put(ORDERS, made)
    staging.keep(_previous(staging))
    assert staging.commit().manifest.tables[0].rows == 3


def test_a_file_with_other_rows_bytes_or_columns_is_refused(staging: Staging) -> None:
    made = version(staging, ORDERS, 5)
    file = made.files[0]
    for wrong in (replace(file, rows=6), replace(file, bytes=file.bytes + 1)):
        with pytest.raises(PublishError, match="other rows or bytes than the engine"):
            staging.put(ORDERS, replace(made, files=(wrong,)))
    fewer = replace(SCHEMA, columns=SCHEMA.columns[:1])
    with pytest.raises(PublishError, match="other columns"):
        staging.put(ORDERS, replace(made, schema=fewer))


def test_a_file_that_nobody_wrote_is_refused(staging: Staging) -> None:
    kept = _previous(staging)
    lost = replace(kept.files[0], sha256="0" * 64)
    with pytest.raises(PublishError, match="neither new nor"):
        staging.keep(replace(kept, files=(lost,)))
    with pytest.raises(PublishError, match="neither new nor"):
        staging.keep(replace(kept, id="in.another"))


@pytest.mark.parametrize(
    "path",
    ["parquet/hr/orders.parquet", "docs/sales/orders.parquet", "parquet/sales/orders2.parquet"],
)
def test_a_table_writes_at_its_own_path_alone(staging: Staging, path: str) -> None:
    file = write(staging, path, 1)
    with pytest.raises(PublishError, match="own path"):
        staging.put(ORDERS, TableVersion(SCHEMA, (file,), 1))


def test_a_path_out_of_the_staging_folder_is_refused(staging: Staging) -> None:
    file = replace(write(staging, "parquet/x.parquet", 1), path="parquet/../../x.parquet")
    with pytest.raises(PublishError, match="inside its generation"):
        staging.put(ORDERS, TableVersion(SCHEMA, (file,), 1))


def test_two_tables_at_one_path_are_refused(staging: Staging) -> None:
    twin = replace(ORDERS, id="in.twin")
    staging.put(ORDERS, version(staging, ORDERS, 1))
    staging.put(twin, version(staging, twin, 1))
    with pytest.raises(PublishError, match=r"one path.*in\.orders"):
        staging.commit()


@pytest.mark.parametrize(
    "path", ["parquet/a.parquet", "views/tree/x", "manifest.json", "../x", "docs/schema.yml"]
)
def test_a_document_stands_beside_the_data_and_never_in_it(staging: Staging, path: str) -> None:
    with pytest.raises(PublishError):
        staging.commit({path: RenderedDocument("public", b"x")})


def test_what_the_disk_cannot_take_is_refused_before_it_starts(staging: Staging) -> None:
    staging.require(1, where="orders")
    with pytest.raises(PublishError, match=r"orders: there is not enough free space.*MiB"):
        staging.require(2**62, where="orders")


def test_scratch_folders_of_two_tables_never_meet(staging: Staging) -> None:
    names = ["in.c-a.b", "in/c-a.b", "..", "in.c-a.b/../x", "ž"]
    folders = {staging.work(name) for name in names}
    assert len(folders) == len(names)
    assert all(folder.parent == staging.folder / "work" for folder in folders)
    assert staging.work(names[0]) in folders
