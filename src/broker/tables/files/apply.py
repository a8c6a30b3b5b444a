"""A change put upon the files of a version: the one way in which a merged table is written.

``merge`` goes through here right after it wrote the change file, and ``replay`` long after, on
another machine: so both write the same bytes. Only files that hold or receive a changed row
are written; all others are passed on as they are.

Inside, columns have names that a source cannot choose: ``v0``, ``v1`` … in file order.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import duckdb

from ...errors import TableError
from ..model import DataFile
from ..partitions import label
from ..session import (
    columns_of,
    each,
    identifier,
    inside,
    literal,
    numbered,
    one_row,
    parquet,
    worker,
)
from .change import Recipe, within
from .cutting import cut_number, write_cut
from .writing import Target, write_empty

__all__ = ["Previous", "apply_change", "carried", "stored"]

_NAME = re.compile(r"null|-?[0-9]+(?:_[0-9]{2}){0,2}")  # of a partition, in any year


@dataclass(frozen=True, slots=True)
class Previous:
    """The files of a version, and the folder below which they stand.

    Those that also stand below ``newer`` are read there.
    """

    root: Path
    files: tuple[DataFile, ...]
    newer: Path | None = None

    def paths(self) -> list[Path]:
        """Where the files are."""
        return [self.path(file) for file in self.files]

    def path(self, file: DataFile) -> Path:
        """Where one of them is."""
        newer = self.newer / file.path if self.newer is not None else None
        return newer if newer is not None and newer.exists() else self.root / file.path


@dataclass(frozen=True, slots=True)
class _Part:
    """One file of a partition, and the SQL of the keys that belong into it."""

    file: DataFile | None
    bounds: str = "true"


def carried(old: Mapping[str, str], new: Mapping[str, str]) -> str:
    """The SQL of the new columns, as ``v0`` …, from a row in which ``old`` names their values."""
    return ", ".join(
        f"CAST({old.get(name, 'NULL')} AS {type_}) AS v{at}"
        for at, (name, type_) in enumerate(new.items())
    )


def stored(old: Mapping[str, str], new: Mapping[str, str]) -> dict[str, str]:
    """Column to the SQL of its value in an old file; ``old`` and ``new`` are columns and types.

    Text becomes another type only where no value came yet: the empty text is NULL then.
    """
    return {
        name: f"nullif({value}, '')"
        if old[name] == "VARCHAR" and new.get(name, "VARCHAR") != "VARCHAR"
        else value
        for name, value in inside(old).items()
    }


def apply_change(
    connection: duckdb.DuckDBPyConnection,
    recipe: Recipe,
    previous: Previous,
    change: Path,
    *,
    out: Path,
    threads: int,
) -> tuple[DataFile, ...]:
    """Write what a change file changes below ``out``; returns all files of the new version."""
    work = _Work(connection, recipe, previous, change, out)

    def one(partition: str | None) -> tuple[list[DataFile], list[DataFile]]:
        with worker(connection) as cursor:
            return work.rewrite(cursor, partition)

    results = each(connection, one, work.touched(), threads)
    replaced = {file.path for old, _ in results for file in old}
    kept = [replace(f, is_new=False) for f in previous.files if f.path not in replaced]
    written = [file for _, new in results for file in new]
    files = [file for file in (*kept, *written) if file.rows] or kept
    if not files:
        name = "null" if recipe.partitioning else None
        files = [write_empty(connection, Target(out, recipe.path, name), work.new)]
    return tuple(sorted(files, key=lambda file: file.path))


class _Work:
    """One change on its way into files. The table ``changed`` holds the change file's rows."""

    def __init__(
        self,
        connection: duckdb.DuckDBPyConnection,
        recipe: Recipe,
        previous: Previous,
        change: Path,
        out: Path,
    ) -> None:
        self._connection = connection
        self._recipe = recipe
        self._previous = previous
        self._out = out
        found = columns_of(connection, parquet([change]))
        mark, origin, *values = inside(found).values()
        self.new = dict([*found.items()][2:])
        self._old = columns_of(connection, parquet(previous.paths()))
        self._values = stored(self._old, self.new)
        self._places = {name: f"v{at}" for at, name in enumerate(self.new)}
        self._keys = [self._places[name] for name in recipe.key]
        by = recipe.partitioning
        places = dict(zip(self.new, values, strict=True))
        target = label(places[by.column], by) if by else "NULL"
        # Each row of the change file: the partition it leaves and the one it goes to (a deleted
        # row goes to none), its place in the file, and its values in the new types.
        connection.execute(
            f"CREATE OR REPLACE TABLE changed AS SELECT {mark} AS mark, {origin} AS origin, "
            f"CASE WHEN {mark} <> 'delete' THEN {target} END AS target, "
            f"p.file_row_number AS place, {carried(places, self.new)} "
            f"FROM {numbered([change], found)}"
        )

    def touched(self) -> Sequence[str | None]:
        """The partitions that have a file to write: each is a part of a path."""
        by = self._recipe.partitioning
        if by is None:
            return [None]
        # Those that a changed row leaves or enters; where columns are others, each that has files.
        named = self._names("SELECT origin FROM changed UNION SELECT target FROM changed")
        if list(self._old.items()) != list(self.new.items()):
            named |= {file.partition for file in self._previous.files}
        names = sorted(name for name in named | self._emptied() if name is not None)
        strange = next((name for name in names if not _NAME.fullmatch(name)), None)
        if strange is not None:
            raise TableError(
                "a change file names a partition that this table cannot have",
                where=self._recipe.path,
                expected=f"a {by.granularity}",
                found=strange,
            )
        return names

    def _emptied(self) -> set[str | None]:
        gone, by = self._recipe.gone, self._recipe.partitioning
        if gone is None or by is None:
            return set()
        where = within(gone, identifier(gone.column), self._old[gone.column])
        old = parquet(self._previous.paths())
        # The partitions of old rows in the range that is written anew: they may end up empty.
        names = f"SELECT DISTINCT {label(identifier(by.column), by)} FROM {old} WHERE {where}"
        return self._names(names)

    def _names(self, query: str) -> set[str | None]:
        return {row[0] for row in self._connection.execute(query).fetchall()}

    def rewrite(
        self, connection: duckdb.DuckDBPyConnection, partition: str | None
    ) -> tuple[list[DataFile], list[DataFile]]:
        """Write the files of a partition that change; returns those replaced, and the new."""
        files = [file for file in self._previous.files if file.partition == partition]
        free = max((cut_number(file.path) for file in files), default=0) + 1
        replaced: list[DataFile] = []
        written: list[DataFile] = []
        for part in self._parts(connection, partition, files):
            new = write_cut(
                connection,
                self._query(partition, part),
                Target(self._out, self._recipe.path, partition),
                columns=len(self.new),
                target=self._recipe.target_file_bytes,
                cut=cut_number(part.file.path) if part.file else 0,
                free=free,
            )
            free = max([free, *(cut_number(file.path) + 1 for file in new)])
            replaced += [part.file] if part.file else []
            written += new
        return replaced, written

    def _parts(
        self,
        connection: duckdb.DuckDBPyConnection,
        partition: str | None,
        files: Sequence[DataFile],
    ) -> Iterator[_Part]:
        if len(files) <= 1:
            yield _Part(files[0] if files else None)
            return
        parts = self._ranges(connection, files) if self._keys else self._tail(files)
        same = list(self._old.items()) == list(self.new.items()) and self._recipe.gone is None
        for part in parts:
            # Whether a changed row leaves or enters this file: else it is passed on as it is.
            here = f"({self._here(partition)}) AND {part.bounds}"
            count = f"SELECT count(*) FROM changed WHERE {here}"
            if not same or one_row(connection, count)[0]:
                yield part

    def _tail(self, files: Sequence[DataFile]) -> Iterator[_Part]:
        """Without a key, new rows go to the end, and that is in the last file."""
        *others, last = sorted(files, key=lambda file: cut_number(file.path))
        yield from (_Part(file, "false") for file in others)
        yield _Part(last)

    def _ranges(
        self, connection: duckdb.DuckDBPyConnection, files: Sequence[DataFile]
    ) -> Iterator[_Part]:
        """Each file takes the keys from its own first one to the next file's first one."""
        key = ", ".join(self._keys)
        # The first row of each file, with the number of the file: rows are sorted, so its key is
        # the lowest one.
        firsts = " UNION ALL ".join(
            f"(SELECT {at} AS number, {carried(self._values, self.new)} "
            f"FROM {numbered([self._previous.path(file)], self._old)} "
            "WHERE p.file_row_number = 0)"
            for at, file in enumerate(files)
        )
        connection.execute(f"CREATE OR REPLACE TEMP TABLE firsts AS {firsts}")
        rows = connection.execute(f"SELECT number FROM firsts ORDER BY {key}").fetchall()
        order = [at for (at,) in rows]
        for place, at in enumerate(order):
            # From the first key of this file up to that of the next; the lowest file takes all
            # before it, and the highest all after it.
            first = "(SELECT row({key}) FROM firsts WHERE number = {at})"
            low = f"row({key}) >= {first.format(key=key, at=at)}" if place else "true"
            after = order[place + 1 : place + 2]
            high = f"row({key}) < {first.format(key=key, at=after[0])}" if after else "true"
            yield _Part(files[at], f"({low} AND {high})")

    def _here(self, partition: str | None) -> str:
        """The SQL of a changed row leaving or entering a partition."""
        if partition is None:
            return "true"
        return f"origin = {literal(partition)} OR target = {literal(partition)}"

    def _query(self, partition: str | None, part: _Part) -> str:
        """All rows of a new file: those of the old one that stay, and those that come."""
        place = f"target = {literal(partition)}" if partition else "true"
        values = ", ".join(self._places.values())
        # What comes: rows inserted or updated here. After the old ones where there is no key.
        rows = (
            f"SELECT 1 AS side, place, {values} FROM changed "
            f"WHERE mark <> 'delete' AND {place} AND {part.bounds}"
        )
        if part.file is not None:
            rows = f"{self._staying(partition, part.file)} UNION ALL {rows}"
        # Qualified: a column of the table may itself be called v0, and would order the rows.
        names = ", ".join(f"r.{v} AS {identifier(name)}" for name, v in self._places.items())
        order = ", ".join(f"r.{column}" for column in self._keys or ("side", "place"))
        return f"SELECT {names} FROM ({rows}) AS r ORDER BY {order}"

    def _staying(self, partition: str | None, file: DataFile) -> str:
        """The SQL of the rows of an old file that stay in it."""
        old = numbered([self._previous.path(file)], self._old)
        gone = self._recipe.gone
        stays = "true"
        if gone is not None:
            column = self._values[gone.column]
            stays = f"NOT coalesce({within(gone, column, self._old[gone.column])}, false)"
        # What is left of the old file, in its order: all but a range that is written anew.
        rows = (
            f"SELECT 0 AS side, p.file_row_number AS place, {carried(self._values, self.new)} "
            f"FROM {old} WHERE {stays}"
        )
        if not self._keys:
            return rows
        same = " AND ".join(f"c.{key} = o.{key}" for key in self._keys)
        # Without the rows whose key the change names: they are deleted, or come with new values.
        changed = f"SELECT * FROM changed WHERE {self._here(partition)}"
        return (
            f"SELECT o.* FROM ({rows}) AS o WHERE NOT EXISTS "
            f"(SELECT 1 FROM ({changed}) AS c WHERE {same})"
        )
