"""Which files a table is read from, and how one knows that they did not change meanwhile."""

from __future__ import annotations

import hashlib
import re
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from glob import has_magic
from os.path import lexists
from pathlib import Path
from typing import BinaryIO, Protocol

from ...errors import AbsentError, ConfigError, ForbiddenError, SourceError
from .streams import SUFFIXES

__all__ = [
    "Folder",
    "InputFile",
    "Place",
    "input_stem",
    "more_than_once",
    "natural_order",
    "table_name",
    "text_bytes",
    "version",
]


_SETTLED = timedelta(seconds=2)  # the clock of a place may not tell two changes apart
_SHRUNK = 4  # compressed, tables take a quarter to a tenth


@dataclass(frozen=True, slots=True)
class InputFile:
    """One file as it was found. Two that are equal have, as far as can be known, the same bytes.

    ``path`` is absolute, or a URL, and ``name`` the same as a message may show it. ``version``
    is what its place knows of its content: inode and time of change, or an ETag.
    """

    path: str
    name: str
    bytes: int | None
    modified: datetime | None
    version: str


class Place(Protocol):
    """Somewhere that tables lie: a folder of this machine, or a remote location."""

    def tables(self) -> dict[str, str]:
        """The names of the tables that lie here, in natural order, each with its file."""

    def find(self, name: str, file: str | None) -> tuple[InputFile, ...]:
        """The files of a table, in natural order; raises ``SourceError`` if there are none."""

    def open(self, file: InputFile) -> BinaryIO:
        """Open one for reading; raises ``SourceError`` when it is not what was found."""


def table_name(table_id: str) -> str:
    """The last part of a table's id, which names its file; raises ``ConfigError``."""
    name = table_id.rpartition(".")[2]
    if not name or name.startswith("~") or re.search(r"[/\\\0]", name):
        raise ConfigError(
            "the last part of the id cannot name a file",
            where=f"table {table_id}",
            remedy="Say with 'file:' where the table is.",
        )
    return name


def natural_order(name: str) -> list[tuple[int, str]]:
    """A key for sorting by which ``part-2`` comes before ``part-10``."""
    parts = re.split(r"(\d+)", name)
    return [(int(part), "") if part.isdecimal() else (-1, part) for part in parts]


class Folder:
    """A folder of this machine.

    Whoever may write into it decides what is read from it, so neither ``..`` nor a symbolic
    link leads out of it. An absolute ``file:`` is the operator's own word and may be anywhere.
    """

    def __init__(self, path: Path) -> None:
        """``path`` is absolute; nothing is read yet."""
        self._path = path

    def tables(self) -> dict[str, str]:
        """Each file with a known ending and each folder that holds such a file, once."""
        found = {}
        for entry in sorted(_entries(self._path), key=lambda each: natural_order(each.name)):
            if entry.is_dir() and any(_is_input(inner) for inner in _entries(entry)):
                found[entry.name] = entry.name
            elif _is_input(entry):
                found[input_stem(entry.name)] = entry.name
        return found

    def find(self, name: str, file: str | None) -> tuple[InputFile, ...]:
        """The files of a table, in natural order."""
        try:
            paths = self._declared(file) if file else self._default(name)
        except PermissionError as error:  # of the folder, so nothing is known of what is in it
            raise _unreadable(self._path, error) from error
        inputs = [self._input(path) for path in paths]
        return tuple(sorted(inputs, key=lambda each: natural_order(each.path)))

    def open(self, file: InputFile) -> BinaryIO:
        """Open a file; it must still be the one that was found."""
        try:
            stream = Path(file.path).open("rb", buffering=0)  # noqa: SIM115 - the caller closes it
        except OSError as error:
            raise _unreadable(Path(file.path), error) from error
        return stream

    def _default(self, name: str) -> list[Path]:
        there = [self._path / f"{name}{ending}" for ending in SUFFIXES]
        found = [path for path in there if lexists(path)]
        if (self._path / name).is_dir():
            found.append(self._path / name)
        if len(found) > 1:
            raise more_than_once(name, str(self._path), [path.name for path in found])
        if not found:
            _entries(self._path)  # an absent or locked folder has a sentence of its own
            endings = ", ".join(SUFFIXES[1:])
            raise AbsentError(
                f"table {name} has no file",
                expected=f"{there[0]}, {endings} or a folder {name}",
                found="none of them",
            )
        return self._inside(found[0])

    def _declared(self, file: str) -> list[Path]:
        declared = Path(file).expanduser()
        base = Path(declared.anchor) if declared.is_absolute() else self._path
        pattern = str(declared.relative_to(base)) if declared.is_absolute() else file
        if ".." in declared.parts:
            raise ConfigError("file must not contain '..'", where=f"file: {file}")
        if not has_magic(file) or lexists(base / pattern):
            return self._inside(base / pattern)
        paths = [path for path in base.glob(pattern) if path.is_file()]
        if not paths:
            raise AbsentError("no file matches", where=str(base / pattern), found="none")
        return paths

    def _inside(self, path: Path) -> list[Path]:
        if not path.is_dir():
            return [path]
        paths = [entry for entry in _entries(path) if _is_input(entry)]
        if not paths:
            raise AbsentError(
                "the folder holds no table",
                where=str(path),
                expected=f"files ending in {', '.join(SUFFIXES)}",
                found="none",
            )
        return paths

    def _input(self, path: Path) -> InputFile:
        try:
            real = path.resolve(strict=True)
            status = real.stat()
        except (OSError, RuntimeError) as error:
            raise _unreadable(path, error) from error
        if path.is_relative_to(self._path) and not real.is_relative_to(self._path.resolve()):
            raise SourceError(
                "a symbolic link leads out of the folder of tables",
                where=str(path),
                remedy="Say with an absolute 'file:' that it may be read.",
            )
        if not stat.S_ISREG(status.st_mode):
            raise SourceError("is no regular file", where=str(path))
        modified = datetime.fromtimestamp(status.st_mtime, UTC)
        version = f"{status.st_dev}:{status.st_ino}:{status.st_mtime_ns}:{status.st_ctime_ns}"
        return InputFile(str(real), str(real), status.st_size, modified, version)


def more_than_once(name: str, where: str, found: list[str]) -> SourceError:
    """Nobody knows which of several files of one table is the right one."""
    return SourceError(
        f"table {name} lies here more than once",
        where=where,
        found=" and ".join(found),
        remedy="Remove all but one, or say with 'file:' which one counts.",
    )


def text_bytes(inputs: Sequence[InputFile]) -> int | None:
    """About how much text the files hold; None where their place does not tell."""
    total = 0
    for file in inputs:
        if file.bytes is None:
            return None
        is_plain = file.path.lower().endswith(SUFFIXES[0])
        total += file.bytes if is_plain else _SHRUNK * file.bytes
    return total


def version(inputs: Sequence[InputFile], now: datetime) -> str | None:
    """What names the content of the files; None where it may change and nobody could tell."""
    for file in inputs:
        is_settled = file.modified is None or now - file.modified > _SETTLED
        if not file.version or not is_settled:
            return None
    told = repr([(file.path, file.bytes, file.version) for file in inputs])
    return hashlib.sha256(told.encode()).hexdigest()


def input_stem(name: str) -> str:
    """The name of a file without its ending; empty where the ending is none of ours."""
    ending = next((end for end in SUFFIXES[::-1] if name.lower().endswith(end)), None)
    return name[: -len(ending)] if ending else ""


def _entries(folder: Path) -> Iterator[Path]:
    try:
        entries = [entry for entry in folder.iterdir() if not entry.name.startswith(".")]
    except FileNotFoundError as error:
        # Not AbsentError: a folder that is not mounted says nothing of the tables in it.
        raise SourceError("the folder does not exist", where=str(folder)) from error
    except OSError as error:
        raise _unreadable(folder, error) from error
    return iter(entries)


def _is_input(path: Path) -> bool:
    return input_stem(path.name) != "" and path.is_file()


def _unreadable(path: Path, error: Exception) -> SourceError:
    """Absent, forbidden and broken are told apart: they ask for different remedies."""
    where = str(path)
    if isinstance(error, FileNotFoundError):
        return AbsentError("does not exist", where=where, remedy="Deliver it, or correct the path.")
    if isinstance(error, NotADirectoryError):
        return SourceError("is no folder", where=where)
    if isinstance(error, PermissionError):
        remedy = "Give the user that runs the broker the right to read it."
        return ForbiddenError("is there but may not be read", where=where, remedy=remedy)
    reason = error.strerror if isinstance(error, OSError) else str(error)
    return SourceError(f"cannot be read: {reason}", where=where)
