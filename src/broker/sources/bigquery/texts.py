"""Values that one API hands over as text and the other does not, made the same. Pure.

An INTERVAL is BigQuery's own text here, a RANGE is a struct, whichever way they came.
"""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

__all__ = ["interval_text", "range_bounds"]

_SECOND = 10**9  # in nanoseconds


def interval_text(values: pa.Array) -> pa.Array:
    """The text of intervals: ``Y-M D H:M:S``, each part with a sign of its own.

    A fraction of a second has 3, 6 or 9 digits
    (https://cloud.google.com/bigquery/docs/reference/standard-sql/data-types#interval_type).
    """
    texts = (None if one is None else _text(*one) for one in values.to_pylist())
    return pa.array(texts, pa.string())


def _text(months: int, days: int, nanoseconds: int) -> str:
    seconds, rest = divmod(abs(nanoseconds), _SECOND)
    fraction = f"{rest:09}"
    while fraction.endswith("000"):
        fraction = fraction[:-3]
    years = f"{'-' if months < 0 else ''}{abs(months) // 12}-{abs(months) % 12}"
    clock = f"{seconds // 3600}:{seconds // 60 % 60}:{seconds % 60}"
    sign = "-" if nanoseconds < 0 else ""
    return f"{years} {days} {sign}{clock}{'.' if fraction else ''}{fraction}"


def range_bounds(texts: pa.Array, type_: pa.StructType) -> pa.Array:
    """Ranges from the REST API's ``[start, end)``, in which an open end is ``UNBOUNDED``."""
    bounds = pc.split_pattern(pc.utf8_slice_codeunits(texts, 1, -1), ", ")
    ends = [_bound(pc.list_element(bounds, at), one.type) for at, one in enumerate(type_)]
    return pa.StructArray.from_arrays(ends, fields=list(type_), mask=texts.is_null())


def _bound(texts: pa.Array, type_: Any) -> pa.Array:
    known = pc.if_else(pc.equal(texts, "UNBOUNDED"), pa.scalar(None, pa.string()), texts)
    is_instant = pa.types.is_timestamp(type_) and type_.tz is not None  # in microseconds
    return known.cast(pa.int64()).cast(type_) if is_instant else known.cast(type_)
