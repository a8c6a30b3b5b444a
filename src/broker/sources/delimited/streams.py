"""The bytes of an input as plain UTF-8: decompressed, transcoded, without a byte order mark."""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from typing import Any, BinaryIO

import pyarrow as pa

from ...errors import SourceError
from .content import refuse_binary

__all__ = ["BLOCK_BYTES", "SUFFIXES", "plain_blocks", "utf8_blocks"]

_COMPRESSION = {".gz": "gzip", ".zst": "zstd"}

SUFFIXES = (".csv", *(f".csv{ending}" for ending in _COMPRESSION))
"""How a file in a folder is called to count as an input."""

BLOCK_BYTES = 8 * 1024 * 1024
"""Parsing is fastest here: large enough to pay for a call, small enough for the cache."""

_FIRST_BYTES = 64 * 1024  # enough for a header, which is sometimes all that is asked for


def utf8_blocks(stream: BinaryIO, name: str, encoding: str) -> Iterator[bytes]:
    """Yield the text of an open input in blocks of about ``BLOCK_BYTES``.

    The ending of ``name`` says how it is compressed. Raises ``SourceError`` when it breaks off
    or cannot be what it says it is. UTF-8 is not checked here: the parser does that by row.
    """
    blocks = plain_blocks(stream, name)
    if encoding == "utf-8":
        return _without_mark(blocks)
    return _transcoded(blocks, name, encoding)


def plain_blocks(stream: BinaryIO, name: str) -> Iterator[bytes]:
    """Yield the bytes of an open input, decompressed; the first block is a small one."""
    lower = name.lower()
    method = next((how for ending, how in _COMPRESSION.items() if lower.endswith(ending)), None)
    source: Any = stream
    if method is not None:
        source = pa.CompressedInputStream(pa.PythonFile(stream, mode="r"), method)
    size = _FIRST_BYTES
    try:
        while block := source.read(size):
            if size == _FIRST_BYTES:
                refuse_binary(block, name)
            yield block
            size = BLOCK_BYTES
    except OSError as error:
        raise SourceError(
            f"cannot be read to its end: {_reason(error)}",
            where=name,
            remedy="The file is cut off or damaged; deliver it again.",
        ) from error


def _reason(error: OSError) -> str:
    return error.strerror or str(error)


def _without_mark(blocks: Iterator[bytes]) -> Iterator[bytes]:
    first = next(blocks, b"")
    yield first.removeprefix(codecs.BOM_UTF8)
    yield from blocks


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
