"""What a batch changes: the rows that are new or really differ, and the keys that are gone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import duckdb

from .files.apply import Previous, carried, stored
from .files.change import Recipe, marks, within
from .files.writing import write
from .intake.staged import Staged
from .layout import Layout
from .model import DataFile, Range, TableSpec
from .partitions import label
from .session import columns_of, identifier, numbered, one_row, parquet

__all__ = [
    "Fresh",
    "Gone",
    "are_equal",
    "count_missing",
    "differ",
    "is_another",
    "write_change",
]


@dataclass(frozen=True, slots=True)
class Gone:
    """How a batch says which rows no longer exist.

    ``dead`` and ``alive`` name tables of keys in the session, as ``k0``, ``k1`` … ``rejected`` is
    the SQL of such keys whose rows came and do not fit: the range does not take their rows away.
    """

    dead: str | None = None
    alive: str | None = None
    range: Range | None = None
    rejected: str | None = None


@dataclass(frozen=True, slots=True)
class Fresh:
    """The rows of a batch, None where nothing was read.

    ``duplicates`` says that some are displaced. ``adds`` says that rows are only ever added, and
    that those of a table without a key may have been read before.
    """

    staged: Staged | None
    duplicates: bool = False
    adds: bool = False


@dataclass(frozen=True, slots=True)
class _Difference:
    """The SQL of one comparison; columns are ``v0`` … in file order."""

    spec: TableSpec
    layout: Layout
    previous: Previous
    columns: dict[str, str]
    places: dict[str, str]
    old: dict[str, str]

    @property
    def keys(self) -> list[str]:
        return [self.places[name] for name in self.spec.key]

    @property
    def compared(self) -> list[str]:
        """What is delivered of a row and was known before."""
        delivered = (f.name for f in self.layout.fields if f.source is not None)
        return [self.places[name] for name in delivered if name in self.old]

    def differs(self, name: str) -> str:
        """The SQL of a column's value in ``f`` being another than in ``o``."""
        place = self.places[name]
        return is_another(f"f.{place}", f"o.{place}", self.columns[name])

    def rows(self, files: Sequence[DataFile]) -> str:
        """The SQL of the rows of old files, as the new columns."""
        some = replace(self.previous, files=tuple(files))
        values = carried(stored(self.old, self.columns), self.columns)
        return f"(SELECT {values} FROM {numbered(some.paths(), self.old)})"

    def origin(self, alias: str) -> str:
        """The partition in which an old row stands."""
        by = self.spec.partitioning
        return label(f"{alias}.{self.places[by.column]}", by) if by else "CAST(NULL AS VARCHAR)"


def differ(
    connection: duckdb.DuckDBPyConnection,
    spec: TableSpec,
    layout: Layout,
    previous: Previous,
    fresh: Fresh,
    gone: Gone,
) -> tuple[int, int, int]:
    """Fill the table ``change``; returns how many rows are inserted, updated and deleted."""
    columns = {f.name: f.type or "VARCHAR" for f in layout.fields}
    places = {name: f"v{at}" for at, name in enumerate(columns)}
    old = columns_of(connection, parquet(previous.paths()))
    work = _Difference(spec, layout, previous, columns, places, old)
    _gather_fresh(connection, work, fresh.staged, fresh.duplicates)
    connection.execute(f"CREATE OR REPLACE TEMP VIEW old AS FROM {work.rows(previous.files)}")
    if spec.key:
        _compare(connection, work)
        _drop_gone(connection, work, gone)
    else:
        if fresh.adds and gone.range is not None:
            _add_known(connection, work, gone.range)
        elif fresh.adds:
            _leave_known(connection, work)
        _append(connection, work)
    counts = "count(*) FILTER (mark = '{}')"
    marks = ", ".join(counts.format(mark) for mark in ("insert", "update", "delete"))
    inserted, updated, deleted = one_row(connection, f"SELECT {marks} FROM change")
    if gone.range is not None and not spec.key:
        inside = within(gone.range, places[gone.range.column], columns[gone.range.column])
        (deleted,) = one_row(connection, f"SELECT count(*) FROM old WHERE {inside}")
    return inserted, updated, deleted


def _tell_copies_apart(connection: duckdb.DuckDBPyConnection, work: _Difference, old: str) -> str:
    """Number equal rows of ``fresh`` and ``old``; returns the SQL of two being the same copy.

    Makes the table ``numbered`` of the old rows that came again. Rows are compared by what is
    delivered of them and was known before. All copies of a row are delivered together.
    """
    compared = ", ".join(work.compared) or "NULL"
    copy = f"row_number() OVER (PARTITION BY {compared} ORDER BY {{}}) AS copy"
    connection.execute(
        f"CREATE OR REPLACE TABLE numbered AS SELECT *, {copy.format('place')} FROM "
        f"(SELECT *, row_number() OVER () AS place FROM {old}) AS o "
        f"SEMI JOIN fresh AS f ON {_same(work.compared, 'o', 'f')}"
    )
    connection.execute(f"CREATE OR REPLACE TABLE fresh AS SELECT *, {copy.format('n')} FROM fresh")
    return f"{_same(work.compared, 'o', 'f')} AND o.copy = f.copy"


def _leave_known(connection: duckdb.DuckDBPyConnection, work: _Difference) -> None:
    """Take from ``fresh`` the rows that the table has: they stand in the same partition."""
    same = _tell_copies_apart(connection, work, _where_fresh_would_stand(connection, work))
    connection.execute(
        f"CREATE OR REPLACE TABLE fresh AS FROM fresh AS f ANTI JOIN numbered AS o ON {same}"
    )


def _add_known(connection: duckdb.DuckDBPyConnection, work: _Difference, replaced: Range) -> None:
    """Add to ``fresh``, which takes the place of a range, what the table knows of that range:
    rows that did not come, and values of columns that are no longer delivered.
    """
    same = _tell_copies_apart(connection, work, "old")
    delivered = {work.places[f.name] for f in work.layout.fields if f.source is not None}
    values = ", ".join(f"{'f' if v in delivered else 'o'}.{v}" for v in work.places.values())
    column = replaced.column
    inside = within(replaced, f"o.{work.places[column]}", work.columns[column])
    # The rows that came, each with what its copy in the table had in other columns; then those of
    # the range that did not come, in their order and with numbers below 0, so before all others.
    connection.execute(
        f"CREATE OR REPLACE TABLE fresh AS SELECT f.n, {values} FROM fresh AS f "
        f"LEFT JOIN numbered AS o ON {same} UNION ALL "
        f"SELECT place - 1 - (SELECT count(*) FROM old), {', '.join(work.places.values())} FROM "
        "(SELECT *, row_number() OVER () AS place FROM old) AS o "
        f"WHERE {inside} AND place NOT IN (SELECT o.place FROM numbered AS o "
        f"JOIN fresh AS f ON {same})"
    )


def _where_fresh_would_stand(connection: duckdb.DuckDBPyConnection, work: _Difference) -> str:
    """The old rows of the partitions of ``fresh``."""
    by = work.spec.partitioning
    if by is None:
        return "old"
    labels = f"SELECT DISTINCT {label(work.places[by.column], by)} FROM fresh"
    names = {name for (name,) in connection.execute(labels).fetchall()}
    files = [file for file in work.previous.files if file.partition in names]
    return work.rows(files) if files else "(FROM old LIMIT 0)"


def _same(columns: Sequence[str], left: str, right: str) -> str:
    """The SQL of two rows being equal, where a NULL equals a NULL."""
    return " AND ".join(f"{left}.{v} IS NOT DISTINCT FROM {right}.{v}" for v in columns) or "false"


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
        query = f"SELECT rows.n, {typed} FROM rows{staged.where(displaced=duplicates)}"
    connection.execute(f"CREATE OR REPLACE TABLE fresh AS {query}")
    if staged is not None:
        connection.unregister("rows")


def _compare(connection: duckdb.DuckDBPyConnection, work: _Difference) -> None:
    same = are_equal(work.keys, "f", "o")
    # The old rows whose keys came: few, so that they are in memory for the two joins below.
    connection.execute(
        "CREATE OR REPLACE TABLE matched AS SELECT o.* FROM old AS o SEMI JOIN fresh AS f "
        f"ON {same}"
    )
    delivered = [f.name for f in work.layout.fields if f.source is not None]
    differs = " OR ".join(["false", *(work.differs(name) for name in delivered)])
    # A column that is no longer delivered says nothing of the row: what was known stays.
    values = ", ".join(
        f"{'f' if name in delivered else 'o'}.{v} AS {v}" for name, v in work.places.items()
    )
    inserted = ", ".join(f"f.{v}" for v in work.places.values())
    # A key that was there and has another value in any column; and a key that was not there.
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
    # Of `dead` the keys that are in it are gone, of `alive` those that are not; and what this
    # batch says of such a key is gone with it.
    for keys, join, opposite in ((gone.dead, "SEMI", "ANTI"), (gone.alive, "ANTI", "SEMI")):
        if keys is None:
            continue
        same = " AND ".join(f"o.{v} = k.k{at}" for at, v in enumerate(work.keys))
        lost.append(f"{selected} old AS o {join} JOIN {keys} AS k ON {same}")
        stays = f"SELECT o.* FROM change AS o {opposite} JOIN {keys} AS k ON {same}"
        connection.execute(f"CREATE OR REPLACE TABLE change AS {stays}")
    if gone.range is not None:
        # Of a range that was read in full, the keys that did not come, nor came with a row that
        # does not fit.
        name = gone.range.column
        inside = within(gone.range, f"o.{work.places[name]}", work.columns[name])
        fresh = f"ANTI JOIN fresh AS f ON {are_equal(work.keys, 'f', 'o')}"
        if gone.rejected is not None:
            same = " AND ".join(f"o.{v} = r.k{at}" for at, v in enumerate(work.keys))
            fresh += f" ANTI JOIN ({gone.rejected}) AS r ON {same}"
        lost.append(f"{selected} old AS o {fresh} WHERE {inside}")
    if lost:
        connection.execute(f"INSERT INTO change {' UNION '.join(lost)}")


def is_another(new: str, old: str, type_: str) -> str:
    """The SQL of a value being another than it was, for the SQL of both."""
    zero = f" OR signbit({new}) <> signbit({old})" if type_ == "DOUBLE" else ""
    return f"{new} IS DISTINCT FROM {old}{zero}"  # -0.0 equals 0.0, and is written otherwise


def are_equal(columns: Sequence[str], left: str, right: str) -> str:
    """The SQL of two rows having the same values in these columns, none of which is NULL."""
    return " AND ".join(f"{left}.{column} = {right}.{column}" for column in columns)


def count_missing(
    connection: duckdb.DuckDBPyConnection,
    spec: TableSpec,
    layout: Layout,
    expected: str,
    known: str | None,
) -> int:
    """How many keys of the table ``expected`` are neither in the new version nor ``known``.

    Run after ``differ``. ``known`` is the SQL of keys, as ``k0`` …
    """
    places = {field.name: f"v{at}" for at, field in enumerate(layout.fields)}
    keys = [places[name] for name in spec.key]
    selected = ", ".join(f"{v} AS k{at}" for at, v in enumerate(keys))
    numbered = [f"k{at}" for at, _ in enumerate(keys)]
    in_change = f"SELECT {selected} FROM change WHERE mark"
    # The keys of the new version: those of the old one, less the deleted, and the inserted ones.
    query = (
        f"SELECT DISTINCT k.* FROM {expected} AS k ANTI JOIN (SELECT {selected} FROM old EXCEPT "
        f"{in_change} = 'delete' UNION {in_change} = 'insert') AS n "
        f"ON {are_equal(numbered, 'k', 'n')}"
    )
    if known is not None:
        query = f"SELECT * FROM ({query}) AS k ANTI JOIN ({known}) AS n ON " + are_equal(
            numbered, "k", "n"
        )
    (count,) = one_row(connection, f"SELECT count(*) FROM ({query})")
    return int(count)


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
