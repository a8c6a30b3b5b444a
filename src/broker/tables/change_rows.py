"""What change files say, row by row, for people who do not have the version before them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import duckdb

from ..errors import TableError
from .compare import Counts, RowChange, json_of_texts
from .files.change import hostile, read_recipe
from .files.fold import fold, have_same_columns
from .model import Limits
from .session import columns_of, inside, numbered, parquet, session

__all__ = ["rows_of_changes"]

_WORDS = {"insert": "added", "delete": "removed", "update": "changed"}


def rows_of_changes(
    changes: Sequence[Path], *, most: int, work: Path, limits: Limits
) -> tuple[Counts, list[RowChange]]:
    """Count what these changes, the oldest first, do together, and give so many rows of it.

    A row that changed has no value of before, and one that is removed its key alone. Raises
    ``TableError`` for a file that is not a change file, and for changes of which that is not known:
    a range of a table without a key that was replaced.
    """
    recipes = [read_recipe(change) for change in changes]
    with hostile(changes[0]), session(limits, work) as connection:
        if any(one.gone is not None or one.key != recipes[0].key for one in recipes):
            raise TableError(
                "the change files do not say which rows were removed", where=recipes[0].path
            )
        if not have_same_columns(connection, changes):
            raise TableError("the columns changed in between", where=recipes[0].path)
        folded = work / "changes.parquet"
        fold(connection, recipes[0], changes, folded)
        return _read(connection, folded, recipes[0].key, most)


def _read(
    connection: duckdb.DuckDBPyConnection, folded: Path, key: Sequence[str], most: int
) -> tuple[Counts, list[RowChange]]:
    columns = columns_of(connection, parquet([folded]))
    values = ", ".join(f"{value} AS v{at}" for at, value in enumerate(inside(columns).values()))
    connection.execute(
        f"CREATE OR REPLACE TABLE folded AS SELECT p.file_row_number AS place, {values} "
        f"FROM {numbered([folded], columns)}"
    )
    found = connection.execute("SELECT v0, count(*) FROM folded GROUP BY ALL").fetchall()
    counts = {_WORDS[word]: number for word, number in found}
    places = {name: f"v{at}" for at, name in enumerate(columns) if at > 1}
    texts_of = partial(json_of_texts, places.__getitem__)
    taken = connection.execute(
        f"SELECT v0, {texts_of([*key] or [*places])}, {texts_of([*places])} FROM folded "
        f"QUALIFY row_number() OVER (PARTITION BY v0 ORDER BY place) <= {most} ORDER BY place"
    ).fetchall()
    listed = [_row(_WORDS[word], json.loads(keys), json.loads(row)) for word, keys, row in taken]
    ordered = sorted(listed, key=lambda one: one.change)[:most]
    return Counts(*(counts.get(word, 0) for word in ("added", "removed", "changed"))), ordered


def _row(change: str, key: dict[str, str | None], row: dict[str, str | None]) -> RowChange:
    if change == "removed":
        return RowChange(change, key, key, None)
    return RowChange(change, key, None, row)
