"""From a table's description to what source, engine and plan are asked. Pure."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import date

from .. import __version__
from ..config import TableDescription
from ..errors import ConfigError
from ..manifest import TableEntry
from ..sources.contract import SourceTable, TableRequest
from ..tables.model import Partitioning, TableSpec, TableVersion, Tombstone
from ..tables.schema import Column, TableSchema
from .plan import Kept, SyncRule

__all__ = [
    "declared_schema",
    "kept_of",
    "origin_of",
    "request_of",
    "rule_of",
    "spec_of",
    "version_of",
]


def request_of(table: TableDescription, today: date) -> TableRequest:
    """What the source is asked for. ``today`` fills the placeholders of the filters."""
    columns = table.columns
    if columns and table.tombstone:
        columns = tuple(dict.fromkeys((*columns, table.tombstone.column)))
    return TableRequest(
        id=table.id,
        columns=columns,
        primary_key=table.key,
        where_filters=table.filters(today),
        row_filter=table.row_filter,
        null_values=table.null_values,
        options=table.options,
        types=table.types,
        timeout=table.timeout,
    )


def spec_of(table: TableDescription, key: tuple[str, ...], max_rejects: int) -> TableSpec:
    """How the engine keeps the table. ``max_rejects`` is the instance's, if it has no own."""
    granularity = table.granularity
    return TableSpec(
        name=table.name,
        path=table.path,
        key=key,
        partitioning=Partitioning(table.partition_by, granularity)
        if table.partition_by and granularity
        else None,
        tombstone=Tombstone(table.tombstone.column, table.tombstone.values)
        if table.tombstone
        else None,
        types=tuple(table.types.items()),
        on_schema_change=table.on_schema_change,
        keeps_all=table.deletions == "append_only",
        max_rejects=max_rejects if table.max_rejects is None else table.max_rejects,
    )


def rule_of(table: TableDescription, key: tuple[str, ...], *, tracks_changes: bool) -> SyncRule:
    """What decides which rows are read.

    Raises ``ConfigError`` where rows that nothing tells apart would be appended with every run.
    """
    has_bound = bool(table.incremental_column) or tracks_changes
    if table.sync_strategy == "incremental" and not key and not has_bound:
        raise ConfigError(
            "rows without a key would be appended again with every sync",
            where=table.id,
            expected="incremental_column, because this source does not tell which rows are new",
            remedy="Declare it, or a primary_key, or 'sync_strategy: full_refresh'.",
        )
    return SyncRule(
        strategy=table.sync_strategy,
        cursor=table.incremental_column,
        partition_by=table.partition_by,
        granularity=table.granularity,
        window_days=table.incremental_window_days,
        chunk_days=table.initial_load_chunk_days,
        max_history_days=table.max_history_days,
        census=table.deletions == "census",
        keyed=bool(key),
        tracked=tracks_changes,
        append_only=table.deletions == "append_only",
    )


def declared_schema(table: TableDescription, found: SourceTable) -> TableSchema:
    """What the source says of the columns, with the types that the description overrides."""
    return TableSchema(
        tuple(
            Column(
                column.name,
                table.types.get(column.name, column.type),
                column.nullable,
                column.description,
            )
            for column in found.schema.columns
        )
    )


def origin_of(
    found: SourceTable,
    request: TableRequest,
    spec: TableSpec,
    rule: SyncRule,
) -> str | None:
    """A hash of everything that the rows of a table depend on; None where that is unknown.

    The operator's own SQL may ask for the time, so with it nothing is the same twice.
    """
    if found.version is None or request.row_filter is not None:
        return None
    bare = replace(request, folder=None)
    facts = (found.version, found.schema, bare, spec, rule, __version__)
    return hashlib.sha256(repr(facts).encode()).hexdigest()


def kept_of(entry: TableEntry | None) -> Kept | None:
    """How far the published rows reach; None where there are none."""
    if entry is None or entry.watermark is None:
        return None
    return Kept(entry.watermark, entry.loading)


def version_of(entry: TableEntry) -> TableVersion:
    """The published rows, as the engine knows them."""
    return TableVersion(
        schema=entry.schema,
        files=entry.files,
        rows=entry.rows,
        rejects=entry.rejects,
        duplicates=entry.duplicates,
        reject_file=entry.reject_file,
        issues=entry.issues,
    )
