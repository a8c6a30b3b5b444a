from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from hypothesis import given, settings

from broker.manifest import Manifest, Status
from broker.publish import TableDiff, diff
from broker.tables.model import DataFile
from tests.unit.manifest.test_model import manifests

from .making import entry

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


def _file(name: str, sha256: str) -> DataFile:
    return DataFile(f"parquet/sales/a/{name}.parquet", 1, 1, sha256, name, False)


@settings(max_examples=20, deadline=None)
@given(manifests)
def test_a_generation_does_not_differ_from_itself(manifest: Manifest) -> None:
    assert diff(manifest, manifest).tables == ()


def test_files_and_partitions_are_told() -> None:
    before = replace(
        entry("a"), rows=2, fingerprint="x", files=(_file("2026_01", "1"), _file("2026_02", "2"))
    )
    after = replace(
        before, rows=9, fingerprint="y", files=(_file("2026_02", "3"), _file("2026_03", "4"))
    )
    found = diff(Manifest("g", NOON, (before,)), Manifest("h", NOON, (after,)))
    assert found.tables == (
        TableDiff(
            id="in.a",
            name="a",
            change="changed",
            rows_before=2,
            rows_after=9,
            schema_changed=True,
            access_changed=False,
            files_added=("parquet/sales/a/2026_03.parquet",),
            files_removed=("parquet/sales/a/2026_01.parquet",),
            files_changed=("parquet/sales/a/2026_02.parquet",),
            partitions_touched=("2026_01", "2026_02", "2026_03"),
        ),
    )


def test_tables_come_and_go() -> None:
    before = Manifest("g", NOON, (entry("gone"), entry("stays")))
    after = Manifest("h", NOON, (entry("stays"), entry("comes")))
    assert [(t.name, t.change) for t in diff(before, after).tables] == [
        ("comes", "added"),
        ("gone", "removed"),
    ]


def test_how_a_run_went_is_no_difference_but_the_class_is() -> None:
    before = Manifest("g", NOON, (entry("a"), entry("b")))
    after = Manifest("h", NOON, (replace(entry("a"), status=Status.FAILED), entry("b", "private")))
    found = diff(before, after).tables
    assert [(table.name, table.access_changed) for table in found] == [("b", True)]
