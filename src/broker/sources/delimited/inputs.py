"""Which files a table is read from, and how one knows that they did not change meanwhile."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import BinaryIO, Protocol

from ...errors import ConfigError, SourceError
from ...foreign.text import shown
from .filenames import (
    SUFFIXES,
    folder_columns,
    is_backup,
    is_other_table,
    natural_order,
    original,
)

__all__ = [
    "InputFile",
    "Inputs",
    "changed",
    "in_order",
    "more_than_once",
    "refuse_copies",
    "refuse_others",
    "seen_version",
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


class Inputs(Protocol):
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


_PARTS = ("year", "month", "day", "hour", "minute", "second")


def in_order(files: Sequence[InputFile], order: str) -> tuple[InputFile, ...]:
    """The files from the oldest to the newest one, by a declared order.

    It is ``name``, ``time``, or a pattern: by its groups ``year`` to ``second``, then by the
    others. Raises ``SourceError`` for a file of which it says nothing.
    """
    if order == "name":
        return tuple(files)
    key = _time_of if order == "time" else partial(_groups_of, pattern=re.compile(order))
    return tuple(sorted(files, key=key))


def _time_of(file: InputFile) -> datetime:
    if file.modified is None:
        raise SourceError("has no time of writing, and csv.order sorts by it", where=file.name)
    return file.modified


def _groups_of(file: InputFile, pattern: re.Pattern[str]) -> list[list[tuple[int, str]]]:
    found = pattern.search(file.path)
    if found is None:
        raise SourceError(
            "does not match csv.order, which says how new a file is",
            where=file.name,
            expected=pattern.pattern,
        )
    named = [_part(part, found[part] or "") for part in _PARTS if part in pattern.groupindex]
    if words := [text for text in named if text and not text.isdecimal()]:
        raise SourceError(
            "has text where the groups of csv.order need numbers",
            where=file.name,
            expected="a number for year, month, day, hour, minute and second",
            found=shown(words[0]),
            remedy="Call a group of words otherwise, or declare csv: {order: time}.",
        )
    numbers = {pattern.groupindex[part] for part in _PARTS if part in pattern.groupindex}
    others = [text or "" for at, text in enumerate(found.groups(), 1) if at not in numbers]
    return [natural_order(text) for text in (*named, *others)]


def _part(part: str, text: str) -> str:
    """A year of two digits is the one that POSIX means, from 1969 to 2068."""
    if part == "year" and len(text) == 2 and text.isdecimal():
        return f"{'19' if int(text) >= 69 else '20'}{text}"
    return text


def refuse_copies(files: Sequence[InputFile]) -> None:
    """Raise ``SourceError`` where a file is a copy or an older one, by its name."""
    places = [file.path.rpartition("/") for file in files]
    paths = {file.path for file in files}
    copies = [
        file.name
        for file, (folder, slash, name) in zip(files, places, strict=True)
        if is_backup(name)
        or (original(name) != name and f"{folder}{slash}{original(name)}" in paths)
    ]
    if copies:
        raise SourceError(
            "is a copy of another file of the table, or an older one, by its name",
            where=shown(copies[0]),
            found=shown(", ".join(copies), 200),
            remedy="Remove it, or say with a pattern which files are read.",
        )


def refuse_others(files: Iterable[str], folders: Iterable[str], where: str) -> None:
    """Raise ``SourceError`` where a folder holds, beside its inputs, what may have rows, too.

    That are files of other kinds, and folders such as ``day=2026-01-01``, as Hive and Spark write
    them.
    """
    parts = [f"{name}/" for name in folders if folder_columns(f"{name}/part", 0)]
    if others := sorted((*filter(is_other_table, files), *parts)):
        raise SourceError(
            "the folder holds files that would not be read",
            where=where,
            expected=f"files ending in {', '.join(SUFFIXES)}",
            found=shown(", ".join(others), 200),
            remedy="Rename them, or say with a pattern which files are read: file: FOLDER/*.csv, "
            "or FOLDER/**/*.csv with those in folders of it.",
        )


def changed(names: Sequence[str]) -> SourceError:
    """The error for files that changed while they were read."""
    return SourceError(
        "changed while it was being read",
        where=", ".join(sorted(names)[:3]),
        remedy="Deliver files under another name and rename them when they are whole.",
    )


def more_than_once(name: str, where: str, found: list[str]) -> SourceError:
    """Refuse a table with several files: which one counts is unknown."""
    return SourceError(
        f"table {name} has more than one file here",
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
    """What names the content of the files; None where it may change unnoticed."""
    for file in inputs:
        is_settled = file.modified is None or now - file.modified > _SETTLED
        if not file.version or not is_settled:
            return None
    return seen_version(inputs)


def seen_version(inputs: Sequence[InputFile]) -> str:
    """What names the files as they were seen, settled or not."""
    facts = repr([(file.path, file.bytes, file.version) for file in inputs])
    return hashlib.sha256(facts.encode()).hexdigest()
