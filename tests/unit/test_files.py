from __future__ import annotations

import os
from pathlib import Path

import pytest

from broker.files import fsync_dir, make_dir, replace_link, write_atomic


def test_a_write_sets_mode_and_bytes_whatever_the_umask(tmp_path: Path) -> None:
    path = tmp_path / "file"
    for content, mode in ((b"one", 0o640), ("dvě", 0o600)):
        before = os.umask(0o077)
        try:
            write_atomic(path, content, mode=mode)
        finally:
            os.umask(before)
        assert path.stat().st_mode & 0o7777 == mode
    assert path.read_text() == "dvě"
    assert [entry.name for entry in tmp_path.iterdir()] == ["file"]


def test_a_failed_write_leaves_the_old_bytes_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "file"
    write_atomic(path, b"old", mode=0o640)

    def refuse(_: int) -> None:
        raise OSError("no space")

    monkeypatch.setattr(os, "fsync", refuse)
    with pytest.raises(OSError, match="no space"):
        write_atomic(path, b"new", mode=0o640)
    assert path.read_bytes() == b"old"
    assert [entry.name for entry in tmp_path.iterdir()] == ["file"]


def test_a_folder_is_made_once_and_mended(tmp_path: Path) -> None:
    path = tmp_path / "folder"
    make_dir(path, mode=0o2750, gid=os.getegid())
    path.chmod(0o700)
    make_dir(path, mode=0o2750, gid=os.getegid())
    assert path.stat().st_mode & 0o7777 == 0o2750
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(FileExistsError):
        make_dir(tmp_path / "file", mode=0o750)
    with pytest.raises(FileNotFoundError):
        make_dir(tmp_path / "none" / "folder", mode=0o750)


def test_a_link_moves_in_one_step_also_over_what_a_kill_left(tmp_path: Path) -> None:
    link = tmp_path / "current"
    (tmp_path / ".current.new").symlink_to("half-way")
    for target in ("one", "two"):
        replace_link(link, target)
        assert str(link.readlink()) == target
    assert [entry.name for entry in tmp_path.iterdir()] == ["current"]


def test_a_folder_that_is_none_cannot_be_synced(tmp_path: Path) -> None:
    fsync_dir(tmp_path)
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(NotADirectoryError):
        fsync_dir(tmp_path / "file")
