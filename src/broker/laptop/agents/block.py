"""A block of ours in a file that is another's: what stands around it stays byte for byte."""

from __future__ import annotations

import re

from ...errors import LaptopError

__all__ = ["BEGIN", "END", "with_block", "without_block"]

BEGIN = "broker:begin"
END = "broker:end"
_ADVICE = "each sync writes what stands between these two lines"


def with_block(existing: bytes, text: str, comment: tuple[str, str], *, where: str) -> bytes:
    """The file with this text as its block, in the place of the one before or at the end.

    ``comment`` is how a line of comment begins and ends in this kind of file. Raises
    ``LaptopError`` where the two markers of a block do not stand as they were written.
    """
    start, stop = comment
    block = f"{start}{BEGIN} ({_ADVICE}){stop}\n{text.strip()}\n{start}{END}{stop}\n".encode()
    found = _find(existing, comment, where)
    if found is not None:
        return existing[: found[0]] + block + existing[found[1] :]
    gap = b"" if not existing else b"\n" if existing.endswith(b"\n") else b"\n\n"
    return existing + gap + block


def without_block(existing: bytes, comment: tuple[str, str], *, where: str) -> bytes:
    """What stands around the block; raises ``LaptopError`` as above."""
    found = _find(existing, comment, where)
    return existing if found is None else existing[: found[0]] + existing[found[1] :]


def _find(existing: bytes, comment: tuple[str, str], where: str) -> tuple[int, int] | None:
    """From the first byte of the block to the one after it; None if there is no block."""
    begins, ends = (_marks(existing, comment[0], mark) for mark in (BEGIN, END))
    if not begins and not ends:
        return None
    if len(begins) != 1 or len(ends) != 1 or begins[0].end() > ends[0].start():
        raise LaptopError(
            "where the block of the broker's program begins and ends is not clear",
            where=where,
            expected=f"one line with {BEGIN}, and after it one with {END}",
            found=f"{len(begins)} and {len(ends)}",
            remedy="Nothing was changed in it. Remove these lines, and what of the block is left"
            " between them; the next sync adds the block anew.",
        )
    return begins[0].start(), ends[0].end()


def _marks(existing: bytes, start: str, mark: str) -> list[re.Match[bytes]]:
    pattern = rf"^{re.escape(start)}{re.escape(mark)}\b[^\n]*(?:\n|\Z)".encode()
    return [*re.finditer(pattern, existing, re.MULTILINE)]
