"""The lines at the end of a text that are not rows."""

from __future__ import annotations

import re
from collections.abc import Iterator

__all__ = ["without_footer"]

_LONGEST = 64 * 1024  # bytes that a footer may have


def without_footer(blocks: Iterator[bytes], footer: int | str) -> Iterator[bytes]:
    """Yield the text without its last lines: so many, or those that match a pattern.

    Empty lines before, between and after them go, too.
    """
    last_bytes = b""
    for block in blocks:
        last_bytes += block
        if len(last_bytes) > 2 * _LONGEST:
            yield last_bytes[:-_LONGEST]
            last_bytes = last_bytes[-_LONGEST:]
    lines = re.findall(rb"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+\Z", last_bytes)
    end = len(lines)
    found = 0
    while (last := _filled(lines, end)) and _is_footer(lines[last - 1], footer, found):
        end, found = last - 1, found + 1
    yield b"".join(lines[: _filled(lines, end) if found else end])


def _is_footer(line: bytes, footer: int | str, found: int) -> bool:
    if isinstance(footer, int):
        return found < footer
    return re.fullmatch(footer, line.decode(errors="replace").strip()) is not None


def _filled(lines: list[bytes], end: int) -> int:
    """The end without empty lines."""
    while end and not lines[end - 1].strip():
        end -= 1
    return end
