"""Filling a folder before it is published: links, new files, rights, and the final sync.

All writing of the room happens here, below a private folder of ``staging/``.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from ..errors import PublishError
from ..files import fsync_dir, make_dir
from ..foreign.paths import checked_path
from ..manifest import NO_CLASS

__all__ = [
    "FILE_MODE",
    "FOLDER_MODE",
    "PASSAGE_MODE",
    "Rights",
    "TreeBuilder",
    "check_path",
    "folder_classes",
    "seal",
]

FILE_MODE = 0o640
FOLDER_MODE = 0o2750
PASSAGE_MODE = 0o2710  # enter, but not list


@dataclass(frozen=True)
class Rights:
    """Which group stands for which class. Without groups, everything is the caller's own.

    ``operators`` is the group of what spans classes: the whole manifest and the whole trees.
    ``own`` is the publisher's: of tables without readers yet. ``catalog`` is the portal's.
    """

    groups: Mapping[str, int] | None
    operators: int
    own: int
    catalog: int

    @property
    def of_catalogs(self) -> Rights:
        """The same for catalogs, all files of which are the portal's."""
        return Rights(None, self.catalog, self.catalog, self.catalog)

    def gid(self, access: str | None) -> int:
        """The group of a class; that of operators for what spans classes (None)."""
        if access == NO_CLASS:
            return self.own
        if access is None or self.groups is None:
            return self.operators
        try:
            return self.groups[access]
        except KeyError:
            raise PublishError(
                "this access class has no group on this machine",
                expected=", ".join(sorted(self.groups)),
                found=access,
                remedy="Declare the class in access_classes of instance.yaml.",
            ) from None


def folder_classes(leaves: Mapping[str, str | None]) -> dict[str, str | None]:
    """The folders above these files, parents first, each with its class.

    A folder has the class that everything below it has, or None where classes meet. The
    uppermost folders always have None: which folders exist does not depend on one class alone.
    """
    found: dict[str, set[str | None]] = {}
    for path, access in leaves.items():
        for parent in PurePosixPath(path).parents:
            if parent.name:
                found.setdefault(str(parent), set()).add(access)
    return {
        path: next(iter(classes)) if len(classes) == 1 and "/" in path else None
        for path, classes in sorted(found.items())
    }


class TreeBuilder:
    """A folder on its way into ``generations/``."""

    def __init__(self, path: Path, rights: Rights, before: Path | None) -> None:
        """``before`` is the same folder of the generation before: what is equal is linked."""
        self.path = path
        self._rights = rights
        self._before = before
        self._folders: dict[Path, None] = {}  # in the order in which they were made

    def folders(self, classes: Mapping[str, str | None], mode: int = FOLDER_MODE) -> None:
        """Make these folders, parents first."""
        for relative, access in classes.items():
            path = self.path / relative
            make_dir(path, mode=mode, gid=self._rights.gid(access))
            self._folders[path] = None

    def link(self, relative: str, source: Path, access: str | None) -> None:
        """Put a published file here: as a hard link, or as a copy where its rights differ.

        Rights belong to the inode, so changing them here would change the past as well.
        """
        target = self.path / relative
        if self._fits(source, access):
            target.hardlink_to(source)
            return
        shutil.copyfile(source, target)
        seal(target, self._rights.gid(access))

    def move(self, relative: str, source: Path) -> None:
        """Put a sealed new file here."""
        source.rename(self.path / relative)

    def write(self, relative: str, content: bytes, access: str | None) -> None:
        """Write a new file, or link the one of the generation before if it says the same."""
        before = self._before / relative if self._before else None
        if before and before.is_file() and before.read_bytes() == content:
            self.link(relative, before, access)
            return
        target = self.path / relative
        with target.open("xb") as stream:
            stream.write(content)
        seal(target, self._rights.gid(access))

    def keep(self, relative: str, access: str | None) -> None:
        """Link a file of the generation before, which stands at the same place."""
        if self._before is None:
            raise PublishError("there is no generation before to keep this of", found=relative)
        self.link(relative, self._before / relative, access)

    def sync(self) -> None:
        """Make every entry durable. Files were, as they were sealed."""
        for folder in reversed(self._folders):
            fsync_dir(folder)
        fsync_dir(self.path)

    def _fits(self, source: Path, access: str | None) -> bool:
        stat = source.stat()
        return stat.st_gid == self._rights.gid(access) and stat.st_mode & 0o7777 == FILE_MODE


def seal(path: Path, gid: int) -> None:
    """Give a finished file its group and mode, on the descriptor, and make it durable."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW)
    try:
        os.fchown(descriptor, -1, gid)
        os.fchmod(descriptor, FILE_MODE)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def check_path(path: str) -> None:
    """Refuse a path that leaves its tree, or is not what it looks like: ``PublishError``."""
    try:
        checked_path(path)
    except ValueError as error:
        raise PublishError(
            f"a file must stand inside its generation: {error}", found=repr(path)
        ) from error
