"""Since when tables are as they are, from one generation to the next. Pure."""

from __future__ import annotations

from collections.abc import Mapping

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
    manifest: Manifest, before: Mapping[str, ContentSince]
) -> Mapping[str, ContentSince]:
    """Which rows each table has for whom, and since when; a load that brought no others does not
    count. ``before`` is the last generation."""
    found = {}
    for entry in manifest.tables:
        version = f"{version_of_files(entry.files)} {entry.access}"
        known = before.get(entry.id)
        is_same = known is not None and known.version == version
        now = ContentSince(version, manifest.created_at)
        found[entry.id] = known if known is not None and is_same else now
    return found
