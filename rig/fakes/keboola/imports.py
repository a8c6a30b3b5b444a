"""Loads: a file of the project becomes rows of a table."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any

from .call import Call, Reply
from .errors import ApiError, JobError
from .model import Column, File, Table
from .rows import CsvFormat, header_of

__all__ = ["create_from_file", "load"]


def csv_format(call: Call) -> CsvFormat:
    """What the request says about the file; 400 where it says too much."""
    params = call.params
    enclosure, escape = params.get("enclosure", '"'), params.text("escapedBy") or ""
    if escape and params.text("enclosure"):
        message = "Only one of enclosure and escapedBy may be specified."
        raise ApiError(400, message, "storage.tables.validation")
    nulls = params.words("treatValuesAsNull") if "treatValuesAsNull" in params else [""]
    return CsvFormat(
        delimiter=params.text("delimiter") or ",",
        enclosure="" if escape else enclosure,
        escape=escape,
        header=tuple(params.words("columns")) or None,
        skip=params.number("ignoredLinesCount") or 0,
        nulls=tuple(nulls),
    )


def create_from_file(call: Call, table: Table) -> None:
    """Make an untyped table of a CSV file's own columns, and load it."""
    form = csv_format(call)
    file = call.project.file(call.params.text("dataFileId") or "", call.token)
    with tempfile.TemporaryDirectory(dir=call.project.folder) as scratch:
        paths = _local(call, file, Path(scratch))
        table.columns = [Column(name) for name in form.header or header_of(paths[0], form)]
        missing = [name for name in table.primary_key if table.column(name) is None]
        if missing:
            message = f"Primary key columns not found: {', '.join(missing)}"
            raise JobError(message, "storage.tables.invalidPrimaryKeyColumns")
        call.project.rows.create(table)
        _load(call, table, paths, form, full=True)
    call.project.tables[table.id] = table


async def load(call: Call) -> Reply:
    """POST tables/{table}/import-async."""
    table = call.project.table(call.path["table"], call.token, write=True)
    file = call.project.file(call.params.text("dataFileId") or "", call.token)
    form, full = csv_format(call), not call.params.flag("incremental")

    def work() -> dict[str, Any]:
        with tempfile.TemporaryDirectory(dir=call.project.folder) as scratch:
            paths = _local(call, file, Path(scratch))
            names = form.header or header_of(paths[0], form)
            _fit_columns(call, table, list(names))
            imported = _load(call, table, paths, form, full=full)
        return {
            "importedColumns": list(names),
            "warnings": [],
            "totalRowsCount": table.rows,
            "totalDataSizeBytes": table.bytes,
            "importedRowsCount": imported,
        }

    params = {"source": {"fileId": file.stored.id}, "params": {"incremental": not full}}
    return call.accepted(call.job("tableImport", work, table.id, params))


def _fit_columns(call: Call, table: Table, names: list[str]) -> None:
    """Every column must be there; an untyped table takes new ones."""
    missing = [name for name in table.names if name not in names]
    if missing:
        message = f"Some columns are missing in the csv file. Missing columns: {','.join(missing)}."
        raise JobError(message, "csvImport.columnsNotMatch", {"missingColumns": missing})
    for name in names:
        if table.column(name) is None:
            if table.is_typed:
                raise JobError(f"Column {name} is not in the table", "csvImport.columnsNotMatch")
            column = Column(name)
            call.project.rows.add_column(table, column)
            table.columns = [*table.columns, column]


def _load(call: Call, table: Table, paths: list[Path], form: CsvFormat, *, full: bool) -> int:
    project = call.project
    began = project.clock.now()  # rows are stamped with the start of their import
    imported = project.rows.load(table, paths, form, full=full, stamp=began)
    table.changed(project.clock.now(), *project.rows.size(table))
    table.last_import = table.last_change
    return imported


def _local(call: Call, file: File, scratch: Path) -> list[Path]:
    """The file on this disk, slice by slice."""
    store, stored = call.project.store, file.stored
    if not stored.is_sliced:
        return [_fetched(call, stored.key, scratch / "0")]
    manifest = scratch / "manifest"
    store.fetch(stored.manifest, manifest)
    urls = [entry["url"] for entry in json.loads(manifest.read_bytes())["entries"]]
    keys = [url[url.index(stored.key) :].partition("?")[0] for url in urls]
    return [_fetched(call, key, scratch / str(number)) for number, key in enumerate(keys)]


def _fetched(call: Call, key: str, path: Path) -> Path:
    try:
        call.project.store.fetch(key, path)
    except FileNotFoundError:
        raise JobError("File was not uploaded", "storage.tables.fileNotUploaded") from None
    return path
