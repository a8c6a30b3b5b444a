"""Values as DuckDB writes them, without DuckDB: to plan a query takes longer than a few values."""

from __future__ import annotations

import math

import pyarrow as pa
import pyarrow.compute as pc

from .cells import CALENDAR, DAY, DAY_US
from .state import MOST_TEXT

__all__ = ["written"]


def written(values: pa.Array) -> list[str | None] | None:
    """Each value, cut after ``MOST_TEXT`` and one characters; None where DuckDB has to write them.

    That is so where one is NaN or a time out of the calendar, and for values of other types.
    """
    type_ = values.type
    if pa.types.is_string(type_):
        return _texts(pc.utf8_slice_codeunits(values, 0, MOST_TEXT + 1))
    if pa.types.is_boolean(type_) or pa.types.is_int64(type_):
        return _texts(values.cast(pa.string()))
    if pa.types.is_decimal(type_):
        return [None if one is None else f"{one:f}" for one in values.to_pylist()]
    if pa.types.is_float64(type_):
        numbers = values.to_pylist()
        if any(one is not None and math.isnan(one) for one in numbers):
            return None
        return [None if one is None else repr(one) for one in numbers]
    return _times(values)


def _texts(values: pa.Array) -> list[str | None]:
    found: list[str | None] = values.to_pylist()
    return found


def _times(values: pa.Array) -> list[str | None] | None:
    type_ = values.type
    if pa.types.is_date32(type_):
        in_calendar = _is_within(values.cast(pa.int32()), 1)
        return _texts(values.cast(pa.string())) if in_calendar else None
    is_known = type_ in (pa.timestamp("us"), pa.timestamp("us", "UTC"))
    if not is_known or not _is_within(values.cast(pa.int64()), DAY_US):
        return None
    texts = values.cast(pa.timestamp("us")).cast(pa.string())  # with six digits after the point
    texts = pc.utf8_rtrim(pc.utf8_rtrim(texts, characters="0"), characters=".")
    return _texts(texts if type_.tz is None else pc.binary_join_element_wise(texts, "+00", ""))


def _is_within(numbers: pa.Array, a_day: int) -> bool:
    """Whether all of these times, of which so many are a day, lie in Python's calendar."""
    first, last = CALENDAR[DAY]
    ends = pc.min_max(numbers).as_py()
    return ends["min"] is None or (
        first * a_day <= ends["min"] and ends["max"] < (last + 1) * a_day
    )
