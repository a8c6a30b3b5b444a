"""What a batch changes: the rows that are new or really differ, and the keys that are gone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import duckdb

from .files.apply import Previous, carried, columns_of
from .files.change import Recipe, marks, within
from .files.writing import write
from .intake.duplicates import WINNERS
from .intake.staged import Staged
from .layout import Layout
from .model import Replace, TableSpec
from .partitions import label
from .session import identifier, one_row, parquet

__all__ = ["Gone", "differ", "write_change"]


@dataclass(frozen=True, slots=True)
class Gone:
    """How a batch says which rows no longer exist.

    ``dead`` and ``alive`` name tables of keys in the session, as ``k0``, ``k1`` …
    """

    dead: str | None = None
    alive: str | None = None
    range: Replace | None = None


@dataclass(frozen=True, slots=True)
class _Difference:
    """The SQL of one comparison; columns are ``v0`` … in file order."""

    spec: TableSpec
    layout: Layout
    previous: Previous
    columns: dict[str, str]
    places: dict[str, str] = field(default_factory=dict)

    @property
    def keys(self) -> list[str]:
        return [self.places[name] for name in self.spec.key]

    def origin(self, alias: str) -> str:
        """The partition in which an old row stands."""
        by = self.spec.partitioning
        return label(f"{alias}.{self.places[by.column]}", by) if by else "CAST(NULL AS VARCHAR)"


def differ(
    connection: duckdb.DuckDBPyConnection,
    spec: TableSpec,
    layout: Layout,
    previous: Previous,
    staged: Staged | None,
    gone: Gone,
    *,
    duplicates: bool,
) -> tuple[int, int, int]:
    """Fill the table ``change``; returns how many rows are inserted, updated and deleted.

    ``duplicates`` says that some of the staged rows are displaced.
    """
    columns = {f.name: f.type or "VARCHAR" for f in layout.fields}
    places = {name: f"v{at}" for at, name in enumerate(columns)}
    work = _Difference(spec, layout, previous, columns, places)
    _gather_fresh(connection, work, staged, duplicates)
    old = columns_of(connection, parquet(previous.paths()))
    connection.execute(
        f"CREATE OR REPLACE TEMP VIEW old AS SELECT {carried(old, columns)} "
        f"FROM {parquet(previous.paths())}"
    )
    if spec.key:
        _compare(connection, work)
        _drop_gone(connection, work, gone)
    else:
        _append(connection, work)
    counts = "count(*) FILTER (mark = '{}')"
    marks = ", ".join(counts.format(mark) for mark in ("insert", "update", "delete"))
    inserted, updated, deleted = one_row(connection, f"SELECT {marks} FROM change")
    if gone.range is not None and not spec.key:
        inside = within(gone.range, places[gone.range.column], columns[gone.range.column])
        (deleted,) = one_row(connection, f"SELECT count(*) FROM old WHERE {inside}")
    return inserted, updated, deleted


def _append(connection: duckdb.DuckDBPyConnection, work: _Difference) -> None:
    values = ", ".join(work.places.values())
    connection.execute(
        "CREATE OR REPLACE TABLE change AS SELECT 'insert' AS mark, "
        f"CAST(NULL AS VARCHAR) AS origin, n, {values} FROM fresh"
    )


def _gather_fresh(
    connection: duckdb.DuckDBPyConnection,
    work: _Difference,
    staged: Staged | None,
    duplicates: bool,
) -> None:
    """Make the table ``fresh`` of the rows that came, typed; of none when nothing was read."""
    typed = ", ".join(
        f"CAST({staged.value(name) if staged else 'NULL'} AS {type_}) AS {work.places[name]}"
        for name, type_ in work.columns.items()
    )
    if staged is None:
        query = f"SELECT CAST(NULL AS BIGINT) AS n, {typed} WHERE false"
    else:
        connection.register("rows", staged.spill.reader(staged.spill.partitions()))
        query = f"SELECT rows.n, {typed} FROM rows{WINNERS if duplicates else ''}"
    connection.execute(f"CREATE OR REPLACE TABLE fresh AS {query}")
    if staged is not None:
        connection.unregister("rows")


def _compare(connection: duckdb.DuckDBPyConnection, work: _Difference) -> None:
    same = _equal(work.keys, "f", "o")
    connection.execute(
        "CREATE OR REPLACE TABLE matched AS SELECT o.* FROM old AS o SEMI JOIN fresh AS f "
        f"ON {same}"
    )
    delivered = [f.name for f in work.layout.fields if f.source is not None]
    differs = " OR ".join(
        ["false"]
        + [f"f.{work.places[name]} IS DISTINCT FROM o.{work.places[name]}" for name in delivered]
    )
    # A column that is no longer delivered says nothing of the row: what was known stays.
    values = ", ".join(
        f"{'f' if name in delivered else 'o'}.{v} AS {v}" for name, v in work.places.items()
    )
    inserted = ", ".join(f"f.{v}" for v in work.places.values())
    connection.execute(
        f"CREATE OR REPLACE TABLE change AS SELECT 'update' AS mark, {work.origin('o')} AS origin, "
        f"n, {values} FROM fresh AS f JOIN matched AS o ON {same} WHERE {differs} "
        f"UNION ALL SELECT 'insert', NULL, n, {inserted} FROM fresh AS f ANTI JOIN matched AS o "
        f"ON {same}"
    )


def _drop_gone(connection: duckdb.DuckDBPyConnection, work: _Difference, gone: Gone) -> None:
    """Turn rows that no longer exist into deletions: a key listed as gone is gone."""
    values = ", ".join(
        f"o.{v}" if v in work.keys else f"CAST(NULL AS {work.columns[name]}) AS {v}"
        for name, v in work.places.items()
    )
    selected = f"SELECT 'delete' AS mark, {work.origin('o')} AS origin, NULL AS n, {values} FROM"
    lost = []
    for keys, join, opposite in ((gone.dead, "SEMI", "ANTI"), (gone.alive, "ANTI", "SEMI")):
        if keys is None:
            continue
        same = " AND ".join(f"o.{v} = k.k{at}" for at, v in enumerate(work.keys))
        lost.append(f"{selected} old AS o {join} JOIN {keys} AS k ON {same}")
        stays = f"SELECT o.* FROM change AS o {opposite} JOIN {keys} AS k ON {same}"
        connection.execute(f"CREATE OR REPLACE TABLE change AS {stays}")
    if gone.range is not None:
        name = gone.range.column
        inside = within(gone.range, f"o.{work.places[name]}", work.columns[name])
        fresh = f"ANTI JOIN fresh AS f ON {_equal(work.keys, 'f', 'o')}"
        lost.append(f"{selected} old AS o {fresh} WHERE {inside}")
    if lost:
        connection.execute(f"INSERT INTO change {' UNION '.join(lost)}")


def _equal(columns: Sequence[str], left: str, right: str) -> str:
    return " AND ".join(f"{left}.{column} = {right}.{column}" for column in columns)


def write_change(
    connection: duckdb.DuckDBPyConnection, recipe: Recipe, layout: Layout, path: Path
) -> int:
    """Write the change file from the table ``change``, sorted by key; returns its rows."""
    names = [field.name for field in layout.fields]
    mark, origin = marks(names)
    places = {name: f"v{at}" for at, name in enumerate(names)}
    columns = [
        f"change.mark AS {identifier(mark)}",
        f"change.origin AS {identifier(origin)}",
        *(f"change.{v} AS {identifier(name)}" for name, v in places.items()),
    ]
    order = ", ".join(f"change.{places[name]}" for name in recipe.key) or "change.n"
    query = f"SELECT {', '.join(columns)} FROM change ORDER BY {order}"
    return write(connection, query, path, columns=len(columns), metadata=recipe.dump())
