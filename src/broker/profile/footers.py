"""What Parquet files tell of their columns without decoding a row."""

from __future__ import annotations

from pathlib import Path
from typing import BinaryIO

import pyarrow as pa
import pyarrow.parquet as pq

__all__ = ["places_of_few_values", "places_of_same_values"]

_BLOCK = 1024 * 1024


def places_of_few_values(path: Path, most: int) -> set[int]:
    """The columns of a file that have at most so many different values, by their place.

    DuckDB counts them where it writes a dictionary. None of a file with a column of several parts.
    """
    file = pq.read_metadata(path)
    if not _has_simple_columns(file):
        return set()
    return {at for at in range(file.num_columns) if _most_values(file, at) <= most}


def places_of_same_values(path: Path, other: Path) -> set[int]:
    """The columns that have the same bytes in both files, and so the same value in each row.

    None where a column has several parts, a file cannot be read, or they differ in their columns
    or in how their rows are grouped.
    """
    try:
        one, two = pq.read_metadata(path), pq.read_metadata(other)
        if (
            not _has_simple_columns(one)
            or not one.schema.equals(two.schema)
            or _groups(one) != _groups(two)
        ):
            return set()
        with path.open("rb") as first, other.open("rb") as second:
            return {
                at
                for at in range(one.num_columns)
                if _is_same(first, _extents(one, at), second, _extents(two, at))
            }
    except (OSError, pa.ArrowException):
        return set()


def _has_simple_columns(file: pq.FileMetaData) -> bool:
    return bool(file.num_columns == len(file.schema.to_arrow_schema()))


def _groups(file: pq.FileMetaData) -> list[int]:
    return [file.row_group(number).num_rows for number in range(file.num_row_groups)]


def _most_values(file: pq.FileMetaData, at: int) -> int:
    """How many different values a column has at most."""
    found = 0
    for number in range(file.num_row_groups):
        column = file.row_group(number).column(at)
        if column.physical_type == "BOOLEAN":
            return 2
        known = column.statistics.distinct_count if column.statistics is not None else None
        found += column.num_values if known is None else known
    return found


def _extents(file: pq.FileMetaData, at: int) -> list[tuple[int, int, str]]:
    """Of each group of rows: where the pages of a column begin, how long they are, how packed."""
    found = []
    for number in range(file.num_row_groups):
        column = file.row_group(number).column(at)
        pages = [column.data_page_offset]
        if column.has_dictionary_page:
            pages.append(column.dictionary_page_offset)
        found.append((min(pages), column.total_compressed_size, column.compression))
    return found


def _is_same(
    file: BinaryIO,
    extents: list[tuple[int, int, str]],
    other: BinaryIO,
    other_extents: list[tuple[int, int, str]],
) -> bool:
    if [one[1:] for one in extents] != [one[1:] for one in other_extents]:
        return False
    for (start, size, _), (other_start, *_) in zip(extents, other_extents, strict=True):
        file.seek(start)
        other.seek(other_start)
        for offset in range(0, size, _BLOCK):
            length = min(_BLOCK, size - offset)
            if file.read(length) != other.read(length):
                return False
    return True
