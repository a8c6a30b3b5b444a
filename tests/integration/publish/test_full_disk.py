"""A disk that fills at every stage of a publication."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from broker.errors import PublishError
from broker.publish import Staging, Store
from tests.integration.disk import small_disk
from tests.unit.publish.making import entry, publish, version

from .reading import read

TABLES = {entry("orders"): 3, entry("salaries", "private", "hr"): 2}


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Path]:
    """A file system of two mebibytes."""
    with small_disk(tmp_path, "2m") as disk:
        yield disk


def _fill(disk: Path, leave: int) -> None:
    """Take all space but ``leave`` bytes."""
    stat = os.statvfs(disk)
    size = max(0, stat.f_bavail * stat.f_frsize - leave)
    with (disk / "ballast").open("wb") as stream:
        os.posix_fallocate(stream.fileno(), 0, max(1, size))


def _put(staging: Staging, word: str) -> None:
    for table, rows in TABLES.items():
        staging.put(table, version(staging, table, rows, word))


def test_full_at_every_page_of_the_commit(small: Path) -> None:
    store = Store(small / "data", reserve_bytes=0)
    first = publish(store, TABLES, "one")
    published, pages = None, -1
    while published is None:
        pages += 1
        with store.begin() as staging:
            _put(staging, "two")
            _fill(small, pages * 4096)
            try:
                published = staging.commit()
            except PublishError as error:
                assert "disk is full" in str(error)  # noqa: PT017  how many fail is what we ask
                assert read(small / "data") == (first.id, {"orders": "one", "salaries": "one"})
                assert store.verify() == []
        (small / "ballast").unlink()
        assert list((small / "data/staging").iterdir()) == []
    assert pages > 2
    assert read(small / "data") == (published.id, {"orders": "two", "salaries": "two"})
    assert store.verify() == []


def test_going_back_needs_no_space(small: Path) -> None:
    store = Store(small / "data", reserve_bytes=0)
    first = publish(store, TABLES, "one")
    publish(store, TABLES, "two")
    _fill(small, 2 * 4096)
    assert store.rollback() == first
    assert read(small / "data") == (first.id, {"orders": "one", "salaries": "one"})


def test_below_the_reserve_a_run_does_not_begin(small: Path) -> None:
    store = Store(small / "data", reserve_bytes=100_000)
    first = publish(store, TABLES, "one")
    _fill(small, 50_000)
    with pytest.raises(PublishError, match="not enough free space"):
        store.begin()
    assert store.current() == first
