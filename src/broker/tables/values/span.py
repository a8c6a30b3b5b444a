"""The days and instants that can be stored: those of the years 1 to 9999, in UTC.

Beyond them, what reads the files (Python, DuckDB, Arrow) does not agree on the year.
"""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

__all__ = ["holds", "outside", "within"]

_FIRST, _LAST = -719_162, 2_932_896  # 0001-01-01 and 9999-12-31, in days of 1970-01-01
_PER_DAY = {"s": 86_400, "ms": 86_400_000, "us": 86_400_000_000, "ns": 86_400_000_000_000}


def within(value: str, type_: str) -> str:
    """The SQL of a value of DATE, TIMESTAMP or TIMESTAMPTZ being one that can be stored."""
    first, last = "0001-01-01", "9999-12-31"
    if type_ != "DATE":
        first, last = f"{first} 00:00:00", f"{last} 23:59:59.999999"
    if type_ == "TIMESTAMPTZ":
        first, last = f"{first}+00", f"{last}+00"
    return f"{value} BETWEEN {type_} '{first}' AND {type_} '{last}'"


def holds(values: pa.ChunkedArray) -> bool:
    """Whether all values of a date or timestamp column can be stored."""
    numbers, first, last = _numbers(values)
    ends = pc.min_max(numbers).as_py()
    return ends["min"] is None or (ends["min"] >= first and ends["max"] <= last)


def outside(values: pa.ChunkedArray) -> pa.ChunkedArray:
    """Which values cannot be stored."""
    numbers, first, last = _numbers(values)
    return pc.or_(pc.less(numbers, first), pc.greater(numbers, last))


def _numbers(values: pa.ChunkedArray) -> tuple[pa.ChunkedArray, int, int]:
    if pa.types.is_date32(values.type):
        return values.cast(pa.int32()), _FIRST, _LAST
    per_day = _PER_DAY[values.type.unit]
    # In nanoseconds these bounds are past 64 bits; so are all years that are not between them.
    most = 2**63 - 1
    first, last = _FIRST * per_day, (_LAST + 1) * per_day - 1
    return values.cast(pa.int64()), max(first, -most - 1), min(last, most)
