"""A partition in files of a good size, cut where the cuts stay when rows are added."""

from __future__ import annotations

import re

import duckdb

from ..model import DataFile
from ..session import columns_of, identifier, inside, numbered, parquet
from .writing import Target, write

__all__ = ["cut_number", "write_cut"]

_CUT = re.compile(r"-([0-9]+)\.parquet$")


def cut_number(path: str) -> int:
    """The number of a part, or 0 for a partition in one file."""
    found = _CUT.search(path)
    return int(found[1]) if found else 0


def write_cut(
    connection: duckdb.DuckDBPyConnection,
    query: str,
    place: Target,
    *,
    columns: int,
    target: int,
    cut: int = 0,
    free: int = 1,
) -> list[DataFile]:
    """Write rows to one file, or to several once one would be twice the size aimed at.

    ``cut`` is the number of the part that is written anew, ``free`` the first number that no
    part has. Returns nothing, and leaves no file, for no rows.
    """
    path = place.path(cut)
    rows = write(connection, query, path, columns=columns)
    if not rows:
        path.unlink()
        return []
    size = path.stat().st_size
    if place.partition is None or size <= 2 * target:
        return [place.file(path, rows)]
    whole = path.rename(path.with_suffix(".whole"))
    numbers = [*([cut] if cut else []), *range(free, free + rows)]
    names = columns_of(connection, parquet([whole]))
    content = numbered([whole], names)
    values = ", ".join(f"{v} AS {identifier(name)}" for name, v in inside(names).items())
    files = []
    for number, (start, end) in zip(numbers, _pieces(rows, size, target), strict=False):
        part = place.path(number)
        piece = f"p.file_row_number >= {start} AND p.file_row_number < {end}"
        query = f"SELECT {values} FROM {content} WHERE {piece} ORDER BY p.file_row_number"
        written = write(connection, query, part, columns=columns)
        files.append(place.file(part, written))
    whole.unlink()
    return files


def _pieces(rows: int, size: int, target: int) -> list[tuple[int, int]]:
    """Row ranges of one power of two each: rows added at the end move no earlier cut."""
    piece = 1 << max(0, (rows * target // size).bit_length() - 1)
    starts = list(range(0, max(rows - piece // 2, 1), piece))
    return list(zip(starts, [*starts[1:], rows], strict=True))
