"""A part of a table: rows upserted by key, keys that are gone, and only touched files written."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import duckdb
import pyarrow as pa

from ..errors import TableError
from . import partitions
from .difference import Fresh, Gone, count_missing, differ, write_change
from .files.apply import Previous, apply_change
from .files.change import Recipe
from .files.writing import data_file
from .intake.duplicates import displace
from .intake.rejects import NO_KEY, RejectedError, Rejects
from .intake.stage import stage
from .intake.staged import Staged
from .intake.tombstones import bury
from .layout import Field, Layout, NeedsLoadError, plan_columns
from .model import Range, TableSpec, TableVersion, Workplace
from .rows import Reading, Reject
from .schema import Column, TableSchema, TypedBy
from .session import one_row, session
from .standing_rejects import carry, keys, keys_in

__all__ = ["Batch", "merge"]


@dataclass(frozen=True, slots=True)
class Batch:
    """What was read of a table since its last version; ``upserts`` are None where no rows were.

    ``live_keys`` are all keys that still exist (a census; read it after the upserts),
    ``expected_keys`` those of them that the table must have, where not all. ``covered`` is the
    range that the upserts cover in full: rows of it that they do not hold are gone, unless
    ``adds`` says that rows are only ever added. Without a key, rows are appended; where they may
    have been read before (``adds``), those that the table does not have.
    """

    upserts: Reading | None = None
    live_keys: Reading | None = None
    expected_keys: Reading | None = None
    covered: Range | None = None
    adds: bool = False


def merge(
    spec: TableSpec,
    declared: TableSchema,
    previous: TableVersion,
    previous_root: Path,
    batch: Batch,
    at: Workplace,
) -> TableVersion:
    """Bring a table from one version to the next, writing only what the rows touch.

    ``previous_root`` is the folder below which the files of ``previous`` stand.
    Raises as ``load`` does, and ``TableError`` for a change of columns that needs a whole load.
    """
    if not spec.key and (spec.tombstone is not None or batch.live_keys is not None):
        raise TableError(
            "rows of a table without a key cannot be deleted by key",
            where=spec.name,
            remedy="Declare a primary_key, or another way of deletions.",
        )
    partitions.check_names(previous.files, spec.partitioning, where=spec.name)
    with session(at.limits, at.work) as connection:
        before = Previous(previous_root, previous.files)
        rejects = Rejects(connection, spec, batch.upserts)
        merging = _Merge(connection, spec, previous, before, batch, at, rejects)
        layout = _layout(spec, declared, previous.schema, batch.upserts)
        staged = merging.stage(layout)
        try:
            compared = merging.compare(staged, staged.layout if staged else layout)
        finally:
            if staged is not None:
                staged.spill.close()
        return merging.finish(staged, compared)


def _replaced(
    spec: TableSpec, previous: TableSchema, layout: Layout, known: Range | None, *, adds: bool
) -> Range | None:
    """The range whose rows are written anew, so that none stays of which another is delivered.

    Rows that are only added take no other's place, but with a new column the rows that came
    again say more than before; without a key they cannot be updated.
    """
    if not adds:
        return known
    if spec.key or all(field.name in previous.names for field in layout.fields):
        return None
    return known or Range(layout.fields[0].name)


def _unreadable(rejects: Sequence[Reject], key: Sequence[str]) -> list[Reject]:
    """Those of which the key is unknown, not only what a filter or a window compares."""
    return [one for one in rejects if one.record is None or one.column in (None, *key)]


def _refuse_unreadable(rejects: Sequence[Reject], name: str) -> None:
    """The key of a line that the source cannot read is unknown: no row may be deleted by it."""
    if not rejects:
        return
    first = rejects[0]
    raise TableError(
        "the source cannot read all keys, so deleted rows cannot be identified",
        where=name,
        expected="keys that can be read",
        found=f"{len(rejects):,} that cannot, the first in {first.place}: {first.reason}",
        remedy="Correct them in the source, then sync again.",
    )


def _need_wider_keys(spec: TableSpec, layout: Layout, error: RejectedError) -> None:
    """Raise ``NeedsLoadError`` where a key does not fit a type that is not declared."""
    for issue in error.issues:
        if issue.column is None or issue.reason == NO_KEY:
            continue
        field = layout.field(issue.column)
        if field.typed_by is not TypedBy.DECLARATION:
            raise NeedsLoadError(
                f"keys of the source need another type than {field.type}",
                where=f"{spec.name}, column {field.name}",
                remedy="Load the table as a whole.",
            ) from error


def _layout(
    spec: TableSpec, declared: TableSchema, previous: TableSchema, upserts: Reading | None
) -> Layout:
    if upserts is not None:
        return plan_columns(spec, declared, upserts.schema, previous, whole=False)
    fields = (
        Field(c.name, c.type, description=c.description, typed_by=c.typed_by)
        for c in previous.columns
    )
    return Layout(tuple(fields))


@dataclass(frozen=True, slots=True)
class _Compared:
    """What a batch changes: ``counts`` of rows inserted, updated and deleted.

    ``expected`` is the table of keys that the new version must have, None where any may be missing.
    """

    layout: Layout
    gone: Gone
    bounds: Range | None
    expected: str | None
    duplicates: int
    counts: tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class _Merge:
    """One merge: what is carried through its steps. ``before`` are the files of ``previous``."""

    connection: duckdb.DuckDBPyConnection
    spec: TableSpec
    previous: TableVersion
    before: Previous
    batch: Batch
    at: Workplace
    rejects: Rejects

    def stage(self, layout: Layout) -> Staged | None:
        """Take in the rows that came, if any were read, and what the source rejected of them.

        The last good row of a rejected one stays, also where the source rejected it.
        """
        if self.batch.upserts is None:
            return None
        upserts, rejects = self.batch.upserts, self.rejects
        staged = stage(self.connection, self.spec, layout, upserts, rejects, self.at)
        rejects.merge_source(staged.end.rejects)
        return staged

    def compare(self, staged: Staged | None, layout: Layout) -> _Compared:
        """Find out what the rows and keys that came change of the version before."""
        connection, spec, batch = self.connection, self.spec, self.batch
        duplicates = displace(connection, spec, staged, self.rejects) if staged else 0
        has_dead = staged and bury(connection, spec.key, staged, displaced=duplicates > 0)
        alive = self.keys("alive", layout, batch.live_keys)
        expected = self.keys("expected", layout, batch.expected_keys)
        bounds = partitions.bounding(batch.covered, layout, where=spec.name, needed=not batch.adds)
        gone = Gone(
            "dead" if has_dead else None,
            alive,
            _replaced(spec, self.previous.schema, layout, bounds, adds=batch.adds),
            keys(layout, spec.key) if spec.key and self.rejects.rows else None,
        )
        fresh = Fresh(staged, duplicates=duplicates > 0, adds=batch.adds)
        counts = differ(connection, spec, layout, self.before, fresh, gone)
        return _Compared(layout, gone, bounds, expected, duplicates, counts)

    def finish(self, staged: Staged | None, compared: _Compared) -> TableVersion:
        """Write the new version, and beside it the rows that do not fit, now or since earlier."""
        spec, rejects, layout = self.spec, self.rejects, compared.layout
        rejects_now = rejects.rows
        if self.previous.reject_file is not None:
            earlier = self.before.root / self.previous.reject_file.path
            carry(rejects, earlier, layout, spec.key, compared.gone, compared.bounds)
        version = self.write(layout, compared.counts, compared.gone.range)
        return replace(
            version,
            missing=self.missing(version, compared),
            rejects=rejects.rows,
            rejects_now=rejects_now,
            duplicates=compared.duplicates,
            reject_file=rejects.write_file(self.at.out, spec),
            warnings=(*layout.changes, *(staged.warnings if staged else ())),
            issues=rejects.issues(),
        )

    def keys(self, table: str, layout: Layout, reading: Reading | None) -> str | None:
        """Make a table of keys from a reading; one key that cannot be read fails the merge."""
        if reading is None:
            return None
        spec = TableSpec(f"{self.spec.name} ({table} keys)", "", self.spec.key, max_rejects=0)
        known = (Column(name, layout.field(name).type) for name in spec.key)
        keys = plan_columns(spec, TableSchema(tuple(known)), reading.schema, None, whole=True)
        try:
            rejects = Rejects(self.connection, spec, reading, table="key_rejects")
            quiet = replace(self.at, progress=None)  # progress counts rows, not keys
            staged = stage(self.connection, spec, keys, reading, rejects, quiet, name=table)
        except RejectedError as error:
            _need_wider_keys(self.spec, layout, error)
            what = "keys do not fit, so deleted rows cannot be identified"
            raise RejectedError(spec.name, error.issues, what=what) from error
        rejected = staged.end.rejects
        with staged.spill:
            _refuse_unreadable(_unreadable(rejected, spec.key), spec.name)
            columns = ", ".join(f"{staged.value(n)} AS k{at}" for at, n in enumerate(spec.key))
            self.connection.register("rows", staged.spill.reader(staged.spill.partitions()))
            self.connection.execute(f"CREATE TABLE {table} AS SELECT {columns} FROM rows")
            self.connection.unregister("rows")
        if rejected:
            self.add_rejected(table, staged, spec)
        return table

    def add_rejected(self, table: str, staged: Staged, spec: TableSpec) -> None:
        """Add to a table of keys those of rejected rows: they are in the source, too."""
        rejects = staged.end.rejects
        records = pa.table({"record": pa.array((one.record for one in rejects), pa.string())})
        self.connection.register("records", records)
        found = self.connection.sql(keys_in(staged.layout, spec.key, "records")).to_arrow_table()
        self.connection.unregister("records")
        values = zip(rejects, found.to_pylist(), strict=True)
        _refuse_unreadable([one for one, row in values if None in row.values()], spec.name)
        self.connection.register("found", found)
        self.connection.execute(f"INSERT INTO {table} FROM found")
        self.connection.unregister("found")

    def missing(self, version: TableVersion, compared: _Compared) -> int:
        """How many keys that the table must have are not there: no window contains them."""
        layout, alive, expected = compared.layout, compared.gone.alive, compared.expected
        census = expected or alive
        if census is None:
            return 0
        (rows,) = one_row(self.connection, f"SELECT count(*) FROM {census}")
        if rows == version.rows and expected is None:
            return 0  # after a census a table has no other keys, so it has all of them
        known = keys(layout, self.spec.key) if self.rejects.rows else None
        return count_missing(self.connection, self.spec, layout, census, known)

    def write(
        self, layout: Layout, counts: tuple[int, int, int], replaced: Range | None
    ) -> TableVersion:
        """Write the change file, then the files that it changes; nothing when it is empty."""
        schema = layout.schema(self.spec.key)
        shape = [(column.name, column.type) for column in self.previous.schema.columns]
        if not any(counts) and shape == [(f.name, f.type) for f in layout.fields]:
            kept = tuple(replace(file, is_new=False) for file in self.previous.files)
            return TableVersion(schema, kept, self.previous.rows)
        recipe = Recipe.of(self.spec, gone=None if self.spec.key else replaced)
        path = self.at.out / "changes" / f"{self.spec.path}.parquet"
        rows = write_change(self.connection, recipe, layout, path)
        change = data_file(self.at.out, path, rows)
        files = apply_change(
            self.connection,
            recipe,
            self.before,
            path,
            out=self.at.out,
            threads=self.at.limits.threads,
        )
        rows = sum(file.rows for file in files)
        inserted, updated, deleted = counts
        if rows != self.previous.rows + inserted - deleted:
            raise TableError(
                "rows were lost or doubled while merging; nothing is published",
                where=self.spec.name,
                expected=f"{self.previous.rows + inserted - deleted} rows",
                found=f"{rows} rows",
            )
        return TableVersion(
            schema,
            files,
            rows,
            change=change,
            inserted=inserted,
            updated=updated,
            deleted=deleted,
        )
