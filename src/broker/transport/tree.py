"""What sftp shows: ``/server/…`` and ``/user``, each root opened once and kept for the session."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from ..hostpaths import SETTINGS, VIEW_LINK, VIEW_PARTS
from .folders import open_base
from .grammar import Refusal
from .places import ROOTS

__all__ = ["Tree"]

_SERVER = (*VIEW_PARTS, *ROOTS)
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC | os.O_NOFOLLOW


class Tree:
    """Every look raises ``OSError`` for what is not there; no link is ever followed."""

    def __init__(self, home: str, owner: int = 0) -> None:
        self._home = home
        self._owner = owner
        self._bases: dict[str, int] = {}

    def normal(self, path: str) -> str:
        """An absolute path without ``.`` and ``..``; relative ones begin at the root."""
        parts: list[str] = []
        for part in path.split("/"):
            if part == "..":
                parts = parts[:-1]
            elif part not in ("", "."):
                parts.append(part)
        return "/" + "/".join(parts)

    def stat(self, path: str) -> os.stat_result:
        """What stands at a path, itself and not what it links to."""
        names = self._names(path)
        base = self._base(names)
        if base is None:
            return Path(self._home).stat()
        rest = names[len(base) :]
        with self._parent(base, rest) as folder:
            return os.stat(rest[-1] if rest else ".", dir_fd=folder, follow_symlinks=False)

    def open(self, path: str) -> int:
        """A file, open for reading."""
        names = self._names(path)
        base = self._base(names)
        if base is None or len(names) == len(base):
            raise IsADirectoryError
        with self._parent(base, names[len(base) :]) as folder:
            flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
            return os.open(names[-1], flags, dir_fd=folder)

    def entries(self, path: str) -> Iterator[tuple[str, os.stat_result]]:
        """Names in a folder, each with what stands there."""
        names = self._names(path)
        base = self._base(names)
        if base is None:
            # Not all analysts have settings, and a copy of all of server/ is not to fail for that.
            shown = [name for name in _SERVER if name != SETTINGS] if names else ["server", "user"]
            for name in shown:
                yield name, Path(self._home).stat()
            return
        rest = names[len(base) :]
        with self._parent(base, rest) as parent:
            folder = os.open(rest[-1] if rest else ".", _FOLDER, dir_fd=parent)
        try:
            with os.scandir(folder) as found:
                present = sorted(entry.name for entry in found)
            for name in present:
                with suppress(FileNotFoundError):  # it went while we looked
                    yield name, os.stat(name, dir_fd=folder, follow_symlinks=False)
        finally:
            os.close(folder)

    @property
    def generation(self) -> str | None:
        """Where the view is of which something was asked for, as a path; None where nothing was."""
        folder = self._bases.get(VIEW_LINK)
        if folder is None:
            return None
        os.fchdir(folder)
        return os.getcwd()  # noqa: PTH109 - a chroot has no /proc that would say it

    def _names(self, path: str) -> tuple[str, ...]:
        return tuple(part for part in self.normal(path).split("/") if part)

    def _base(self, names: tuple[str, ...]) -> tuple[str, ...] | None:
        """The root that a path is below; None for the two folders above the roots."""
        if names[:1] == ("user",):
            return names[:1]
        if names in ((), ("server",)):
            return None
        if names[0] == "server" and names[1] in _SERVER:
            return names[:2]
        raise FileNotFoundError

    @contextmanager
    def _parent(self, base: tuple[str, ...], names: tuple[str, ...]) -> Iterator[int]:
        folder = os.dup(self._root(base[-1]))
        try:
            for name in names[:-1]:
                inner = os.open(name, _FOLDER, dir_fd=folder)
                os.close(folder)
                folder = inner
            yield folder
        finally:
            os.close(folder)

    def _root(self, base: str) -> int:
        """The view's parts come from one generation, however long the session lasts."""
        if base not in self._bases:
            try:
                self._bases[base] = (
                    os.open(base, _FOLDER, dir_fd=self._root(VIEW_LINK))
                    if base in VIEW_PARTS
                    else open_base(self._home, base, self._owner)
                )
            except Refusal:
                raise FileNotFoundError from None
        return self._bases[base]
