"""How numbers are written, seen in the first and last characters of all texts of a column at once.

Both are gathered from the buffer of the texts: a pattern that looks at each text takes as long as
the cast to a decimal does.
"""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

__all__ = ["is_canonical", "most_digits"]


def most_digits(column: pa.ChunkedArray) -> tuple[int, int]:
    """How many digits the numbers have at most before their point, and after it.

    Counted are those of the longest number on each side, with zeros before and after it.
    """
    point, length = pc.find_substring(column, "."), pc.binary_length(column)
    is_whole = pc.less(point, 0)
    sign = pc.starts_with(column, "-").cast(pa.int32())
    before = pc.subtract(pc.if_else(is_whole, length, point), sign)
    after = pc.if_else(is_whole, 0, pc.subtract(pc.subtract(length, point), 1))
    return pc.max(before).as_py() or 0, pc.max(after).as_py() or 0


def is_canonical(column: pa.ChunkedArray, *, has_negative_zero: bool) -> bool:
    """Whether no number is written otherwise than its value is: ``007``, ``-05``, ``.5``, ``5.``.

    The texts consist of digits, points and minus signs, and each can be cast to a number.
    ``has_negative_zero`` says that ``-0`` is one, too.
    """
    return all(_is_canonical(chunk, has_negative_zero) for chunk in column.chunks)


def _is_canonical(chunk: pa.Array, has_negative_zero: bool) -> bool:
    texts = _Texts(chunk)
    if texts.any(pc.subtract(texts.ends, 1), b"."):
        return False
    negative = texts.equal(texts.starts, b"-")
    digits = pc.add(texts.starts, negative.cast(pa.int32()))
    if texts.any(digits, b"."):
        return False
    is_zero = texts.equal(digits, b"0")
    if not is_zero.true_count:
        return True
    if not has_negative_zero and pc.and_(negative, is_zero).true_count:
        return False
    after = pc.add(digits.filter(is_zero), 1)
    longer = pc.less(after, texts.ends.filter(is_zero))
    return bool(pc.all(texts.equal(after.filter(longer), b".")).as_py() is not False)


class _Texts:
    """The bytes of an array's texts that are not empty, and where each begins and ends in them."""

    def __init__(self, chunk: pa.Array) -> None:
        _, offsets, data = chunk.buffers()
        places = pa.Array.from_buffers(
            pa.int32(), len(chunk) + 1, [None, offsets], offset=chunk.offset
        )
        starts, ends = places.slice(0, len(chunk)), places.slice(1)
        is_full = pc.and_(chunk.is_valid(), pc.less(starts, ends))
        if is_full.true_count < len(chunk):
            starts, ends = starts.filter(is_full), ends.filter(is_full)
        self.starts, self.ends = starts, ends
        size = data.size if data else 0
        self._bytes = pa.Array.from_buffers(pa.uint8(), size, [None, data])

    def equal(self, places: pa.Array, byte: bytes) -> pa.BooleanArray:
        """Whether this byte stands at each of some places."""
        return pc.equal(self._bytes.take(places), pa.scalar(byte[0], pa.uint8()))

    def any(self, places: pa.Array, byte: bytes) -> bool:
        """Whether this byte stands at any of some places."""
        return bool(self.equal(places, byte).true_count)
