"""The bytes of an input as plain UTF-8: decompressed, transcoded, without a byte order mark."""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from itertools import chain
from typing import BinaryIO

from ...errors import SourceError
from .packed import unpacked

__all__ = ["plain_blocks", "utf8_blocks"]

_BLOCK_BYTES = 8 * 1024 * 1024
"""Parsing is fastest here: large enough to pay for a call, small enough for the cache."""

_FIRST_BYTES = 64 * 1024  # enough for a header, which is sometimes all that is asked for

_DOS_END = b"\x1a"


def utf8_blocks(stream: BinaryIO, name: str, encoding: str) -> Iterator[bytes]:
    """Yield the text of an open input in blocks of about ``_BLOCK_BYTES``.

    Its first bytes say how it is compressed. Raises ``SourceError`` when it breaks off
    or cannot be what it says it is. UTF-8 is not checked here: the parser does that by row.
    """
    blocks = plain_blocks(stream, name)
    first = b""
    while len(first) < len(codecs.BOM_UTF8) and (more := next(blocks, b"")):
        first += more
    blocks = chain([first], blocks)
    encoding = _by_mark(first, encoding)
    if encoding == "utf-8":
        return _without_end(_without_mark(blocks))
    return _without_end(_transcoded(blocks, name, encoding))


def _by_mark(first: bytes, encoding: str) -> str:
    """The encoding that a byte order mark names, where another is declared that it cannot be."""
    if first.startswith(codecs.BOM_UTF8):
        return "utf-8"
    is_utf16 = encoding in ("utf-16-le", "utf-16-be")
    marks = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
    return "utf-16" if is_utf16 and first.startswith(marks) else encoding


def plain_blocks(stream: BinaryIO, name: str) -> Iterator[bytes]:
    """Yield the bytes of an open input, decompressed; the first block is a small one."""
    return unpacked(stream, name, (_FIRST_BYTES, _BLOCK_BYTES))


def _without_mark(blocks: Iterator[bytes]) -> Iterator[bytes]:
    yield next(blocks, b"").removeprefix(codecs.BOM_UTF8)
    yield from blocks


def _without_end(blocks: Iterator[bytes]) -> Iterator[bytes]:
    """Leave out a last byte that DOS, and programs that write for it, put after a text."""
    end = b""
    for block in blocks:
        text = end + block
        end = _DOS_END if text.endswith(_DOS_END) else b""
        yield text.removesuffix(_DOS_END)


def _transcoded(blocks: Iterator[bytes], name: str, encoding: str) -> Iterator[bytes]:
    decoder = codecs.getincrementaldecoder(encoding)()
    done = 0
    try:
        for block in blocks:
            yield decoder.decode(block).removeprefix("\ufeff" if not done else "").encode()
            done += len(block)
        yield decoder.decode(b"", final=True).encode()
    except UnicodeError as error:
        raise SourceError(
            f"is not text in {encoding}, near byte {done + getattr(error, 'start', 0)}",
            where=name,
            remedy="Declare the encoding of the file: csv: {encoding: …}.",
        ) from error
