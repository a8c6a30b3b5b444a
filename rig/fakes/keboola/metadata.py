"""Metadata of tables and columns, by provider."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from .call import Call, Reply
from .describing import column_metadata, metadata_bodies
from .errors import ApiError
from .model import Metadata
from .parameters import listed

__all__ = ["list_all", "remove", "write"]


async def list_all(call: Call) -> Reply:
    """GET tables/{table}/metadata."""
    table = call.project.table(call.path["table"], call.token)
    return Reply(metadata_bodies(table.metadata))


async def write(call: Call) -> Reply:
    """POST tables/{table}/metadata: an entry of the same key and provider is replaced."""
    table = call.project.table(call.path["table"], call.token, write=True)
    provider = call.params.text("provider")
    if not provider:
        raise ApiError(400, "provider: This field is missing.", "storage.metadata.validation")
    _put(call, table.metadata, provider, listed(call.params.get("metadata") or []))
    for name, entries in _by_column(call.params.get("columnsMetadata") or {}):
        if table.column(name) is None:
            raise ApiError(404, f"Column {name} not found", "storage.columns.notFound")
        _put(call, table.column_metadata.setdefault(name, []), provider, [entries])
    body = {"metadata": metadata_bodies(table.metadata), "columnsMetadata": column_metadata(table)}
    return Reply(body, 201)


def _by_column(entries: Any) -> Iterable[tuple[str, Mapping[str, Any]]]:
    """Columns' entries, given as a map of lists or as a list (of lists) that name columns."""
    groups = entries.items() if isinstance(entries, dict) else [("", entries)]
    for name, group in groups:
        for entry in group:
            for one in entry if isinstance(entry, list) else [entry]:
                yield str(one.get("columnName") or name), one


def _put(
    call: Call, kept: list[Metadata], provider: str, entries: Iterable[Mapping[str, Any]]
) -> None:
    for entry in entries:
        key, value = str(entry["key"]), str(entry.get("value", ""))
        kept[:] = [old for old in kept if (old.key, old.provider) != (key, provider)]
        kept.append(Metadata(key, value, provider, call.project.clock.now()))


async def remove(call: Call) -> Reply:
    """DELETE tables/{table}/metadata/{entry}."""
    table = call.project.table(call.path["table"], call.token, write=True)
    before = len(table.metadata)
    table.metadata = [entry for entry in table.metadata if str(entry.id) != call.path["entry"]]
    if len(table.metadata) == before:
        raise ApiError(404, "Metadata not found", "storage.metadata.notFound")
    return Reply(status=204)
