"""The one text of a decimal number, whatever way it came."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

__all__ = ["decimal_text"]


def decimal_text(values: pa.Array) -> pa.Array:
    """The numbers as text without an exponent, with all digits that their type has.

    Arrow's own cast writes 0.0000000001 as ``1E-10``, and 0 of nine decimals as ``0E-9``.
    """
    scale = values.type.scale
    if scale <= 0:
        return values.cast(pa.string())
    kind = pa.decimal256 if pa.types.is_decimal256(values.type) else pa.decimal128
    # The same bytes without the point: whole numbers have no exponent.
    whole = kind(values.type.precision, 0)
    buffers = values.buffers()
    digits = pa.Array.from_buffers(whole, len(values), buffers, offset=values.offset)
    text = digits.cast(pa.string())
    sign = pc.if_else(pc.starts_with(text, "-"), "-", "")
    text = pc.utf8_lpad(pc.utf8_ltrim(text, "-"), scale + 1, "0")
    before = pc.utf8_slice_codeunits(text, 0, -scale)
    after = pc.utf8_slice_codeunits(text, -scale)
    joined = pc.binary_join_element_wise(before, after, ".")
    return pc.binary_join_element_wise(sign, joined, "")
