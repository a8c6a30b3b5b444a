"""Line ends that belong to values, where a program escapes no other than that of its rows.

MySQL writes a backslash before the first character of the line end of its rows alone
(https://dev.mysql.com/doc/refman/8.4/en/select-into.html): where rows end with LF, a CR in a value
stands as it is, and where they end with CRLF, an LF does.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import chain

__all__ = ["with_line_ends_escaped"]

_SAMPLE_BYTES = 32 * 1024


def with_line_ends_escaped(
    blocks: Iterator[bytes], escape: bytes, *, has_header: bool = False
) -> Iterator[bytes]:
    """Yield the text with line ends in values as ``\\r`` and ``\\n``, after its ``escape``.

    Its beginning shows how rows end. Where that is not clear, the text comes as it is.
    """
    first = b""
    while len(first) < _SAMPLE_BYTES and (block := next(blocks, None)) is not None:
        first += block
    blocks = chain([first], blocks)
    own = _end_of_rows(first, escape, has_header=has_header)
    return blocks if own is None else _escaped(blocks, escape, own)


def _end_of_rows(sample: bytes, escape: bytes, *, has_header: bool) -> bytes | None:
    """LF, or CRLF; None where both may be, or where a header ends otherwise than the rows.

    What is escaped tells. Else most line ends are those of rows; a text with CRLF has no other CR.
    """
    pair = re.compile(rb"%b(\r\n|.)" % re.escape(escape), re.DOTALL)
    escaped = {each[:1] for each in pair.findall(sample)} & {b"\r", b"\n"}
    text = pair.sub(b"", sample).removesuffix(b"\r")  # it may be half of a line end
    both = text.count(b"\r\n")
    alone = text.count(b"\n") - both
    if alone and (escaped == {b"\n"} or (alone > both and not escaped)):
        return b"\n"
    is_first = re.match(rb"[^\r\n]*\r\n", text) is not None
    is_most = both > alone and is_first
    is_own = both and escaped == {b"\r"} and (is_first or not has_header)
    return b"\r\n" if (is_own or is_most) and text.count(b"\r") == both else None


def _escaped(blocks: Iterator[bytes], escape: bytes, own: bytes) -> Iterator[bytes]:
    lone = rb"\r" if own == b"\n" else rb"\r\n|\n"
    pair = rb"(\r\n|.)" if own == b"\n" else rb"(.)"
    ends = re.compile(rb"%b%b|%b" % (re.escape(escape), pair, lone), re.DOTALL)
    letters = {b"\r": escape + b"r", b"\n": escape + b"n"}

    def written(found: re.Match[bytes]) -> bytes:
        if found[1] == b"\r":
            return escape + b"r"
        return found[0] if found[1] is not None else letters.get(found[0], found[0])

    rest = b""
    for block in blocks:
        text = rest + block
        end = len(text.rstrip(b"\r").rstrip(escape))  # what is behind may be half of a pair
        rest = text[end:]
        yield ends.sub(written, text[:end]) if _concerns(text, escape, own) else text[:end]
    yield ends.sub(written, rest)


def _concerns(text: bytes, escape: bytes, own: bytes) -> bool:
    """Whether the text may hold a line end that is not one of its rows, known in little time."""
    if own == b"\n":
        return b"\r" in text
    return escape + b"\r" in text or text.count(b"\n") > text.count(b"\r\n")
