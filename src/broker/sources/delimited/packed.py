"""What is in a compressed file, or in an archive of one file, by its content and not its name."""

from __future__ import annotations

import bz2
import io
import lzma
import re
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, BinaryIO, Protocol

import pyarrow as pa

from ...errors import SourceError
from .archives import read_blocks, tar_blocks, zip_blocks
from .content import refuse_binary

__all__ = ["unpacked"]

_MAGIC_BYTES = 512  # of tar, whose mark is the last one


class _Stream(Protocol):
    """A decompressor of the standard library, for one member of a file."""

    eof: bool
    unused_data: bytes
    needs_input: bool

    def decompress(self, data: bytes, max_length: int = ...) -> bytes: ...


class _Gzip:
    """``zlib`` in the shape of the other decompressors."""

    def __init__(self) -> None:
        self._inner = zlib.decompressobj(wbits=31)
        self.needs_input = True

    @property
    def eof(self) -> bool:
        return self._inner.eof

    @property
    def unused_data(self) -> bytes:
        return self._inner.unused_data

    def decompress(self, data: bytes, max_length: int = 0) -> bytes:
        found = self._inner.decompress(self._inner.unconsumed_tail + data, max_length)
        self.needs_input = not self._inner.unconsumed_tail and len(found) < max_length
        return found


_STREAMS: tuple[tuple[bytes, Callable[[], Any]], ...] = (
    (b"\x1f\x8b", _Gzip),
    (b"BZh", bz2.BZ2Decompressor),
    (b"\xfd7zXZ\0", lzma.LZMADecompressor),
)
_ENDINGS = (".gz", ".zst", ".bz2", ".xz", ".zip")
_ZSTD = re.compile(rb"\x28\xb5\x2f\xfd|[\x50-\x5f]\x2a\x4d\x18")  # data, or what is skipped (pzstd)
_BZIP2_BEGINS = (b"1AY&SY", b"\x17rE8P\x90")  # a block, or the end of an empty text
_BROKEN = (
    OSError,
    EOFError,
    zlib.error,
    lzma.LZMAError,
    zipfile.BadZipFile,
    tarfile.TarError,
)


def unpacked(stream: BinaryIO, name: str, sizes: tuple[int, int]) -> Iterator[bytes]:
    """Yield the bytes of an open file, decompressed, in blocks of the first size, then the second.

    Raises ``SourceError`` where the file breaks off, is an archive of several files, or another
    format altogether.
    """
    head = b""
    while len(head) < _MAGIC_BYTES and (more := stream.read(sizes[0])):
        head += more
    with _errors_about(name):
        if not head and name.lower().endswith(_ENDINGS):
            raise EOFError("it is empty, and not even compressed")
        if head.startswith((b"PK\x03\x04", b"PK\x05\x06")):
            blocks = zip_blocks(head, stream, name, sizes[1])
        else:
            blocks = _decompressed(head, stream, sizes)
        first = next(blocks, b"")
        if first[257:262] == b"ustar" and b"\0" in first[:257]:
            yield from tar_blocks(first, blocks, name, sizes[1])
            return
        refuse_binary(first, name)
        yield first
        yield from blocks


def _decompressed(head: bytes, stream: BinaryIO, sizes: tuple[int, int]) -> Iterator[bytes]:
    if _ZSTD.match(head):
        file = pa.PythonFile(_Joined(head, stream), mode="r")
        yield from read_blocks(pa.CompressedInputStream(file, "zstd"), sizes)
        return
    for magic, make in _STREAMS:
        if head.startswith(magic) and (magic != b"BZh" or head[4:10] in _BZIP2_BEGINS):
            yield from _members(read_blocks(_Joined(head, stream), sizes), make, sizes)
            return
    for at in range(0, len(head), sizes[0]):
        yield head[at : at + sizes[0]]
    yield from read_blocks(stream, (sizes[1], sizes[1]))


def _members(
    blocks: Iterator[bytes], make: Callable[[], _Stream], sizes: tuple[int, int]
) -> Iterator[bytes]:
    """The members of a file one after the other, with zeros between and after them or not."""
    member, size = None, sizes[0]
    for block in blocks:
        data = block
        while data or (member is not None and not member.needs_input):
            if member is None:
                data = data.lstrip(b"\0")
                if not data:
                    break
                member = make()
            found = member.decompress(data, size)
            if found:
                yield found
                size = sizes[1]
            data = b""
            if member.eof:
                data, member = member.unused_data, None
    if member is not None:
        raise EOFError("the file is cut off")


class _Joined(io.RawIOBase):
    """A stream of which the head was read already."""

    def __init__(self, head: bytes, stream: BinaryIO) -> None:
        self._head, self._stream = head, stream

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        if not self._head:
            return self._stream.read(size)
        taken = self._head if size < 0 else self._head[:size]
        self._head = self._head[len(taken) :]
        return taken


@contextmanager
def _errors_about(name: str) -> Iterator[None]:
    try:
        yield
    except _BROKEN as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise SourceError(
            f"cannot be read to its end: {reason}",
            where=name,
            remedy="The file is cut off or damaged; deliver it again.",
        ) from error
