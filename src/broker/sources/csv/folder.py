"""Tables in a folder of this machine."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from glob import has_magic
from itertools import takewhile
from pathlib import Path
from typing import BinaryIO

from ...errors import AbsentError, ConfigError, ForbiddenError, SourceError
from ...foreign.text import shown
from ..delimited.filenames import SUFFIXES, input_stem, natural_order
from ..delimited.inputs import InputFile, changed, more_than_once, refuse_others
from .walk import OpenFolder, open_folder, refuse_unsafe

__all__ = ["Folder", "split"]

_DEEPEST = 32  # folders that ** goes down


def split(file: str, folder: str) -> tuple[str, str]:
    """The folder that a table's ``file:`` is below, and the path from there.

    A relative one is below ``folder``. An absolute one is the operator's own word, up to its last
    part or its first pattern. Raises ``ConfigError`` for a path that goes up.
    """
    path = Path(file).expanduser()
    if ".." in path.parts:
        raise ConfigError("file must not contain '..'", where=f"file: {file}")
    if not path.is_absolute():
        return folder, file
    plain = list(takewhile(lambda part: not has_magic(part), path.parts[:-1]))
    return str(Path(*plain)), str(Path(*path.parts[len(plain) :]))


class Folder:
    """A folder of this machine.

    Other accounts may write into it, so only a regular file that lies in it and has one name is
    read; no link is followed.
    """

    def __init__(self, path: Path) -> None:
        """``path`` is absolute; nothing is read yet."""
        self._path = path

    def tables(self) -> dict[str, str]:
        """Each file with a known ending and each folder that holds such a file, once."""
        found = {}
        with open_folder(self._path) as folder:
            for name in sorted(folder.names(), key=natural_order):
                if folder.has_folder(name):
                    with folder.enter([name]) as inner:
                        if _inputs(inner):
                            found[name] = name
                elif input_stem(name):
                    found[input_stem(name)] = name
        return found

    def find(self, name: str, file: str | None) -> tuple[InputFile, ...]:
        """The files of a table, in natural order."""
        with open_folder(self._path) as folder:
            found = self._declared(folder, file) if file else self._default(folder, name)
        return tuple(sorted(found, key=lambda each: natural_order(each.path)))

    def open(self, file: InputFile) -> BinaryIO:
        """Open a file; what is open must be the one that was found."""
        *folders, name = Path(file.path).relative_to(self._path).parts
        with open_folder(self._path) as top, top.enter(folders) as folder:
            stream = folder.open(name)
        if _input(Path(file.path), os.fstat(stream.fileno())) != file:
            stream.close()
            raise changed([file.name])
        return stream

    def _default(self, folder: OpenFolder, name: str) -> list[InputFile]:
        found = _named(folder, name)
        if folder.has_folder(name) or folder.has_link(name):
            found.append(name)
        if len(found) > 1:
            raise more_than_once(name, str(self._path), found)
        if not found:
            names = folder.names()  # a locked folder has a sentence of its own
            near = [one for one in names if input_stem(one).lower() == name.lower()]
            endings = ", ".join(SUFFIXES[1:])
            raise AbsentError(
                f"table {name} has no file",
                expected=f"{self._path / name}{SUFFIXES[0]}, {endings} or a folder {name}",
                found=", ".join(near) or "none of them",
                remedy="The case of letters counts: declare 'file:', or another id."
                if near
                else None,
            )
        return _at(folder, found[0])

    def _declared(self, folder: OpenFolder, file: str) -> list[InputFile]:
        parts = Path(file).parts
        if not has_magic(file) or _stands(folder, parts):
            with folder.enter(parts[:-1]) as parent:
                return _at(parent, parts[-1])
        found = {each.path: each for each in _matching(folder, parts)}
        if not found:
            raise AbsentError("no file matches", where=str(self._path / file), found="none")
        return list(found.values())


def _named(folder: OpenFolder, name: str) -> list[str]:
    """The files of this name with a known ending, in any case of letters."""
    found = [entry for ending in SUFFIXES if folder.has(entry := f"{name}{ending}")]
    with suppress(ForbiddenError):  # a folder that may be entered and not listed
        others = [entry for entry in folder.names() if input_stem(entry) == name]
        found += sorted({*others} - {*found})
    return [entry for entry in found if not folder.has_folder(entry)]


def _stands(folder: OpenFolder, parts: Sequence[str]) -> bool:
    """Whether a file or folder has the name of a pattern."""
    try:
        with folder.enter(parts[:-1]) as parent:
            return parent.has(parts[-1])
    except AbsentError:
        return False


def _at(folder: OpenFolder, name: str) -> list[InputFile]:
    """A file, or all files of a folder."""
    if not folder.has_folder(name):
        return [_input(folder.path / name, folder.status(name))]
    with folder.enter([name]) as inner:
        names = inner.names()
        folders = {*filter(inner.has_folder, names)}
        files = [one for one in names if one not in folders]
        inputs = [*filter(input_stem, files)]
        if not inputs:
            raise _no_input(inner.path, names, has_folders=bool(folders))
        refuse_others(files, folders, str(inner.path))
        return [_input(inner.path / one, inner.status(one)) for one in inputs]


def _no_input(path: Path, names: Sequence[str], *, has_folders: bool) -> AbsentError:
    """What is in the folder in place of files that are read."""
    first = sorted(names, key=natural_order)[:5]
    return AbsentError(
        "the folder holds no table",
        where=str(path),
        expected=f"files ending in {', '.join(SUFFIXES)}",
        found=shown(", ".join(first), 200) or "none",
        remedy=f"Files in folders of it are read with a pattern: file: {path.name}/**/*.csv."
        if has_folders
        else None,
    )


def _inputs(folder: OpenFolder) -> list[str]:
    """What counts as an input by its name: a link too, so that it is refused and not left out."""
    return [name for name in folder.names() if input_stem(name) and not folder.has_folder(name)]


def _matching(folder: OpenFolder, parts: Sequence[str], depth: int = 0) -> Iterator[InputFile]:
    """The files that a pattern means. ``**`` enters no link, as in Python's own ``glob``."""
    first, rest = parts[0], parts[1:]
    if first == "**":
        yield from _below(folder, parts, depth)
        return
    names = folder.names() if has_magic(first) else [first] if folder.has(first) else []
    for name in names:
        if not fnmatchcase(name, first) and has_magic(first):
            continue
        if rest and (folder.has_folder(name) or folder.has_link(name)):
            with folder.enter([name]) as inner:
                yield from _matching(inner, rest, depth)
        elif not rest and not folder.has_folder(name):
            yield _input(folder.path / name, folder.status(name))


def _below(folder: OpenFolder, parts: Sequence[str], depth: int) -> Iterator[InputFile]:
    if depth > _DEEPEST:
        raise SourceError(f"is more than {_DEEPEST} folders deep", where=str(folder.path))
    if parts[1:]:
        yield from _matching(folder, parts[1:], depth)
    for name in folder.names():
        if folder.has_folder(name):
            with folder.enter([name]) as inner:
                yield from _matching(inner, parts, depth + 1)


def _input(path: Path, status: os.stat_result) -> InputFile:
    refuse_unsafe(path, status)
    modified = datetime.fromtimestamp(status.st_mtime, UTC)
    version = f"{status.st_dev}:{status.st_ino}:{status.st_mtime_ns}:{status.st_ctime_ns}"
    return InputFile(str(path), str(path), status.st_size, modified, version)
