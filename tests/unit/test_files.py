from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from broker.errors import LockedError
from broker.files import fsync_dir, lock, make_dir, replace_link, write_atomic


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


def test_a_lock_is_held_once_and_free_again(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    with lock(path, purpose="the test"):
        with pytest.raises(LockedError, match="busy with the test"), lock(path, purpose="the test"):
            pass
        with pytest.raises(LockedError), lock(path, purpose="the test", wait_seconds=0.01):
            pass
    with lock(path, purpose="the test"):
        assert path.stat().st_mode & 0o7777 == 0o600


def test_the_kernel_frees_the_lock_of_a_killed_process(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    program = (
        "import sys; from pathlib import Path; from broker.files import lock\n"
        "with lock(Path(sys.argv[1]), purpose='x'): print('held', flush=True); input()"
    )
    holder = subprocess.Popen(
        [sys.executable, "-c", program, path],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    with holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        with pytest.raises(LockedError), lock(path, purpose="x"):
            pass
        holder.kill()
        with lock(path, purpose="x", wait_seconds=30):
            pass
