"""Text to values in bulk: Arrow's casts, where they say the same as our grammar and cost a third.

Arrow refuses what DuckDB rounds or guesses, and reads a few things that our grammar does not
(``0x1F``, ``1e2`` in a decimal, an hour without minutes, the year 0). A look at which bytes a
column has, or how far its values reach, keeps those out. What is not read here is not wrong: the
slow way, one column of one chunk at a time, then says which values are.
"""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

from ..types import DIGITS, decimal
from .numerals import is_canonical, most_digits
from .span import holds

__all__ = [
    "EXACT",
    "arrow_type",
    "has_blank",
    "holds_byte",
    "is_utf8",
    "read",
    "sample",
    "without_blanks",
]

_ARROW = {
    "BOOLEAN": pa.bool_(),
    "BIGINT": pa.int64(),
    "DOUBLE": pa.float64(),
    "VARCHAR": pa.string(),
    "JSON": pa.string(),
    "DATE": pa.date32(),
    "TIME": pa.time64("us"),
    "TIMESTAMP": pa.timestamp("us"),
    "TIMESTAMPTZ": pa.timestamp("us", "UTC"),
    "BLOB": pa.binary(),
}
_TRUTH = pa.array(["true", "false", "True", "False", "TRUE", "FALSE"])
_TEMPORAL = ("DATE", "TIMESTAMP", "TIMESTAMPTZ")
_SAMPLE = 64
_SLOW = ("BLOB", "JSON", "TIME")
_NUMBERS = ("BIGINT", "DOUBLE")
_OF_NUMBERS = b"0123456789-."
_RANGE = 300  # characters: no such number is past the range of a double
EXACT = 15  # digits that a double holds, whatever they are


def arrow_type(type_: str) -> pa.DataType | None:
    """The Arrow type in which values of a type are set aside; None for a nested one."""
    found = decimal(type_)
    return pa.decimal128(found.precision, found.scale) if found else _ARROW.get(type_)


def read(column: pa.ChunkedArray, type_: str, *, strict: bool) -> pa.ChunkedArray | None:
    """Turn text into values of ``type_``; None when it takes a closer look to say."""
    if type_ == "VARCHAR":
        return column
    found = _read(column, type_, strict)
    if found is None and type_ not in _SLOW and has_blank(column):
        found = _read(without_blanks(column), type_, strict)
    return found


def has_blank(column: pa.ChunkedArray) -> bool:
    """Whether a text is empty."""
    return bool(pc.min(pc.binary_length(column)).as_py() == 0)


def holds_byte(column: pa.ChunkedArray, byte: bytes) -> bool:
    """Whether a byte is in any text of a column: in a twentieth of the time of a look at each."""
    return any(byte in _bytes_of(chunk) for chunk in column.chunks)


def is_utf8(column: pa.ChunkedArray) -> bool:
    """Whether all texts of a column are UTF-8: soon known where they are ASCII.

    Of a column of another type, whether Arrow holds its values for valid.
    """
    return all(_is_utf8(chunk) for chunk in column.chunks)


def without_blanks(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """NULL in place of the empty text."""
    return pc.if_else(pc.equal(column, ""), pa.scalar(None, column.type), column)


def sample(column: pa.ChunkedArray) -> list[str]:
    """A few of the texts, from all over the column."""
    known = column.drop_null() if column.null_count else column
    step = max(1, len(known) // _SAMPLE)
    texts: list[str] = known.take(pa.array(range(0, len(known), step), pa.int64())).to_pylist()
    return texts


def _read(column: pa.ChunkedArray, type_: str, strict: bool) -> pa.ChunkedArray | None:
    if not _is_plain(column, type_):
        return None
    try:
        values = column.cast(arrow_type(type_))
    except pa.ArrowInvalid:
        return None
    if strict and _is_odd(column, type_):
        return None
    return values if type_ not in _TEMPORAL or holds(values) else None


def _is_plain(column: pa.ChunkedArray, type_: str) -> bool:
    if type_ in _NUMBERS:
        return _only(column, _OF_NUMBERS) and _longest(column) < _RANGE
    if (exact := decimal(type_)) is not None:
        return _only(column, _OF_NUMBERS) and _has_room(column, exact.scale)
    if type_ in ("TIMESTAMP", "TIMESTAMPTZ"):
        return (pc.min(pc.binary_length(column)).as_py() or 19) > len("2026-11-22 16")
    if type_ == "BOOLEAN":
        true_or_false = pc.sum(pc.is_in(column, _TRUTH)).as_py() or 0
        return bool(true_or_false == len(column) - column.null_count)
    return type_ == "DATE"


def _has_room(column: pa.ChunkedArray, scale: int) -> bool:
    """Whether no number has more digits than Arrow counts: past 38 it takes some for others."""
    if _longest(column) + scale <= DIGITS:
        return True
    before, after = most_digits(column)
    return before + max(after, scale) <= DIGITS


def _longest(column: pa.ChunkedArray) -> int:
    longest: int | None = pc.max(pc.binary_length(column)).as_py()
    return longest or 0


def _only(column: pa.ChunkedArray, allowed: bytes) -> bool:
    """Whether the text of a column consists of these bytes: one C loop over its buffer."""
    return not any(_bytes_of(chunk).translate(None, allowed) for chunk in column.chunks)


def _is_utf8(chunk: pa.Array) -> bool:
    if pa.types.is_string(chunk.type) and _bytes_of(chunk).isascii():
        return True
    try:
        chunk.validate(full=True)
    except pa.ArrowInvalid:
        return False
    return True


def _bytes_of(chunk: pa.Array) -> bytes:
    """The texts of an array one after another, as they stand in its buffer."""
    _, offsets, data = chunk.buffers()
    if data is None or not len(chunk):
        return b""
    places = memoryview(offsets).cast("i")
    start, end = places[chunk.offset], places[chunk.offset + len(chunk)]
    texts: bytes = data.slice(start, end - start).to_pybytes()
    return texts


def _is_odd(column: pa.ChunkedArray, type_: str) -> bool:
    """Whether a number may be longer than its type, or is written as no type would write it."""
    if type_ == "DOUBLE" and _longest(column) > EXACT:
        return True
    is_number = type_ in _NUMBERS or decimal(type_)
    return bool(is_number and not is_canonical(column, has_negative_zero=type_ != "BIGINT"))
