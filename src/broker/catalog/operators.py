"""How every table of a generation stands, for admins of the portal. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ..manifest import NO_CLASS, Manifest, TableEntry
from .facts import CatalogNotes, StatusSince
from .standing import HeldKeys, OperatorsIndex, PendingReaders, TableStanding

__all__ = ["held_keys", "operators_index"]


def operators_index(
    manifest: Manifest, notes: CatalogNotes, readers: Mapping[str, PendingReaders]
) -> OperatorsIndex:
    """``readers`` are the changes of readers that wait, by table id."""
    return OperatorsIndex(
        generation=manifest.generation,
        created_at=manifest.created_at,
        previous=manifest.previous,
        run=manifest.run,
        tables=tuple(
            _standing(one, notes.statuses[one.id], readers.get(one.id))
            for one in sorted(manifest.tables, key=lambda one: one.path)
        ),
        warnings=notes.warnings,
        broker=manifest.broker,
    )


def held_keys(
    manifest: Manifest,
    keys: Mapping[str, Sequence[Mapping[str, Any]]],
    digests: Mapping[str, str],
) -> Mapping[str, HeldKeys]:
    """Keys of rows that held tables would lose, by class; ``keys`` and ``digests`` by table id.

    None of a table that no analyst may know of.
    """
    found: dict[str, HeldKeys] = {}
    for entry in manifest.tables:
        if keys.get(entry.id) and entry.access != NO_CLASS:
            of_class = found.setdefault(entry.access, HeldKeys(entry.access))
            of_class.tables[entry.path] = [dict(one) for one in keys[entry.id]]
            if entry.id in digests:
                of_class.digests[entry.path] = digests[entry.id]
    return found


def _standing(
    entry: TableEntry, since: StatusSince, readers: PendingReaders | None
) -> TableStanding:
    return TableStanding(
        path=entry.path,
        id=entry.id,
        access=entry.access,
        status=entry.status,
        since=since.since,
        error=entry.error,
        rows=entry.rows,
        bytes=entry.bytes,
        rejects=entry.rejects,
        held_rows=entry.losses,
        readers=readers,
        loaded_at=entry.loaded_at,
        as_of=entry.as_of,
        freshness_seconds=entry.freshness_seconds,
        is_loading=entry.loading,
        warnings=entry.warnings,
        issues=tuple(map(str, entry.issues)),
    )
