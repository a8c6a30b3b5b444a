"""A whole table: every row from the source, every file new."""

from __future__ import annotations

from collections.abc import Callable
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
from .model import DataFile, Limits, TableSpec, TableVersion
from .rows import Reading
from .schema import TableSchema
from .session import each, session, worker

__all__ = ["load"]


def load(
    spec: TableSpec,
    declared: TableSchema,
    reading: Reading,
    *,
    out: Path,
    work: Path,
    limits: Limits,
    previous: TableSchema | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> TableVersion:
    """Write a whole table below ``out``: data to ``parquet/``, what did not fit to ``rejects/``.

    ``work`` is a private folder on the same file system. ``previous`` holds the types of columns
    whose source cannot say. ``progress`` gets the rows and bytes read so far. Raises
    ``SourceError`` when the source breaks off, ``TableError`` when its rows make no table.
    """
    layout = plan_columns(spec, declared, reading.schema, previous, whole=True)
    with session(limits, work) as connection:
        rejects = Rejects(connection, spec, reading)
        staged = stage(
            connection,
            spec,
            layout,
            reading,
            rejects,
            spill_path=work / "rows.arrow",
            limits=limits,
            progress=progress,
        )
        with staged.spill:
            duplicates = displace(connection, spec, staged, rejects)
            dead = bury(connection, spec.key, staged, displaced=duplicates > 0)
            expected = staged.rows - rejects.rows - duplicates - dead
            rejects.merge_source(staged.end.rejects)
            where = staged.where(displaced=duplicates > 0)
            files = _write_files(connection, spec, staged, where, out, limits)
        rows = sum(file.rows for file in files)
        if rows != expected:
            raise TableError(
                "rows were lost or doubled while writing; nothing is published",
                where=spec.name,
                expected=f"{expected} rows",
                found=f"{rows} rows",
            )
        reject_file, issues = rejects.write_file(out, spec), rejects.issues()
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


def _write_files(
    connection: duckdb.DuckDBPyConnection,
    spec: TableSpec,
    staged: Staged,
    where: str,
    out: Path,
    limits: Limits,
) -> list[DataFile]:
    def one(number: int | None) -> list[DataFile]:
        with worker(connection) as cursor:
            return _write_partition(cursor, spec, staged, where, out, number)

    files = [
        f
        for found in each(connection, one, staged.spill.partitions(), limits.threads)
        for f in found
    ]
    if files:
        return files
    columns = {field.name: field.type or "VARCHAR" for field in staged.layout.fields}
    name = partitions.NULL_PARTITION if spec.partitioning else None
    return [write_empty(connection, Target(out, spec.path, name), columns)]


def _write_partition(
    connection: duckdb.DuckDBPyConnection,
    spec: TableSpec,
    staged: Staged,
    where: str,
    out: Path,
    number: int | None,
) -> list[DataFile]:
    name = partitions.name(number, spec.partitioning.granularity) if spec.partitioning else None
    in_order = (staged.ascending and not where) or not spec.key
    connection.register("rows", staged.spill.reader([number], even=in_order))
    order = "" if in_order else f" ORDER BY {', '.join(map(staged.value, spec.key))}"
    query = f"SELECT {staged.select()} FROM rows{where}{order}"
    return write_cut(
        connection,
        query,
        Target(out, spec.path, name),
        columns=len(staged.layout.fields),
        target=spec.target_file_bytes,
    )
