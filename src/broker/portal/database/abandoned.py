"""What backups that were killed left behind; of a backup that runs it is locked."""

from __future__ import annotations

import fcntl
import os
import re
import shutil
from contextlib import suppress
from pathlib import Path

__all__ = ["keep_locked", "remove_abandoned"]

_RANDOM = "[a-z0-9_]{8}"  # as ``tempfile`` makes it


def keep_locked(descriptor: int) -> None:
    """Say that what is open here is in use, until the last process that has it open ends.

    Where the file system has no locks it stays without, and is never removed as abandoned.
    """
    _lock(descriptor)


def remove_abandoned(folder: Path, prefix: str) -> None:
    """Remove what ``tempfile`` made here with this prefix, and no process keeps locked any more.

    Raises ``OSError`` for what cannot be removed.
    """
    name = re.compile(re.escape(prefix) + _RANDOM)
    for one in folder.iterdir():
        if name.fullmatch(one.name) and not one.is_symlink():
            with suppress(FileNotFoundError):  # that of a backup which has ended just now
                _remove_unlocked(one)


def _remove_unlocked(path: Path) -> None:
    is_folder = path.is_dir()
    kind = os.O_RDONLY if is_folder else os.O_RDWR  # NFS locks a file for writers alone
    descriptor = os.open(path, kind | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        if _lock(descriptor):
            shutil.rmtree(path) if is_folder else path.unlink()
    finally:
        os.close(descriptor)


def _lock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:  # another process has it, or no one can
        return False
    return True
