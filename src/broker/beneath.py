"""Looks below a folder that others write meanwhile: no link is followed on the way.

Each step opens a name in the folder that was opened before it, so a path that is swapped between
two looks leads nowhere else. Standard library only; knows nothing of the product.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from io import BufferedReader
from pathlib import Path

from . import mounts

__all__ = ["opened", "read_file", "walk"]

# On the way only the right to enter is needed, not the right to list.
_WAY = os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC
_LIST = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
_MOST_BYTES = 128 << 20
_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC


@contextmanager
def opened(root: Path, relative: str) -> Iterator[BufferedReader]:
    """A plain file below ``root``, open for reading; ``root`` itself may be a link.

    Raises ``OSError``, also for a link on the way, for a pipe, and for a path that leaves ``root``.
    """
    *folders, name = _names(relative)
    with (
        _folder(root, folders) as folder,
        os.fdopen(os.open(name, _FILE, dir_fd=folder), "rb") as stream,
    ):
        if not stat.S_ISREG(os.fstat(stream.fileno()).st_mode):
            raise OSError(errno.EINVAL, "is not a plain file", str(root / relative))
        yield stream


def read_file(root: Path, relative: str) -> bytes:
    """The content of a plain file below ``root``, at most 128 MiB; raises as ``opened`` does."""
    with opened(root, relative) as stream:
        content = stream.read(_MOST_BYTES + 1)
    if len(content) > _MOST_BYTES:
        raise OSError(errno.EFBIG, os.strerror(errno.EFBIG), str(root / relative))
    return content


def walk(
    root: Path, relative: str = "", *, depth: int = 64, skip: str | None = None
) -> Iterator[tuple[str, os.stat_result]]:
    """Each path from ``root/relative`` downwards, ``depth`` levels in all, with its ``lstat``.

    What goes away meanwhile is left out, and so is everything below the name ``skip``.
    """
    top, names = str(root / relative), _names(relative) if relative else []
    with suppress(OSError):
        if not names:
            found = mounts.status(root)
            yield top, found
            if depth > 1 and not stat.S_ISLNK(found.st_mode):
                yield from _entries(mounts.opened(root, _LIST), top, depth - 1, skip)
            return
        with _folder(root, names[:-1]) as folder:
            yield from _entry(folder, names[-1], top, depth, skip)


def _entries(
    folder: int, path: str, depth: int, skip: str | None
) -> Iterator[tuple[str, os.stat_result]]:
    """What stands in an open folder, which is closed at the end."""
    try:
        with os.scandir(folder) as found:
            names = sorted(entry.name for entry in found)
        for name in names:
            if name != skip:
                yield from _entry(folder, name, f"{path}/{name}", depth, skip)
    finally:
        os.close(folder)


def _entry(
    folder: int, name: str, path: str, depth: int, skip: str | None
) -> Iterator[tuple[str, os.stat_result]]:
    with suppress(OSError):
        status = mounts.status(name, folder)
        yield path, status
        if depth > 1 and stat.S_ISDIR(status.st_mode):
            inner = mounts.opened(name, _LIST | os.O_NOFOLLOW, folder)
            yield from _entries(inner, path, depth - 1, skip)


@contextmanager
def _folder(root: Path, names: Sequence[str]) -> Iterator[int]:
    folder = os.open(root, _WAY)
    try:
        for name in names:
            inner = os.open(name, _WAY | os.O_NOFOLLOW, dir_fd=folder)
            os.close(folder)
            folder = inner
        yield folder
    finally:
        os.close(folder)


def _names(relative: str) -> list[str]:
    names = relative.split("/")
    if {"", ".", ".."} & {*names}:
        raise OSError(errno.EINVAL, "leaves its folder", relative)
    return names
