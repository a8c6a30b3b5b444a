"""A source that says nothing changed is believed, as long as the same is asked of it."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from .conftest import Instance
from .feigned import Feign, Feigned

MERGED = "  - {id: s.t, primary_key: id, sync_strategy: incremental, deletions: append_only}\n"


def test_what_did_not_change_is_not_read_again(tmp_path: Path) -> None:
    source = Feigned("id BIGINT, note VARCHAR")
    broker = Feign(tmp_path, {"s.t": source}, MERGED)
    source.put(1, "one")
    broker.sync()
    before = broker.entry("s.t")
    source.tick()
    assert broker.sync().exit_code == 0
    after = broker.entry("s.t")
    assert len(source.windows) == 1
    assert (after.files, after.rows) == (before.files, 1)
    assert (after.as_of, after.loaded_at) == (source.now, source.now)
    source.put(2, "two")
    broker.sync()
    assert len(source.windows) == 2
    assert broker.rows("s.t") == source.rows()


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("append_only", "census"),
        ("primary_key: id,", 'primary_key: id, types: {id: "DECIMAL(20,0)"},'),
        ("primary_key: id,", "primary_key: id, columns: [id],"),
        ("primary_key: id,", "primary_key: id, null_values: [one],"),
        ("primary_key: id,", 'primary_key: id, row_filter: "true",'),
    ],
)
def test_what_is_asked_otherwise_is_read_again(tmp_path: Path, old: str, new: str) -> None:
    source = Feigned("id BIGINT, note VARCHAR")
    source.put(1, "one")
    Feign(tmp_path, {"s.t": source}, MERGED).sync()
    for reads in (2, 3):
        Feign(tmp_path, {"s.t": source}, MERGED.replace(old, new)).sync()
        assert len(source.windows) == (reads if "row_filter" in new else 2)


def test_a_csv_file_of_the_same_size_and_time_is_another(
    described: Callable[[str], Instance],
) -> None:
    instance = described("```yaml\ntables:\n  - {id: shop.items, primary_key: id}\n```\n")
    for text in ("one", "ONE"):
        path = instance.csv("items", f"id,note\n1,{text}\n")
        os.utime(path, (1_700_000_000, 1_700_000_000))
        assert instance.sync()["exit_code"] == 0
        assert instance.rows("shop/items") == [(1, text)]
