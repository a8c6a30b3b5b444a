"""A whole table: every row from the source, every file new."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import duckdb

from ..errors import TableError
from . import partitions
from .duplicates import displace
from .intake import Staged, stage
from .layout import plan
from .model import DataFile, Limits, TableSpec, TableVersion
from .rejects import Rejects
from .rows import Reading
from .schema import TableSchema
from .session import identifier, session
from .writing import OPTIONS, data_file, data_path, write

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
    whose source cannot say. ``progress`` is told rows and bytes read so far. Raises
    ``SourceError`` when the source breaks off, ``TableError`` when its rows make no table.
    """
    layout = plan(spec, declared, reading.schema, previous, whole=True)
    with session(limits, work) as connection:
        rejects = Rejects(connection, spec)
        staged = stage(
            connection, spec, layout, reading, rejects, work=work, limits=limits, progress=progress
        )
        with staged.spill:
            duplicates = displace(connection, spec, staged, rejects)
            fitting = staged.rows - rejects.rows
            rejects.merge_source(staged.end.rejects)
            files = _write_files(connection, spec, staged, out, limits)
        rows = sum(file.rows for file in files)
        if rows + duplicates != fitting:
            raise TableError(
                "rows were lost or doubled while writing; nothing is published",
                where=spec.name,
                expected=f"{fitting - duplicates} rows",
                found=f"{rows} rows",
            )
        reject_file = _write_rejects(rejects, spec, out)
    return TableVersion(
        schema=staged.layout.schema(spec.key),
        files=tuple(files),
        rows=rows,
        rejects=rejects.rows,
        duplicates=duplicates,
        reject_file=reject_file,
        warnings=(*layout.changes, *staged.warnings),
    )


def _write_files(
    connection: duckdb.DuckDBPyConnection,
    spec: TableSpec,
    staged: Staged,
    out: Path,
    limits: Limits,
) -> list[DataFile]:
    def one(number: int | None) -> DataFile | None:
        with connection.cursor() as cursor:
            return _write_partition(cursor, spec, staged, out, number)

    with ThreadPoolExecutor(limits.threads) as pool:
        files = [file for file in pool.map(one, staged.spill.partitions()) if file]
    return files or [_write_empty(connection, spec, staged, out)]


def _write_partition(
    connection: duckdb.DuckDBPyConnection,
    spec: TableSpec,
    staged: Staged,
    out: Path,
    number: int | None,
) -> DataFile | None:
    name = partitions.name(number, spec.partitioning.granularity) if spec.partitioning else None
    path = data_path(out, spec, name)
    in_order = staged.ascending or not spec.key
    connection.register("rows", staged.spill.reader([number], even=in_order))
    order = "" if in_order else f" ORDER BY {', '.join(map(staged.value, spec.key))}"
    rows = write(
        connection,
        f"SELECT {staged.select()} FROM rows WHERE n NOT IN (SELECT n FROM displaced){order}",
        path,
    )
    if rows:
        return data_file(out, path, rows, name)
    path.unlink()
    return None


def _write_empty(
    connection: duckdb.DuckDBPyConnection, spec: TableSpec, staged: Staged, out: Path
) -> DataFile:
    """One file without rows, so that a reader of an empty table still sees its columns."""
    name = partitions.NULL_PARTITION if spec.partitioning else None
    columns = ((f.type or "VARCHAR", identifier(f.name)) for f in staged.layout.fields)
    nothing = ", ".join(f"CAST(NULL AS {type_}) AS {name_}" for type_, name_ in columns)
    path = data_path(out, spec, name)
    write(connection, f"SELECT {nothing} WHERE false", path)
    return data_file(out, path, 0, name)


def _write_rejects(rejects: Rejects, spec: TableSpec, out: Path) -> DataFile | None:
    path = out / "rejects" / f"{spec.path}.parquet"
    rows = rejects.write(path, OPTIONS)
    return data_file(out, path, rows) if rows else None
