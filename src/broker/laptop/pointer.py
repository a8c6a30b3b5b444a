"""Which generation is in use: a link that is replaced in one rename, or on Windows a file.

Links need rights there that people do not have. Either is read on every system.
"""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import Protocol

from ..errors import LaptopError
from ..files import write_atomic
from ..portable import IS_WINDOWS
from .shelf import present

__all__ = ["CURRENT", "PARTS", "FilePointer", "LinkPointer", "Pointer", "pointed", "pointer_here"]

CURRENT = "current"
PARTS = ("parquet", "docs", "metadata")
_COPIED = ("docs", "metadata")
_TARGET = re.compile(r"generations/([0-9A-Za-z][0-9A-Za-z._+-]{0,120})\n?")
_MOST_BYTES = 200


def pointed(current: Path) -> Path | None:
    """The folder that a link or file names, which may be gone; None where none is named."""
    if not current.is_file():
        return current.resolve() if current.exists() else None
    with current.open("rb") as stream:
        target = _TARGET.fullmatch(stream.read(_MOST_BYTES).decode("ascii", "replace"))
    return (current.parent / "generations" / target[1]).resolve() if target else None


class Pointer(Protocol):
    """The paths of ``server/`` that move from one generation to the next."""

    def check(self, server: Path) -> None:
        """Raise ``LaptopError`` where this disk cannot hold them; nothing is changed."""

    def point(self, server: Path, place: Path) -> None:
        """Move them to the generation in this folder; one rename counts."""

    def is_at(self, server: Path, place: Path) -> bool:
        """Whether all of it was done: a sync may have been killed half way."""


class LinkPointer:
    """Links: ``current``, and through it the paths that scripts know."""

    def check(self, server: Path) -> None:
        """See ``Pointer``."""
        folder = _new_folder(server)
        try:
            (folder / CURRENT).symlink_to("generations")
        except OSError as error:
            raise LaptopError(
                f"the disk of this folder cannot hold links ({error.strerror})",
                where=str(server),
                remedy="Nothing was fetched. Use a folder on a disk of this system itself.",
            ) from error
        finally:
            shutil.rmtree(folder)

    def point(self, server: Path, place: Path) -> None:
        """See ``Pointer``. ``current`` is first, and the rest follows it.

        A folder that stands in the place of a link is what a plain rsync brought. Links are made
        beside where they belong: ``server`` may be a link to another disk.
        """
        links = _new_folder(server)
        for name, target in _targets(place).items():
            link = server / name
            (links / name).symlink_to(target)
            if link.is_dir() and not link.is_symlink():
                link.rename(links / f"{name}.old")
            (links / name).replace(link)
        shutil.rmtree(links)

    def is_at(self, server: Path, place: Path) -> bool:
        """See ``Pointer``."""
        links = {server / name: target for name, target in _targets(place).items()}
        return all(link.is_symlink() and str(link.readlink()) == links[link] for link in links)


class FilePointer:
    """A file ``current`` that names the folder, and copies of the pages beside the data."""

    def check(self, server: Path) -> None:
        """See ``Pointer``: every disk holds files."""

    def point(self, server: Path, place: Path) -> None:
        """See ``Pointer``. ``current`` is last, so what it names is whole.

        Raises ``LaptopError`` where another program has a page open.
        """
        aside = _new_folder(server)
        try:
            for part in _COPIED:
                if (server / part).is_symlink():
                    (server / part).rename(aside / part)
                _mirror(place / part, server / part)
        except PermissionError as error:
            raise LaptopError(
                "another program has a page of the data open",
                where=str(error.filename),
                remedy="What you had is still in use. Close it there, and sync again.",
            ) from error
        for name in (CURRENT, "parquet"):  # of a plain transfer, or of another system
            found = server / name
            if found.is_dir() or found.is_symlink():
                found.rename(aside / name)
        write_atomic(server / CURRENT, f"generations/{place.name}\n", mode=0o644)
        shutil.rmtree(aside)

    def is_at(self, server: Path, place: Path) -> bool:
        """See ``Pointer``."""
        current = server / CURRENT
        return (
            not current.is_symlink()
            and pointed(current) == place.resolve()
            and all((server / part).is_dir() for part in _COPIED)
        )


def pointer_here() -> Pointer:
    """That of this system."""
    return FilePointer() if IS_WINDOWS else LinkPointer()


def _mirror(source: Path, target: Path) -> None:
    """Have in a folder exactly the files of another, each replaced in one rename."""
    target.mkdir(exist_ok=True)
    wanted = {path for path, _ in present(source)}
    for path, entry in list(present(target)):
        if path not in wanted:
            Path(entry.path).unlink()
    for path in sorted(wanted):
        place, content = target / path, (source / path).read_bytes()
        if place.is_file() and place.read_bytes() == content:
            continue
        place.parent.mkdir(parents=True, exist_ok=True)
        write_atomic(place, content, mode=0o644, durable=False)


def _new_folder(server: Path) -> Path:
    links = server / ".links"
    shutil.rmtree(links, ignore_errors=True)
    links.mkdir(parents=True)
    return links


def _targets(place: Path) -> dict[str, str]:
    return {CURRENT: f"generations/{place.name}"} | {n: f"{CURRENT}/{n}" for n in PARTS}
