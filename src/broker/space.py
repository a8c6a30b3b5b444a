"""How much a folder holds. Its owner may change it at any moment, so no link is followed and
every step starts from an open folder. Standard library only; knows nothing of the product."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass

__all__ = ["MAX_DEPTH", "Space", "TooDeepError", "free_bytes", "measure"]

MAX_DEPTH = 100
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_BLOCK = 512  # st_blocks counts in these, whatever the file system; see stat(2)


class TooDeepError(Exception):
    """Folders are nested deeper than a measurement follows."""


@dataclass(frozen=True, slots=True)
class Space:
    """Bytes on the disk, and entries: files, folders and whatever else has a name."""

    bytes: int
    files: int


def measure(folder: int) -> Space:
    """What an open folder holds. Raises ``TooDeepError``, and ``OSError`` for what is closed."""
    total, files, linked = 0, 0, set[int]()
    for found in _entries(folder, 0):
        files += 1
        if found.st_nlink > 1 and not stat.S_ISDIR(found.st_mode):
            if found.st_ino in linked:
                continue
            linked.add(found.st_ino)
        total += found.st_blocks * _BLOCK
    return Space(total, files)


def free_bytes(folder: int) -> int:
    """What the file system of an open folder has left for accounts other than root's."""
    disk = os.fstatvfs(folder)
    return disk.f_bavail * disk.f_frsize


def _entries(folder: int, depth: int) -> Iterator[os.stat_result]:
    if depth > MAX_DEPTH:
        raise TooDeepError
    with os.scandir(folder) as entries:
        names = [entry.name for entry in entries]
    for name in names:
        with suppress(FileNotFoundError):  # it went while we looked
            found = os.stat(name, dir_fd=folder, follow_symlinks=False)
            yield found
            if stat.S_ISDIR(found.st_mode):
                yield from _inside(folder, name, depth)


def _inside(folder: int, name: str, depth: int) -> Iterator[os.stat_result]:
    with suppress(NotADirectoryError):  # it was swapped for something else
        inner = _opened(folder, name)
        try:
            yield from _entries(inner, depth + 1)
        finally:
            os.close(inner)


def _opened(folder: int, name: str) -> int:
    """A folder whose owner closed it, to themselves as well, is opened again by its owner."""
    try:
        return os.open(name, _FOLDER, dir_fd=folder)
    except PermissionError:
        os.chmod(name, 0o700, dir_fd=folder)
        return os.open(name, _FOLDER, dir_fd=folder)
