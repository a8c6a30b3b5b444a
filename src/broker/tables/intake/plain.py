"""Arrow's columns as the engine takes them in: one type for each kind of value, flaws marked."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

from ..types import of_arrow
from ..values.bulk import arrow_type, is_utf8
from ..values.span import holds, outside

__all__ = ["plain", "plain_columns"]


def plain(type_: pa.DataType) -> pa.DataType:
    """One Arrow type for each kind of value: no dictionary, no nanosecond, one kind of text.

    Within lists and structs it is the type of the file, as a column of them is not cast again.
    """
    types = pa.types
    if types.is_dictionary(type_):
        return plain(type_.value_type)
    if types.is_list(type_) or types.is_large_list(type_):
        return pa.list_(_stored(type_.value_type))
    if types.is_struct(type_):
        return pa.struct([(field.name, _stored(field.type)) for field in type_])
    return _plain_value(type_)


def _plain_value(type_: pa.DataType) -> pa.DataType:
    types = pa.types
    if types.is_null(type_) or types.is_large_string(type_) or types.is_string_view(type_):
        return pa.string()
    if types.is_decimal(type_) and not types.is_decimal128(type_):
        return pa.decimal128(type_.precision, type_.scale)
    if types.is_timestamp(type_):
        return pa.timestamp("us", type_.tz)
    if types.is_time64(type_) and type_.unit == "ns":
        return pa.time64("us")
    return pa.date32() if types.is_date64(type_) else type_


def _stored(type_: pa.DataType) -> pa.DataType:
    if pa.types.is_nested(type_):
        return plain(type_)
    return arrow_type(of_arrow(type_) or "VARCHAR")


def plain_columns(
    table: pa.Table,
) -> tuple[dict[str, pa.ChunkedArray], dict[int, pa.ChunkedArray]]:
    """The columns as ``c0``, ``c1`` …, and by number which of their values cannot be stored."""
    columns: dict[str, pa.ChunkedArray] = {}
    flaws: dict[int, pa.ChunkedArray] = {}
    for source, column in enumerate(table.columns):
        type_ = plain(column.type)
        if pa.types.is_nested(type_):
            columns[f"c{source}"], broken = _nested(column, type_)
            _mark(flaws, source, broken)
            continue
        if pa.types.is_timestamp(column.type) and not holds(column):
            _mark(flaws, source, outside(column))
        value = column if type_ == column.type else column.cast(type_, safe=False)
        if getattr(column.type, "unit", None) == "ns":
            _mark(flaws, source, pc.not_equal(value.cast(column.type), column))
        if pa.types.is_date32(value.type) and not holds(value):
            _mark(flaws, source, outside(value))
        # DuckDB writes broken UTF-8 to Parquet without a word, and then cannot read it.
        if not is_utf8(value):
            value, broken = _mended(value)
            _mark(flaws, source, broken)
        columns[f"c{source}"] = value
    return columns, flaws


def _nested(column: pa.ChunkedArray, type_: pa.DataType) -> tuple[pa.ChunkedArray, pa.ChunkedArray]:
    """The values of lists or structs, NULL where a part of one cannot be stored, and where."""
    try:
        return _exact(column, type_), pa.chunked_array([], pa.bool_())
    except pa.ArrowInvalid:
        # Taken, not sliced: a cast looks at all values that a slice has in store.
        found = [_one(column.take([at]), type_) for at in range(len(column))]
    values = pa.chunked_array([chunk for one in found for chunk in one.chunks], type_)
    return values, pc.and_(values.is_null(), column.is_valid())


def _one(value: pa.ChunkedArray, type_: pa.DataType) -> pa.ChunkedArray:
    try:
        return _exact(value, type_)
    except pa.ArrowInvalid:
        return pa.chunked_array([pa.nulls(1, type_)])


def _exact(column: pa.ChunkedArray, type_: pa.DataType) -> pa.ChunkedArray:
    values = column.cast(type_)
    values.validate(full=True)
    return values


def _mark(flaws: dict[int, pa.ChunkedArray], source: int, flaw: pa.ChunkedArray) -> None:
    flaw = pc.fill_null(flaw, False)
    if pc.any(flaw).as_py():
        flaws[source] = flaw


def _mended(column: pa.ChunkedArray) -> tuple[pa.ChunkedArray, pa.ChunkedArray]:
    raw = column.cast(pa.large_binary()).to_pylist()
    texts = [None if v is None else v.decode("utf-8", "backslashreplace") for v in raw]
    broken = [
        v is not None and text is not None and v != text.encode()
        for v, text in zip(raw, texts, strict=True)
    ]
    return pa.chunked_array([pa.array(texts, column.type)]), pa.chunked_array([pa.array(broken)])
