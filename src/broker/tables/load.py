"""A whole table: every row from the source, every file new."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import duckdb

from ..errors import TableError
from . import partitions
from .files.cutting import write_cut
from .files.writing import Target, write_empty
from .intake.duplicates import displace
from .intake.rejects import Rejects
from .intake.stage import stage
from .intake.staged import Staged
from .intake.tombstones import bury
from .layout import plan_columns
from .model import DataFile, TableSpec, TableVersion, Workplace
from .rows import Reading
from .schema import TableSchema
from .session import each, session, worker

__all__ = ["load"]


def load(
    spec: TableSpec,
    declared: TableSchema,
    reading: Reading,
    at: Workplace,
    *,
    previous: TableSchema | None = None,
) -> TableVersion:
    """Write a whole table: its data to ``parquet/``, what did not fit to ``rejects/``.

    ``previous`` holds the types of columns whose source cannot say. Raises ``SourceError`` when
    the source breaks off, ``TableError`` when its rows make no table.
    """
    layout = plan_columns(spec, declared, reading.schema, previous, whole=True)
    with session(at.limits, at.work) as connection:
        rejects = Rejects(connection, spec, reading)
        staged = stage(connection, spec, layout, reading, rejects, at)
        with staged.spill:
            duplicates = displace(connection, spec, staged, rejects)
            dead = bury(connection, spec.key, staged, displaced=duplicates > 0)
            expected = staged.rows - rejects.rows - duplicates - dead
            rejects.merge_source(staged.end.rejects)
            where = staged.where(displaced=duplicates > 0)
            files = _Output(spec, staged, where, at.out).write(connection, at.limits.threads)
        rows = sum(file.rows for file in files)
        if rows != expected:
            raise TableError(
                "rows were lost or doubled while writing; nothing is published",
                where=spec.name,
                expected=f"{expected} rows",
                found=f"{rows} rows",
            )
        reject_file, issues = rejects.write_file(at.out, spec), rejects.issues()
    return TableVersion(
        schema=staged.layout.schema(spec.key),
        files=tuple(files),
        rows=rows,
        rejects=rejects.rows,
        rejects_now=rejects.rows,
        duplicates=duplicates,
        reject_file=reject_file,
        warnings=(*layout.changes, *staged.warnings),
        issues=issues,
    )


@dataclass(frozen=True, slots=True)
class _Output:
    """The rows of a load on their way into files below ``out``; ``where`` selects the living."""

    spec: TableSpec
    staged: Staged
    where: str
    out: Path

    def write(self, connection: duckdb.DuckDBPyConnection, threads: int) -> list[DataFile]:
        """Write every partition, some at a time; one file where there are no rows."""

        def one(number: int | None) -> list[DataFile]:
            with worker(connection) as cursor:
                return self._partition(cursor, number)

        numbers = self.staged.spill.partitions()
        if files := [file for found in each(connection, one, numbers, threads) for file in found]:
            return files
        columns = {field.name: field.type or "VARCHAR" for field in self.staged.layout.fields}
        name = partitions.NULL_PARTITION if self.spec.partitioning else None
        return [write_empty(connection, Target(self.out, self.spec.path, name), columns)]

    def _partition(
        self, connection: duckdb.DuckDBPyConnection, number: int | None
    ) -> list[DataFile]:
        by, key, staged = self.spec.partitioning, self.spec.key, self.staged
        in_order = (staged.ascending and not self.where) or not key
        connection.register("rows", staged.spill.reader([number], even=in_order))
        order = "" if in_order else f" ORDER BY {', '.join(map(staged.value, key))}"
        return write_cut(
            connection,
            f"SELECT {staged.select()} FROM rows{self.where}{order}",
            Target(
                self.out, self.spec.path, partitions.name(number, by.granularity) if by else None
            ),
            columns=len(staged.layout.fields),
            target=self.spec.target_file_bytes,
        )
