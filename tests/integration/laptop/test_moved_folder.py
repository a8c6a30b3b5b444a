"""A folder that its owner moves, or copies."""

from __future__ import annotations

import subprocess
from dataclasses import replace

import pytest

from .homes import Home, Laptop

VIEWS = "SELECT sql FROM duckdb_views() WHERE NOT internal"


@pytest.mark.parametrize("name", ["moved", 'it\'s "moved" über\nhier'])
def test_the_views_of_a_moved_folder_read_its_own_files(synced: Laptop, name: str) -> None:
    before = synced.path
    moved = replace(synced, path=before.with_name(name))
    before.rename(moved.path)
    ended = moved.sync()
    assert (ended.returncode, ended.stderr) == (0, "")
    assert moved.query("FROM stores") == [(7, "")]


def test_a_folder_whose_name_is_not_utf_8_is_refused_in_one_sentence(synced: Laptop) -> None:
    moved = replace(synced, path=synced.path.with_name("caf\udce9"))
    synced.path.rename(moved.path)
    ended = moved.sync()
    assert (ended.returncode, ended.stdout) == (1, "")
    assert ended.stderr.startswith("broker: ")
    assert "is not UTF-8. Nothing was changed. Rename it." in ended.stderr
    assert ended.stderr.count("\n") == 1


def test_a_copy_never_reads_the_folder_that_it_is_of(synced: Laptop, home: Home) -> None:
    copied = replace(synced, path=synced.path.with_name("copied"))
    subprocess.run(["cp", "-a", synced.path, copied.path], check=True)
    assert copied.sync().returncode == 0
    assert all(str(copied.path) in sql for (sql,) in copied.query(VIEWS))
    home.table("stores", "SELECT 8::BIGINT AS id, 'Brno' AS name")
    home.publish()
    assert synced.sync().returncode == 0
    assert synced.query("FROM stores") == [(8, "Brno")]
    assert copied.query("FROM stores") == [(7, "")]
