"""Which files are here already, by their content."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

__all__ = ["Shelf", "digest_of", "present"]

_READERS = 4


class Shelf:
    """Looks below several folders for the file of a path, and remembers what it hashed."""

    def __init__(self, folders: Iterable[Path]) -> None:
        """``folders`` in the order in which they are looked through."""
        self._folders = tuple(folders)
        self._digests: dict[Path, str | None] = {}

    def look(self, paths: Iterable[str]) -> None:
        """Hash what is there at these paths, several at once."""
        places = {place for path in paths for place in self._places(path)} - self._digests.keys()
        with ThreadPoolExecutor(max_workers=_READERS) as pool:
            self._digests.update(zip(places, pool.map(_digest_or_none, places), strict=True))

    def find(self, path: str, sha256: str) -> Path | None:
        """Where the file of this path stands with this content; None if it does not."""
        return next((p for p in self._places(path) if self._digest(p) == sha256), None)

    def forget(self, path: str) -> None:
        """Look anew next time: the file was written, or removed."""
        for place in self._places(path):
            self._digests.pop(place, None)

    def _places(self, path: str) -> list[Path]:
        return [folder / path for folder in self._folders]

    def _digest(self, place: Path) -> str | None:
        if place not in self._digests:
            self._digests[place] = _digest_or_none(place)
        return self._digests[place]


def _digest_or_none(place: Path) -> str | None:
    """None for what is not there, or no plain file."""
    if place.is_symlink() or not place.is_file():
        return None
    return digest_of(place)


def digest_of(place: Path) -> str:
    """The SHA-256 of a file."""
    with place.open("rb") as stream:
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
