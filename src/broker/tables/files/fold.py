"""Several change files as one, so that each file of a table is written once and not once a change.

Only where that gives the same bytes: the columns stay the same, and no file of the table is so
large that it may have been cut into parts, as where it is cut depends on how it grew.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import duckdb

from ..model import DataFile
from ..session import columns_of, identifier, inside, numbered, parquet
from .change import Recipe
from .cutting import cut_number
from .writing import write

__all__ = ["can_fold", "fold", "have_same_columns"]


def can_fold(
    connection: duckdb.DuckDBPyConnection,
    recipes: Sequence[Recipe],
    changes: Sequence[Path],
    files: Sequence[DataFile],
) -> bool:
    """Whether these changes of a version with these files, the oldest first, can be made one."""
    if len(changes) < 2 or any(recipe != recipes[0] for recipe in recipes):
        return False
    if recipes[0].gone is not None or _may_be_cut(recipes[0], changes, files):
        return False
    return have_same_columns(connection, changes)


def have_same_columns(connection: duckdb.DuckDBPyConnection, changes: Sequence[Path]) -> bool:
    """Whether all of them are of the same columns, with the same types."""
    columns = [[*columns_of(connection, parquet([change])).items()] for change in changes]
    return all(found == columns[0] for found in columns)


def _may_be_cut(recipe: Recipe, changes: Sequence[Path], files: Sequence[DataFile]) -> bool:
    if recipe.partitioning is None:
        return False
    largest = max((file.bytes for file in files), default=0)
    coming = sum(change.stat().st_size for change in changes)
    return any(cut_number(file.path) for file in files) or largest + coming > (
        recipe.target_file_bytes
    )


def fold(
    connection: duckdb.DuckDBPyConnection, recipe: Recipe, changes: Sequence[Path], path: Path
) -> None:
    """Write what all of them change together to ``path``."""
    columns = columns_of(connection, parquet([changes[0]]))
    places = inside(columns)
    values = ", ".join(f"{value} AS c{at}" for at, value in enumerate(places.values()))
    rows = " UNION ALL ".join(
        f"SELECT {step} AS step, p.file_row_number AS place, {values} "
        f"FROM {numbered([change], columns)}"
        for step, change in enumerate(changes)
    )
    order = "step, place"
    if recipe.key:
        at = [*columns].index
        keys = ", ".join(f"c{at(name)}" for name in recipe.key)
        rows, order = _last_of_each(rows, keys, len(columns)), keys
    names = ", ".join(f"r.c{at} AS {identifier(name)}" for at, name in enumerate(columns))
    write(
        connection,
        f"SELECT {names} FROM ({rows}) AS r ORDER BY {order}",
        path,
        columns=len(columns),
        metadata=recipe.dump(),
    )


def _last_of_each(rows: str, keys: str, columns: int) -> str:
    """The SQL of one row per key: what it was at last, and where it stood at first.

    ``c0`` is what happened to it, ``c1`` the partition that it left. What came and went in between
    leaves nothing.
    """
    values = ", ".join(f"c{at}" for at in range(2, columns))
    return (
        "SELECT CASE WHEN c0 = 'delete' THEN c0 WHEN first = 'insert' THEN first "
        f"ELSE 'update' END AS c0, origin AS c1, {values} FROM (SELECT *, "
        "row_number() OVER (k ORDER BY step DESC) AS age, first_value(c0) OVER (k ORDER BY step) "
        "AS first, first_value(c1) OVER (k ORDER BY step) AS origin "
        f"FROM ({rows}) WINDOW k AS (PARTITION BY {keys})) "
        "WHERE age = 1 AND NOT (first = 'insert' AND c0 = 'delete')"
    )
