"""Tables that are loaded as a whole: a change file where few rows are others than before."""

from __future__ import annotations

import duckdb
import pytest

from broker.manifest import Manifest, TableEntry
from broker.tables import loaded_change

from .conftest import Instance

ROWS = 2000


def deliver(instance: Instance, changed: int) -> TableEntry:
    """Publish customers, so many of whom have another name; gives the table as published."""
    names = (
        f"{key},{'New' if key < changed else 'Ada'} {key * 7919 % 10007}" for key in range(ROWS)
    )
    instance.csv("customers", "\n".join(["id,name", *names]) + "\n")
    assert instance.sync()["exit_code"] == 0
    place = instance.data / "current/manifest.json"
    manifest = Manifest.from_json(place.read_bytes(), where=str(place))
    return next(entry for entry in manifest.tables if entry.name == "customers")


def test_few_changed_rows_stand_in_a_change_file(instance: Instance) -> None:
    assert deliver(instance, 0).changes == ()
    (change,) = deliver(instance, 5).changes
    assert change.file.rows == 5
    assert len(deliver(instance, 9).changes) == 2


def test_many_changed_rows_do_not(instance: Instance) -> None:
    deliver(instance, 0)
    assert deliver(instance, ROWS).changes == ()


def test_a_load_counts_although_what_changed_cannot_be_found_out(
    instance: Instance, monkeypatch: pytest.MonkeyPatch
) -> None:
    def has_too_little_memory(*_: object) -> int:
        raise duckdb.OutOfMemoryException("no room")

    deliver(instance, 0)
    monkeypatch.setattr(loaded_change, "write_change", has_too_little_memory)
    assert deliver(instance, 5).changes == ()
    assert [name for _, name in instance.rows("shop/customers")[:2]] == ["New 0", "New 7919"]
