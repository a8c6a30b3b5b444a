"""Since when tables are as they are, from one generation to the next. Pure."""

from __future__ import annotations

from collections.abc import Container, Mapping

from ..manifest import Manifest, version_of_files
from .facts import ContentSince, StatusSince

__all__ = ["contents_since", "statuses_since"]


def statuses_since(
    manifest: Manifest, before: Mapping[str, StatusSince]
) -> Mapping[str, StatusSince]:
    """How each table stands now, and since when; by table id. ``before`` is the last generation."""
    found = {}
    for entry in manifest.tables:
        known = before.get(entry.id)
        is_same = known is not None and known.status is entry.status
        now = StatusSince(entry.status, manifest.created_at)
        found[entry.id] = known if known is not None and is_same else now
    return found


def contents_since(
    manifest: Manifest, before: Mapping[str, ContentSince], known_tables: Container[str]
) -> Mapping[str, ContentSince]:
    """Which rows each table has for whom, and since when; a load that brought no others does not
    count. ``before`` is the last generation, which had ``known_tables``: one of an older release
    does not say since when their rows are as they are."""
    found = {}
    for entry in manifest.tables:
        version = f"{version_of_files(entry.files)} {entry.access}"
        known = before.get(entry.id)
        is_same = known is not None and known.version == version
        is_unknown = known is None and entry.id in known_tables
        now = ContentSince(version, None if is_unknown else manifest.created_at)
        found[entry.id] = known if known is not None and is_same else now
    return found
