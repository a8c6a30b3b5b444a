"""Exports: a job leaves slices and a manifest in the object store."""

from __future__ import annotations

import gzip
import json
import tempfile
from pathlib import Path
from typing import Any

from ..stores.store import StoredFile
from .call import Call, Reply
from .errors import ApiError
from .files import next_id
from .model import File, Table
from .parameters import listed
from .rows import ExportFormat
from .selection import Selection, select

__all__ = ["start"]


async def start(call: Call) -> Reply:
    """POST tables/{table}/export-async."""
    table = call.project.table(call.path["table"], call.token)
    form = _format(call)
    selection = select(table, call.project.stored(table), call.params, call.project.clock)
    shown = _shown(call, form)

    def work() -> dict[str, Any]:
        return _export(call, table, selection, form, json.dumps([table.id, shown]))

    return call.accepted(call.job("tableExport", work, table.id, {"export": shown}))


def _format(call: Call) -> ExportFormat:
    """How the request wants its file; 400 for what is not offered."""
    params, behaviour = call.params, call.project.behaviour
    if (params.text("format") or "rfc") != "rfc":
        message = f"Invalid format: {params.text('format')}"
        raise ApiError(400, message, "storage.tables.validation.invalidFormat")
    file_type = params.text("fileType") or "csv"
    if file_type not in {"csv", "parquet"}:
        message = f"Invalid file type: {file_type}"
        raise ApiError(400, message, "storage.tables.validation")
    sliced = behaviour.is_sliced or file_type == "parquet"
    return ExportFormat(
        file_type,
        params.flag("gzip"),
        behaviour.rows_per_slice if sliced else 1 << 62,
        behaviour.least_slices if sliced else 1,
    )


def _shown(call: Call, form: ExportFormat) -> dict[str, Any]:
    """The request as its job shows it."""
    params = call.params
    return {
        "columns": params.words("columns"),
        "limit": params.number("limit"),
        "changedSince": params.text("changedSince"),
        "changedUntil": params.text("changedUntil"),
        "gzipOutput": form.gzip,
        "format": "rfc",
        "whereFilters": [
            {**filter_, "values": [str(value) for value in listed(filter_["values"])]}
            for filter_ in listed(params.get("whereFilters") or [])
        ],
        "where": [params.get(name) for name in ("whereColumn", "whereOperator", "whereValues")],
        "orderBy": listed(params.get("orderBy") or []),
        "includeInternalTimestamp": params.flag("includeInternalTimestamp"),
        "fileType": form.file_type,
        "timezone": params.text("timezone"),
    }


def _export(
    call: Call, table: Table, selection: Selection, form: ExportFormat, request: str
) -> dict[str, Any]:
    """The job's work: the same file for the same question about the same data."""
    project, stored = call.project, call.project.stored(table)
    version, known = project.exports.get(request, (-1, 0))
    if project.behaviour.caches and version == stored.version and known in project.files:
        return {"file": {"id": known}, "cacheHit": True}
    version = stored.version
    file = _new_file(call, table, form)
    with tempfile.TemporaryDirectory(dir=project.folder) as scratch:
        slices = list(stored.ready) or project.rows.export(selection, form, Path(scratch))
        _keep(call, file, form, slices or _nothing(call, form, Path(scratch)))
    project.files[file.stored.id] = file
    project.exports[request] = (version, file.stored.id)
    return {"file": {"id": file.stored.id}, "cacheHit": False}


def _new_file(call: Call, table: Table, form: ExportFormat) -> File:
    number = next_id()
    folder = "/".join([table.bucket.stage, table.bucket.name, table.name])
    key = f"exp-2/{call.project.number}/table-exports/{folder}/{number}.{form.file_type}"
    name = f"{table.id}.{form.file_type}{'.gz' if form.gzip and form.file_type == 'csv' else ''}"
    is_sliced = call.project.behaviour.is_sliced or form.file_type == "parquet"
    return File(
        StoredFile(number, name, key, is_sliced),
        call.project.clock.now(),
        ["table-export"],
        file_type=form.file_type,
        max_age_days=2,
        table=table.id,
        run_id=call.run_id,
    )


def _nothing(call: Call, form: ExportFormat, scratch: Path) -> list[Path]:
    """What stands for no rows: no slice, or one without content."""
    empty = call.project.behaviour.empty
    if call.project.behaviour.is_sliced and empty == "no_entries":
        return []
    path = scratch / "empty"
    path.write_bytes(gzip.compress(b"") if empty == "empty_gzip" and form.gzip else b"")
    return [path]


def _keep(call: Call, file: File, form: ExportFormat, slices: list[Path]) -> None:
    """Put slices and manifest into the store."""
    store, stored = call.project.store, file.stored
    file.bytes = sum(path.stat().st_size for path in slices)
    if not stored.is_sliced:
        store.keys.know(None, [stored.key], file.table)
        store.put(stored.key, slices[0])
        return
    ending = f".{form.file_type}{'.gz' if form.gzip and form.file_type == 'csv' else ''}"
    # Snowflake's names: not zero-filled, so an alphabetical order is not the order of the rows.
    file.slices = [f"{stored.key}_0_0_{number}{ending}" for number in range(len(slices))]
    store.keys.know(stored.manifest, file.slices, file.table)
    for key, path in zip(file.slices, slices, strict=True):
        store.put(key, path)
    entries = [{"url": store.entry(key), "mandatory": True} for key in file.slices]
    with tempfile.NamedTemporaryFile(dir=call.project.folder) as manifest:
        manifest.write(json.dumps({"entries": entries}).encode())
        manifest.flush()
        store.put(stored.manifest, Path(manifest.name))
