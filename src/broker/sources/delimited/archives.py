"""The one file in an archive; an archive of several is refused, with their names."""

from __future__ import annotations

import io
import tarfile
import zipfile
from collections.abc import Iterator
from itertools import chain
from tempfile import SpooledTemporaryFile
from typing import Any, BinaryIO

from ...errors import SourceError
from ...foreign.text import shown
from .content import refuse_binary
from .filenames import is_never_data

__all__ = ["read_blocks", "tar_blocks", "zip_blocks"]

_IN_MEMORY = 32 * 1024 * 1024
_COMMENT = 18  # of the end of a zip archive, after its mark, until the comment begins
_LONGEST_END = 4 + _COMMENT + 65_535
_NOT_DATA = ("__MACOSX/",)  # what macOS adds to archives


def read_blocks(stream: Any, sizes: tuple[int, int]) -> Iterator[bytes]:
    """Yield what a stream holds: a block of the first size, then blocks of the second."""
    size = sizes[0]
    while block := stream.read(size):
        yield block
        size = sizes[1]


def zip_blocks(head: bytes, stream: BinaryIO, name: str, size: int) -> Iterator[bytes]:
    """Yield the one file in a zip archive, of which ``head`` was read already."""
    with SpooledTemporaryFile(_IN_MEMORY) as spool:
        if stream.seekable():
            stream.seek(0)
            archive: Any = stream
        else:
            spool.write(head)
            for block in read_blocks(stream, (size, size)):
                spool.write(block)
            archive = spool
        with zipfile.ZipFile(archive) as opened:
            refuse_binary(b"PK\x03\x04" + "\n".join(opened.namelist()).encode(), name)
            entries = [one for one in opened.infolist() if not one.is_dir()]
            found = [one for one in entries if _counts(one.filename)]
            if len(found) != 1:
                raise _not_one([one.filename for one in found], name)
            if found[0].flag_bits & 1:
                raise SourceError("is an archive with a password", where=name)
            if min(one.header_offset for one in opened.infolist()) or _goes_on(archive):
                raise _joined(name)
            with opened.open(found[0]) as inner:
                yield from _checked(inner, name, size)


def tar_blocks(first: bytes, blocks: Iterator[bytes], name: str, size: int) -> Iterator[bytes]:
    """Yield the one file in a tar archive, of which ``first`` is the first block."""
    found = ""
    content = _Blocks(first, blocks)
    stream = io.BufferedReader(content)
    with tarfile.open(fileobj=stream, mode="r|") as opened:
        for entry in opened:
            if not entry.isfile() or not _counts(entry.name):
                continue
            inner = opened.extractfile(entry)
            if found or inner is None:
                raise _not_one([found, entry.name], name)
            found = entry.name
            yield from _checked(inner, name, size)
    if not found:
        raise _not_one([], name)
    for _ in read_blocks(stream, (size, size)):
        pass
    if content.end > opened.offset:  # where no entry was found any more
        raise _joined(name)


def _goes_on(archive: Any) -> bool:
    """Whether anything but zeros follows the end of a zip archive."""
    archive.seek(0, io.SEEK_END)
    archive.seek(max(0, archive.tell() - _LONGEST_END))
    _, _, end = archive.read().rpartition(b"PK\x05\x06")
    comment = int.from_bytes(end[_COMMENT - 2 : _COMMENT], "little")
    return bool(end[_COMMENT + comment :].strip(b"\0"))


def _joined(name: str) -> SourceError:
    return SourceError(
        "is an archive and more after its end, or before its beginning",
        where=name,
        expected="one archive",
        remedy="Deliver archives that were joined (`cat`) as files of their own.",
    )


def _checked(inner: Any, name: str, size: int) -> Iterator[bytes]:
    blocks = read_blocks(inner, (size, size))
    first = next(blocks, b"")
    refuse_binary(first, name)
    yield first
    yield from blocks


def _counts(entry: str) -> bool:
    return not entry.startswith(_NOT_DATA) and not is_never_data(entry.rpartition("/")[2])


def _not_one(entries: list[str], name: str) -> SourceError:
    names = ", ".join(entries[:3]) + (" …" if len(entries) > 3 else "")
    return SourceError(
        "is an archive, and one is read only if one file is in it",
        where=name,
        found=shown(names, 300) if entries else "none",
        remedy="Deliver each table as a file, or as an archive of its own.",
    )


class _Blocks(io.RawIOBase):
    """Blocks as a stream; all of it but zeros that were read so far ends at ``end``."""

    def __init__(self, first: bytes, blocks: Iterator[bytes]) -> None:
        self._rest, self._blocks = b"", chain([first], blocks)
        self._taken = self.end = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        self._rest = self._rest or self._next()
        count = min(len(buffer), len(self._rest))
        buffer[:count] = self._rest[:count]
        self._rest = self._rest[count:]
        return count

    def _next(self) -> bytes:
        block = next(self._blocks, b"")
        if content := len(block.rstrip(b"\0")):
            self.end = self._taken + content
        self._taken += len(block)
        return block
