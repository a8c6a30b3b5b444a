"""Which change files a table offers, and which of them a laptop needs."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from broker.manifest import (
    ChangeFile,
    TableEntry,
    changes_since,
    extend_changes,
    version_of_files,
)
from broker.tables.model import DataFile
from broker.tables.schema import Column, TableSchema

SCHEMA = TableSchema((Column("id", "BIGINT"), Column("note", "VARCHAR")))
TABLE_BYTES = 100_000


def entry(version: int) -> TableEntry:
    """A version of the table, in one file."""
    file = DataFile("parquet/shop/orders.parquet", TABLE_BYTES, 10, f"{version:064x}")
    return TableEntry("in.orders", "orders", "shop/orders", schema=SCHEMA, files=(file,))


def change(before: TableEntry, size: int = 10) -> ChangeFile:
    version = version_of_files(before.files)
    file = DataFile(f"changes/shop/orders/{version}.parquet", size, 1, version * 4)
    return ChangeFile(version, "2026-11-01T000000Z-0000", file)


def history(versions: list[int], size: int = 10) -> TableEntry:
    """The last one of these, each of which was merged into the one before."""
    before, *others = map(entry, versions)
    for after in others:
        changes = extend_changes(after, before, change(before, size))
        before = replace(after, changes=changes)
    return before


def test_from_each_version_the_changes_since_lead_to_the_newest() -> None:
    newest = history([1, 2, 3, 4])
    for at, version in enumerate((1, 2, 3)):
        found = changes_since(newest, entry(version).files)
        assert found == newest.changes[at:]
        assert len(found) == 3 - at
    assert changes_since(newest, entry(4).files) == ()
    assert changes_since(newest, entry(5).files) is None


def test_a_version_is_its_files_in_any_order() -> None:
    files = tuple(DataFile(f"parquet/s/t/{n}.parquet", 1, 1, f"{n:064x}") for n in range(3))
    assert version_of_files(files) == version_of_files(files[::-1])
    moved = replace(files[0], path="parquet/s/t/9.parquet")
    assert version_of_files(files) != version_of_files((moved, *files[1:]))


def test_a_version_that_comes_back_is_gone_on_from_once() -> None:
    newest = history([1, 2, 1, 3])
    assert [change.before for change in newest.changes] == [
        version_of_files(entry(version).files) for version in (2, 1)
    ]
    assert changes_since(newest, entry(1).files) == newest.changes[1:]
    assert changes_since(newest, entry(2).files) == newest.changes


def test_changes_are_kept_for_32_versions() -> None:
    newest = history([*range(40)])
    assert len(newest.changes) == 32
    assert changes_since(newest, entry(40 - 32 - 1).files) == newest.changes


def test_older_changes_are_kept_while_all_are_smaller_than_half_of_the_table() -> None:
    newest = history([*range(10)], size=TABLE_BYTES // 4)
    assert len(newest.changes) == 2
    newest = history([*range(10)], size=TABLE_BYTES)
    assert len(newest.changes) == 1


@pytest.mark.parametrize(
    "other",
    [
        {"question": {"row_filter": "0123456789abcdef"}},
        {"schema": TableSchema(SCHEMA.columns[:1])},
        {"schema": TableSchema((SCHEMA.columns[0], Column("note", "BIGINT")))},
        {"path": "sales/orders"},
    ],
)
def test_what_could_show_more_than_the_table_does_now_is_not_kept(other: dict[str, Any]) -> None:
    before = history([1, 2, 3])
    kept = replace(before, **other)
    assert extend_changes(kept, before, None) == ()
    made = change(before)
    assert extend_changes(replace(entry(4), **other), before, made) == (made,)


def test_other_readers_get_no_change_that_was_made_before_they_were() -> None:
    before = history([1, 2, 3])
    assert extend_changes(replace(before, access="hr"), before, None) == ()
    assert extend_changes(replace(entry(4), access="hr"), before, change(before)) == ()


def test_a_table_that_was_loaded_anew_has_none_unless_it_came_out_the_same() -> None:
    before = history([1, 2, 3])
    assert extend_changes(entry(4), before, None) == ()
    assert extend_changes(entry(3), before, None) == before.changes
    assert extend_changes(entry(1), None, None) == ()
