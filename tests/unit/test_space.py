"""What a folder holds, whatever its owner does to it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from broker.space import MAX_DEPTH, Space, TooDeepError, measure


def measured(folder: Path) -> Space:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        return measure(descriptor)
    finally:
        os.close(descriptor)


def test_every_entry_counts_once_and_a_link_leads_nowhere(tmp_path: Path) -> None:
    outside, user = tmp_path / "outside", tmp_path / "user"
    (user / "a").mkdir(parents=True)
    outside.mkdir()
    (outside / "big").write_bytes(os.urandom(1_000_000))
    empty = measured(user)
    (user / "a/file").write_bytes(os.urandom(100_000))
    os.link(user / "a/file", user / "again")
    (user / "folder").symlink_to(outside)
    (user / "loop").symlink_to(".")
    with (user / "sparse").open("wb") as stream:
        stream.truncate(10**9)
    found = measured(user)
    assert (empty.files, found.files) == (1, 6)
    assert 100_000 <= found.bytes - empty.bytes < 200_000


def test_a_folder_that_its_owner_closed_is_measured_too(tmp_path: Path) -> None:
    (tmp_path / "closed").mkdir()
    (tmp_path / "closed/file").write_bytes(os.urandom(50_000))
    (tmp_path / "closed").chmod(0)
    assert measured(tmp_path).bytes >= 50_000


def test_nested_folders_have_an_end(tmp_path: Path) -> None:
    folder = tmp_path
    for _ in range(MAX_DEPTH):
        folder = folder / "d"
        folder.mkdir()
    assert measured(tmp_path).files == MAX_DEPTH
    (folder / "d").mkdir()
    with pytest.raises(TooDeepError):
        measured(tmp_path)
