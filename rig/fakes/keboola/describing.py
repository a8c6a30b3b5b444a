"""Buckets and tables as the API shows them."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from .clock import shown
from .model import Bucket, Metadata, Table
from .project import Project

__all__ = ["ALL", "bucket_body", "column_metadata", "metadata_bodies", "table_body"]

ALL = frozenset({"buckets", "columns", "metadata", "columnMetadata", "detail"})


def metadata_bodies(entries: Collection[Metadata]) -> list[dict[str, Any]]:
    """A list of entries."""
    return [entry.body() for entry in entries]


def column_metadata(table: Table) -> dict[str, Any] | list[Any]:
    """Entries by column; PHP writes an empty map as ``[]``."""
    found = {name: metadata_bodies(own) for name, own in table.column_metadata.items() if own}
    return found or []


def bucket_body(project: Project, base: str, bucket: Bucket) -> dict[str, Any]:
    """A bucket without its tables."""
    tables = [table for table in project.tables.values() if table.bucket is bucket]
    changes = [table.last_change for table in tables if table.last_change]
    return {
        "uri": f"{base}/v2/storage/buckets/{bucket.id}",
        "id": bucket.id,
        "name": bucket.name,
        "displayName": bucket.display_name or bucket.name.removeprefix("c-"),
        "stage": bucket.stage,
        "description": bucket.description,
        "tables": f"{base}/v2/storage/buckets/{bucket.id}/tables",
        "created": shown(bucket.created),
        "updated": shown(bucket.created),
        "lastChangeDate": shown(max(changes, default=bucket.created)),
        "isReadOnly": False,
        "dataSizeBytes": sum(table.bytes for table in tables),
        "rowsCount": sum(table.rows for table in tables),
        "isMaintenance": False,
        "backend": bucket.backend,
        "sharing": None,
        "hasExternalSchema": False,
        "databaseName": "",
        "path": f"KEBOOLA_{project.number}.{bucket.id}",
        "owner": None,
        "color": None,
        "linkedBy": [],
        "metadata": metadata_bodies(bucket.metadata),
    }


def table_body(
    project: Project, base: str, table: Table, include: Collection[str]
) -> dict[str, Any]:
    """A table with what ``include`` names; ``ALL`` is the detail of one table."""
    stored = project.stored(table)
    body: dict[str, Any] = {
        "uri": f"{base}/v2/storage/tables/{table.id}",
        "id": table.id,
        "name": table.name,
        "displayName": table.display_name or table.name,
        "transactional": False,
        "primaryKey": table.primary_key,
        "indexType": None,
        "indexKey": [],
        "distributionType": None,
        "distributionKey": [],
        "syntheticPrimaryKeyEnabled": False,
        "created": shown(table.created),
        "lastImportDate": shown(stored.last_import),
        "lastChangeDate": shown(stored.last_change),
        "rowsCount": stored.rows,
        "dataSizeBytes": stored.bytes,
        "isAlias": table.alias is not None,
        "isAliasable": True,
        "isTyped": table.is_typed,
        "tableType": "table",
        "timestampType": "MANAGED",
        "path": f"{table.bucket.id}.{table.name}",
    }
    if "columns" in include:
        body["columns"] = table.names
    if "metadata" in include:
        body["metadata"] = metadata_bodies(table.metadata)
    if "columnMetadata" in include:
        body["columnMetadata"] = column_metadata(table)
    if "buckets" in include:
        body["bucket"] = bucket_body(project, base, table.bucket)
    if table.is_typed and not table.alias and "detail" in include:
        body["definition"] = _definition(table)
    return {**body, **_alias_body(project, base, table)}


def _definition(table: Table) -> dict[str, Any]:
    columns = [column.definition() for column in table.columns]
    return {"primaryKeysNames": table.primary_key, "columns": columns}


def _alias_body(project: Project, base: str, table: Table) -> dict[str, Any]:
    if table.alias is None:
        return {}
    source = project.tables[table.alias.source]
    shown_source = {
        "id": source.id,
        "uri": f"{base}/v2/storage/tables/{source.id}",
        "name": source.name,
        "isAlias": source.alias is not None,
        "project": {"id": project.number, "name": project.owner()["name"]},
        "columnMetadata": column_metadata(source),
        "metadata": metadata_bodies(source.metadata),
    }
    if source.is_typed:
        shown_source["definition"] = _definition(source)
    synced = not table.alias.columns
    return {"sourceTable": shown_source, "aliasColumnsAutoSync": synced}
