"""Which files are here already, by their content."""

from __future__ import annotations

import errno
import hashlib
import os
import stat
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

__all__ = ["Shelf", "digest_of", "present"]

_NOT_THERE = {errno.ENOENT, errno.ENOTDIR, errno.ELOOP}
_READERS = 4
_BATCH = 64  # files that a reader takes at a time


class Shelf:
    """Looks below several folders for the file of a path, and remembers what it hashed."""

    def __init__(self, folders: Iterable[Path]) -> None:
        """``folders`` in the order in which they are looked through."""
        self._folders = tuple(map(os.fspath, folders))
        self._digests: dict[str, str | None] = {}  # by place as text: paths cost more to hash

    def look(self, paths: Iterable[str]) -> None:
        """Hash what is there at these paths, several at once."""
        found = {place for path in paths for place in self._places(path)}
        places = sorted(found - self._digests.keys())
        batches = [places[at : at + _BATCH] for at in range(0, len(places), _BATCH)]
        with ThreadPoolExecutor(max_workers=_READERS) as pool:
            for digests in pool.map(_digests_of, batches):
                self._digests.update(digests)

    def find(self, path: str, sha256: str) -> Path | None:
        """Where the file of this path stands with this content; None if it does not."""
        found = (place for place in self._places(path) if self._digest(place) == sha256)
        return next(map(Path, found), None)

    def forget(self, path: str) -> None:
        """Look anew next time: the file was written, or removed."""
        for place in self._places(path):
            self._digests.pop(place, None)

    def _places(self, path: str) -> list[str]:
        return [f"{folder}/{path}" for folder in self._folders]

    def _digest(self, place: str) -> str | None:
        if place not in self._digests:
            self._digests[place] = _digest_or_none(place)
        return self._digests[place]


def _digests_of(places: Iterable[str]) -> list[tuple[str, str | None]]:
    return [(place, _digest_or_none(place)) for place in places]


def _digest_or_none(place: str) -> str | None:
    """None for what is not there, or no plain file."""
    try:
        found = os.lstat(place)
    except OSError as error:
        if error.errno in _NOT_THERE:
            return None
        raise
    return digest_of(place) if stat.S_ISREG(found.st_mode) else None


def digest_of(place: str | Path) -> str:
    """The SHA-256 of a file."""
    with open(place, "rb") as stream:  # noqa: PTH123  thousands of them, by their text
        return hashlib.file_digest(stream, "sha256").hexdigest()


def present(folder: Path, base: str = "") -> Iterator[tuple[str, os.DirEntry[str]]]:
    """Every file below a folder, by its path there; links are among them, and not followed."""
    with os.scandir(folder) as entries:
        for entry in entries:
            path = base + entry.name
            if entry.is_dir(follow_symlinks=False):
                yield from present(folder / entry.name, f"{path}/")
            else:
                yield path, entry
