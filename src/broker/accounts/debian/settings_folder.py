"""``server/settings`` of a home: what the broker passes on to the laptops of one analyst.

Root owns the folder and what is in it. Where there is a shell, the analyst owns the home around it
and can move it away, so every step starts from an open folder that is seen to be root's.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from ...foreign.dataset_choice import (
    CHOICE_FILE,
    MOST_CHOICE_BYTES,
    DatasetChoice,
    parse_choice,
    render_choice,
)
from ...hostpaths import SETTINGS
from ...mounts import opened
from .system import Owners

__all__ = ["read_chosen", "write_chosen"]

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_NEW = f".{CHOICE_FILE}.new"


def read_chosen(homes: Path, name: str, owners: Owners) -> DatasetChoice | None:
    """The choice that stands there; None where there is none.

    Raises ``ValueError`` for a file that the broker did not write, ``OSError`` where it cannot be
    read.
    """
    flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    try:
        with _server(homes, name, owners) as server, _opened(SETTINGS, server, owners) as folder:
            descriptor = os.open(CHOICE_FILE, flags, dir_fd=folder)
    except FileNotFoundError:
        return None
    with os.fdopen(descriptor, "rb") as stream:
        return parse_choice(stream.read(MOST_CHOICE_BYTES + 1))


def write_chosen(homes: Path, name: str, choice: DatasetChoice, owners: Owners) -> None:
    """Put a choice in the place of the one before, whole or not at all. Raises ``OSError``."""
    with _server(homes, name, owners) as server:
        with suppress(FileExistsError):
            os.mkdir(SETTINGS, 0o755, dir_fd=server)
        with _opened(SETTINGS, server, owners) as folder:
            os.fchmod(folder, 0o755)
            _replace(folder, render_choice(choice).encode())


def _replace(folder: int, content: bytes) -> None:
    with suppress(FileNotFoundError):  # of a run that was cut off
        os.unlink(_NEW, dir_fd=folder)
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    try:
        with os.fdopen(os.open(_NEW, flags, 0o644, dir_fd=folder), "wb") as stream:
            os.fchmod(stream.fileno(), 0o644)
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        os.rename(_NEW, CHOICE_FILE, src_dir_fd=folder, dst_dir_fd=folder)
    except OSError:
        with suppress(OSError):
            os.unlink(_NEW, dir_fd=folder)
        raise
    os.fsync(folder)


@contextmanager
def _server(homes: Path, name: str, owners: Owners) -> Iterator[int]:
    parent = opened(homes, _FOLDER)
    try:
        home = opened(name, _FOLDER, parent)
        try:
            with _opened("server", home, owners) as server:
                yield server
        finally:
            os.close(home)
    finally:
        os.close(parent)


@contextmanager
def _opened(name: str, parent: int, owners: Owners) -> Iterator[int]:
    descriptor = opened(name, _FOLDER, parent)
    try:
        if owners.owner(os.fstat(descriptor))[0] != 0:
            raise PermissionError(errno.EPERM, "this folder is not root's", name)
        yield descriptor
    finally:
        os.close(descriptor)
