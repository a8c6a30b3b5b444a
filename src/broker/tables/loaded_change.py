"""The change file of a table of which every row came anew, and few are others than before.

It is made after the load, from the files that differ, and only where a replay of it comes to the
same bytes: rows in order of the key, the same columns, and no file that is cut into parts.
"""

from __future__ import annotations

import duckdb

from .difference import are_equal, is_another, write_change
from .files.apply import Previous
from .files.change import Recipe
from .files.cutting import cut_number
from .files.writing import data_file
from .layout import Field, Layout
from .model import DataFile, TableSpec, TableVersion, Workplace
from .partitions import label
from .session import columns_of, inside, numbered, one_row, parquet, session

__all__ = ["change_of_load"]

_FEWEST_BYTES = 8 * 1024  # of files that changed: below, the whole files are as good
_LARGEST_SHARE = 4  # a change of more than a fourth of the rows is not worth its file


def change_of_load(
    spec: TableSpec, before: Previous, after: TableVersion, at: Workplace
) -> DataFile | None:
    """Write what turns the files ``before`` into those of ``after``, which stand below ``at.out``.

    None where that would not save much, not lead to the same bytes, or cannot be found out.
    """
    known = {file.sha256 for file in before.files}
    new = [file for file in after.files if file.sha256 not in known]
    made = {file.sha256 for file in after.files}
    old = [file for file in before.files if file.sha256 not in made]
    if not spec.key or not old or sum(file.bytes for file in new) < _FEWEST_BYTES:
        return None
    if any(cut_number(file.path) for file in (*before.files, *after.files)):
        return None
    if len({file.writer for file in (*old, *new)}) > 1:
        return None
    try:
        return _written(spec, Previous(before.root, tuple(old)), tuple(new), after, at)
    except duckdb.Error:  # such as too little memory: the load itself is whole, and counts
        return None


def _written(
    spec: TableSpec,
    old: Previous,
    new: tuple[DataFile, ...],
    after: TableVersion,
    at: Workplace,
) -> DataFile | None:
    """The change file of these files, the only ones that differ."""
    with session(at.limits, at.work) as connection:
        if not _Comparing(connection, spec, old).differ(Previous(at.out, new)):
            return None
        layout = Layout(tuple(Field(column.name, column.type) for column in after.schema.columns))
        path = at.out / "changes" / f"{spec.path}.parquet"
        rows = write_change(connection, Recipe.of(spec), layout, path)
        return data_file(at.out, path, rows)


class _Comparing:
    """The files of the version before that the new one does not have, beside those that it has."""

    def __init__(
        self, connection: duckdb.DuckDBPyConnection, spec: TableSpec, old: Previous
    ) -> None:
        self._connection = connection
        self._spec = spec
        self._old = old
        self._columns = columns_of(connection, parquet(old.paths()))
        self._places = {name: f"v{at}" for at, name in enumerate(self._columns)}

    def differ(self, new: Previous) -> bool:
        """Fill the table ``change``; False where it is too much, or does not explain each file."""
        connection = self._connection
        if [*columns_of(connection, parquet(new.paths())).items()] != [*self._columns.items()]:
            return False
        for name, version in (("o", self._old), ("n", new)):
            connection.execute(f"CREATE OR REPLACE TEMP VIEW {name} AS {self._rows(version)}")
        self._mark()
        (count,) = one_row(connection, "SELECT count(*) FROM marked")
        if count * _LARGEST_SHARE > sum(file.rows for file in (*self._old.files, *new.files)):
            return False
        self._gather()
        touched = connection.execute("SELECT origin FROM marked UNION SELECT target FROM marked")
        partitions = {file.partition for file in (*self._old.files, *new.files)}
        return {name for (name,) in touched.fetchall()} - {None} == partitions - {None}

    def _rows(self, version: Previous) -> str:
        values = inside(self._columns).values()
        names = ", ".join(f"{value} AS v{at}" for at, value in enumerate(values))
        return f"SELECT {names} FROM {numbered(version.paths(), self._columns)}"

    def _mark(self) -> None:
        """Fill the table ``marked``: of each row that differs, its key and where it was and is."""
        keys = [self._places[name] for name in self._spec.key]
        same = are_equal(keys, "o", "n")
        differs = " OR ".join(
            is_another(f"n.{place}", f"o.{place}", self._columns[name])
            for name, place in self._places.items()
        )
        was, now = self._partition("o"), self._partition("n")
        of_old, of_new = (", ".join(f"{side}.{key}" for key in keys) for side in "on")
        # Keys of both whose other values differ, keys of the new version alone, and keys of the
        # old one alone.
        self._connection.execute(
            f"CREATE OR REPLACE TABLE marked AS SELECT 'update' AS mark, {was} AS origin, "
            f"{now} AS target, {of_new} FROM n JOIN o ON {same} WHERE {differs} UNION ALL "
            f"SELECT 'insert', NULL, {now}, {of_new} FROM n ANTI JOIN o ON {same} UNION ALL "
            f"SELECT 'delete', {was}, NULL, {of_old} FROM o ANTI JOIN n ON {same}"
        )

    def _gather(self) -> None:
        """Fill ``change`` with the new values of the marked rows; a deleted row has its key."""
        keys = [self._places[name] for name in self._spec.key]
        values = ", ".join(f"m.{v}" if v in keys else f"n.{v}" for v in self._places.values())
        self._connection.execute(
            f"CREATE OR REPLACE TABLE change AS SELECT m.mark, m.origin, {values} "
            f"FROM marked AS m LEFT JOIN n ON {are_equal(keys, 'm', 'n')} "
            "AND m.mark <> 'delete'"
        )

    def _partition(self, side: str) -> str:
        by = self._spec.partitioning
        if by is None:
            return "CAST(NULL AS VARCHAR)"
        return label(f"{side}.{self._places[by.column]}", by)
