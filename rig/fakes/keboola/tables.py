"""One table: created, described, changed, aliased, previewed, emptied, dropped."""

from __future__ import annotations

import csv
import io
import re
from typing import Any

from .call import Call, Reply
from .describing import ALL, table_body
from .errors import ApiError, JobError
from .imports import create_from_file
from .model import Alias, Bucket, Column, Metadata, Table
from .native import TEXT, NativeType, of_base, of_native
from .parameters import listed
from .selection import conditions, select

__all__ = [
    "add_column",
    "alias",
    "create",
    "define",
    "delete",
    "delete_rows",
    "detail",
    "drop_column",
    "preview",
    "touched",
]

_NAME = re.compile(r"[A-Za-z0-9_-]{1,96}")
MAX_PREVIEW, MAX_PREVIEW_COLUMNS = 1000, 100


async def detail(call: Call) -> Reply:
    """GET tables/{table}."""
    table = call.project.table(call.path["table"], call.token)
    return Reply(table_body(call.project, call.base, table, ALL))


def new(call: Call, bucket: Bucket, columns: list[Column], **more: Any) -> Table:
    """A table that does not exist yet; 400 for one that does."""
    name = call.params.text("name") or ""
    if not _NAME.fullmatch(name):
        raise ApiError(400, f"'{name}' is not a valid table name", "storage.tables.validation")
    if f"{bucket.id}.{name}" in call.project.tables:
        message = f'Table "{name}" in bucket "{bucket.id}" already exists'
        raise ApiError(400, message, "storage.tables.alreadyExists")
    shown = call.params.text("displayName") or ""
    return Table(bucket, name, columns, call.project.clock.now(), display_name=shown, **more)


async def create(call: Call) -> Reply:
    """POST buckets/{bucket}/tables-async."""
    bucket = call.project.bucket(call.path["bucket"], call.token, write=True)
    table = new(call, bucket, [], primary_key=call.params.words("primaryKey"))
    call.project.file(call.params.text("dataFileId") or "", call.token)
    call.table = table.id

    def work() -> dict[str, Any]:
        create_from_file(call, table)
        return table_body(call.project, call.base, table, ALL)

    params = {"name": table.name, "primaryKey": table.primary_key}
    return call.accepted(call.job("tableCreate", work, table.id, params))


async def define(call: Call) -> Reply:
    """POST buckets/{bucket}/tables-definition."""
    bucket = call.project.bucket(call.path["bucket"], call.token, write=True)
    columns = [_column(one) for one in listed(call.params.get("columns") or [])]
    if not columns:
        raise ApiError(400, "columns: This field is missing.", "storage.tables.validation")
    key = call.params.words("primaryKeysNames")
    table = new(call, bucket, columns, primary_key=key, is_typed=True)
    call.table = table.id
    typed = Metadata("KBC.dataTypesEnabled", "true", "storage", call.project.clock.now())
    table.metadata.append(typed)
    for column in columns:
        table.column_metadata[column.name] = _type_metadata(call, column)

    def work() -> dict[str, Any]:
        call.project.rows.create(table)
        call.project.tables[table.id] = table
        return table_body(call.project, call.base, table, ALL)

    return call.accepted(call.job("tableDefinitionCreate", work, table.id, {"name": table.name}))


def _column(given: dict[str, Any]) -> Column:
    inner = given.get("definition")
    found: NativeType = TEXT
    if inner:
        found = of_native(str(inner["type"]), inner.get("length"))
    elif given.get("basetype"):
        found = of_base(str(given["basetype"]))
    inner = inner or {}
    return Column(str(given["name"]), found, inner.get("nullable", True), inner.get("default"))


def _type_metadata(call: Call, column: Column) -> list[Metadata]:
    """What the backend itself notes about a typed column, in its own order."""
    values = [
        ("type", column.type.name),
        ("nullable", "1" if column.nullable else ""),
        ("basetype", column.type.base),
        ("length", column.type.length),
        ("default", column.default),
    ]
    now = call.project.clock.now()
    return [
        Metadata(f"KBC.datatype.{key}", value, "storage", now)
        for key, value in values
        if value is not None
    ]


async def alias(call: Call) -> Reply:
    """POST buckets/{bucket}/table-aliases."""
    bucket = call.project.bucket(call.path["bucket"], call.token, write=True)
    source = call.project.table(call.params.text("sourceTable") or "", call.token)
    names = call.params.words("aliasColumns")
    columns = [column for column in source.columns if not names or column.name in names]
    condition = call.params.get("aliasFilter")
    shown = Alias(source.id, tuple(names), (condition,) if condition else ())
    table = new(
        call,
        bucket,
        columns,
        primary_key=list(source.primary_key),
        is_typed=source.is_typed,
        alias=shown,
    )
    call.project.tables[table.id] = table
    return Reply(table_body(call.project, call.base, table, ALL), 201)


async def delete(call: Call) -> Reply:
    """DELETE tables/{table}."""
    table = call.project.table(call.path["table"], call.token, write=True)
    aliases = call.project.aliases(table)
    if aliases and not call.params.flag("force"):
        message = f"Unable to delete table with associated aliases. {aliases[0].id}"
        raise ApiError(400, message, "tables.cannotDeletedTableWithAliases")

    def work() -> None:
        for gone in [*aliases, table]:
            call.project.tables.pop(gone.id, None)
        if not table.alias:
            call.project.rows.drop(table)

    if call.params.flag("async"):
        return call.accepted(call.job("tableDelete", work, table.id, {}))
    await call.thread(work)
    return Reply(status=204)


async def delete_rows(call: Call) -> Reply:
    """DELETE tables/{table}/rows."""
    table = call.project.table(call.path["table"], call.token, write=True)
    where, arguments = conditions(table, call.params, call.project.clock, "storage.tables")
    if not where and not call.params.flag("allowTruncate"):
        message = "Filter is missing: to delete all rows, set allowTruncate."
        raise ApiError(400, message, "storage.tables.validation.unintendedTruncation")
    if table.alias:
        raise ApiError(400, "Rows of an alias cannot be deleted", "storage.tables.validation")

    def work() -> dict[str, Any]:
        deleted = call.project.rows.delete(table, where, arguments)
        touched(call, table)
        return {"deletedRowsCount": deleted}

    return call.accepted(call.job("tableRowsDelete", work, table.id, {}))


def touched(call: Call, table: Table) -> None:
    """Note that a table's data changed."""
    table.changed(call.project.clock.now(), *call.project.rows.size(table))


async def add_column(call: Call) -> Reply:
    """POST tables/{table}/columns."""
    table = call.project.table(call.path["table"], call.token, write=True)
    column = _column({**call.params, "name": call.params.text("name") or ""})
    if not column.name or table.column(column.name):
        raise ApiError(400, f'Column "{column.name}" already exists', "storage.tables.validation")

    def work() -> dict[str, Any]:
        call.project.rows.add_column(table, column)
        table.columns = [*table.columns, column]
        touched(call, table)
        return table_body(call.project, call.base, table, ALL)

    return call.accepted(call.job("tableColumnAdd", work, table.id, {"name": column.name}))


async def drop_column(call: Call) -> Reply:
    """DELETE tables/{table}/columns/{column}."""
    table = call.project.table(call.path["table"], call.token, write=True)
    name = call.path["column"]
    if table.column(name) is None:
        raise ApiError(404, f'Column "{name}" not found', "storage.tables.columns.notFound")

    def work() -> None:
        if name in table.primary_key:
            raise JobError(f'Column "{name}" is in the primary key', "storage.tables.validation")
        call.project.rows.drop_column(table, name)
        table.columns = [column for column in table.columns if column.name != name]
        touched(call, table)

    return call.accepted(call.job("tableColumnDelete", work, table.id, {"name": name}))


async def preview(call: Call) -> Reply:
    """GET tables/{table}/data-preview: the only place where a header is written."""
    table = call.project.table(call.path["table"], call.token)
    limit = call.params.number("limit") or 100
    if limit > MAX_PREVIEW:
        message = f"The limit cannot be greater than {MAX_PREVIEW}"
        raise ApiError(400, message, "storage.tables.validation")
    call.params["limit"] = limit
    selection = select(table, call.project.stored(table), call.params, call.project.clock)
    if len(selection.columns) > MAX_PREVIEW_COLUMNS:
        raise ApiError(400, "Too many columns", "storage.maxNumberOfColumnsExceed")
    rows = await call.thread(lambda: call.project.rows.fetch(selection))
    names = [column.name for column in selection.columns]
    if call.params.text("format") == "json":
        return Reply({"columns": names, "rows": [_cells(names, row) for row in rows]})
    text = io.StringIO()
    writer = csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator="\n")
    writer.writerows([names, *rows])
    return Reply(raw=(text.getvalue().encode(), "text/csv"))


def _cells(names: list[str], row: tuple[Any, ...]) -> list[dict[str, Any]]:
    cells = zip(names, row, strict=True)
    return [{"columnName": name, "value": value, "isTruncated": False} for name, value in cells]
