"""Partitions: from a value to a number, from a number to the name that stands in a path."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date, timedelta

import pyarrow as pa
import pyarrow.compute as pc

from ..errors import TableError
from .layout import Layout, NeedsLoadError
from .model import DataFile, Partitioning, Range

__all__ = ["NULL_PARTITION", "bounding", "check", "check_names", "code", "label", "name", "numbers"]

NULL_PARTITION = "null"
_TWELVE, _ONE = pa.scalar(12, pa.int32()), pa.scalar(1, pa.int32())
_EPOCH = date(1970, 1, 1)
_TEMPORAL = ("DATE", "TIMESTAMP", "TIMESTAMPTZ")


def check(type_: str, partitioning: Partitioning, *, where: str) -> None:
    """Raise ``TableError`` for a column that cannot say when its row was."""
    if type_ not in _TEMPORAL:
        raise TableError(
            "the table cannot be partitioned by this column",
            where=f"{where}, column {partitioning.column}",
            expected=f"a column of type {', '.join(_TEMPORAL)}",
            found=type_,
            remedy="Declare its type under `types`, or choose another column.",
        )


def bounding(range_: Range | None, layout: Layout, *, where: str, needed: bool) -> Range | None:
    """The range, where its column holds times; if not, None, or a ``TableError`` if ``needed``."""
    if range_ is None:
        return None
    type_ = layout.field(range_.column).type or "VARCHAR"
    if type_ in _TEMPORAL:
        return range_
    if needed:
        check(type_, Partitioning(range_.column, ""), where=where)
    return None


def check_names(
    files: Iterable[DataFile], partitioning: Partitioning | None, *, where: str
) -> None:
    """Raise ``NeedsLoadError`` when files were partitioned in another way than the table is now."""
    granularity = partitioning.granularity if partitioning else None
    shape = re.compile(_NAMES[granularity] if granularity else "")
    strange = [file for file in files if not shape.fullmatch(file.partition or "")]
    if strange:
        raise NeedsLoadError(
            "the files that are kept were partitioned in another way",
            where=where,
            expected=f"partitions by {granularity}" if granularity else "no partitions",
            found=strange[0].path,
            remedy="Load the table as a whole.",
        )


_YEAR = "(?!0000)[0-9]{4}"
_NAMES = {
    "year": f"null|{_YEAR}",
    "month": f"null|{_YEAR}_[0-9]{{2}}",
    "day": f"null|{_YEAR}_[0-9]{{2}}_[0-9]{{2}}",
}


def code(value: str, partitioning: Partitioning) -> str:
    """The SQL that gives a row's partition as a number; NULL for NULL. Instants count in UTC."""
    if partitioning.granularity == "day":
        return f"CAST(CAST({value} AS DATE) - DATE '1970-01-01' AS INTEGER)"
    year = f"CAST(year({value}) AS INTEGER)"
    if partitioning.granularity == "year":
        return year
    return f"({year} * 12 + CAST(month({value}) AS INTEGER) - 1)"


def label(value: str, partitioning: Partitioning) -> str:
    """The SQL that gives a row's partition by its name in a path."""
    shape, parts = _LABELS[partitioning.granularity]
    values = ", ".join(f"{part}({value})" for part in parts)
    return f"CASE WHEN {value} IS NULL THEN '{NULL_PARTITION}' ELSE printf('{shape}', {values}) END"


_LABELS = {
    "year": ("%04d", ("year",)),
    "month": ("%04d_%02d", ("year", "month")),
    "day": ("%04d_%02d_%02d", ("year", "month", "day")),
}


def numbers(values: pa.ChunkedArray, partitioning: Partitioning) -> pa.ChunkedArray:
    """What ``code`` says, of values that are typed already."""
    if pa.types.is_timestamp(values.type) and values.type.tz:
        values = values.cast(pa.timestamp("us"))
    if partitioning.granularity == "day":
        return values.cast(pa.date32(), safe=False).cast(pa.int32())
    year = pc.year(values).cast(pa.int32())
    if partitioning.granularity == "year":
        return year
    month = pc.month(values).cast(pa.int32())
    return pc.add(pc.multiply(year, _TWELVE), pc.subtract(month, _ONE))


def name(number: int | None, granularity: str) -> str:
    """The partition's name in a path: ``2026``, ``2026_11``, ``2026_11_22`` or ``null``."""
    if number is None:
        return NULL_PARTITION
    if granularity == "year":
        return f"{number:04d}"
    if granularity == "month":
        return f"{number // 12:04d}_{number % 12 + 1:02d}"
    try:
        day = _EPOCH + timedelta(days=number)
    except OverflowError:
        raise TableError(
            "a partition column holds a day outside the years 1 to 9999",
            remedy="Partition by month or year, or fix the source.",
        ) from None
    return f"{day.year:04d}_{day.month:02d}_{day.day:02d}"
