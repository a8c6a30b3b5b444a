"""How much a folder holds. Its owner may change it at any moment, so no link is followed and
every step starts from an open folder. Standard library only; knows nothing of the product."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass

__all__ = ["MAX_DEPTH", "Looks", "Space", "TooDeepError", "free_bytes", "measure"]

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


@dataclass(frozen=True, slots=True)
class Looks:
    """How a name in an open folder is looked at and opened, as ``os.lstat`` and ``os.open``."""

    status: Callable[[str, int], os.stat_result]
    opened: Callable[[str, int, int], int]


_PLAIN = Looks(
    lambda name, folder: os.stat(name, dir_fd=folder, follow_symlinks=False),
    lambda name, flags, folder: os.open(name, flags, dir_fd=folder),
)


def measure(folder: int, looks: Looks = _PLAIN) -> Space:
    """What an open folder holds. Raises ``TooDeepError``, and ``OSError`` for what is closed."""
    total, files, linked = 0, 0, set[int]()
    for found in _entries(folder, 0, looks):
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


def _entries(folder: int, depth: int, looks: Looks) -> Iterator[os.stat_result]:
    if depth > MAX_DEPTH:
        raise TooDeepError
    with os.scandir(folder) as entries:
        names = [entry.name for entry in entries]
    for name in names:
        with suppress(FileNotFoundError):  # it went while we looked
            found = looks.status(name, folder)
            yield found
            if stat.S_ISDIR(found.st_mode):
                yield from _inside(folder, name, depth, looks)


def _inside(folder: int, name: str, depth: int, looks: Looks) -> Iterator[os.stat_result]:
    with suppress(NotADirectoryError):  # it was swapped for something else
        inner = _opened(folder, name, looks)
        try:
            yield from _entries(inner, depth + 1, looks)
        finally:
            os.close(inner)


def _opened(folder: int, name: str, looks: Looks) -> int:
    """A folder whose owner closed it, to themselves as well, is opened again by its owner."""
    try:
        return looks.opened(name, _FOLDER, folder)
    except PermissionError:
        os.chmod(name, 0o700, dir_fd=folder)
        return looks.opened(name, _FOLDER, folder)
