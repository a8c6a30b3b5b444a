"""What is published, as an admin has to know it: generations, and what waits for approval."""

from __future__ import annotations

from typing import Any

from ..errors import PublishError
from ..manifest import Status, TableEntry
from ..publish import Approval, Generation, Store, Widening, deletion_of

__all__ = ["generation_facts", "generations_of", "held_tables", "more_readers_of"]


def generation_facts(generation: Generation, current: bool) -> dict[str, Any]:
    """Plain values; of one whose manifest cannot be read, that: this is when a person looks."""
    try:
        manifest = generation.manifest
    except PublishError as error:
        return {"generation": generation.id, "current": current, "error": str(error)}
    return {
        "generation": generation.id,
        "current": current,
        "error": None,
        "created_at": manifest.created_at.isoformat(),
        "tables": len(manifest.tables),
        "rows": sum(entry.rows for entry in manifest.tables),
        "bytes": sum(entry.bytes for entry in manifest.tables),
        "good": manifest.is_good,
    }


def generations_of(store: Store) -> list[dict[str, Any]]:
    """All that are kept, oldest first. Raises ``PublishError``."""
    current = store.current()
    return [
        generation_facts(one, current is not None and one.id == current.id)
        for one in store.generations()
    ]


def held_tables(store: Store) -> list[dict[str, Any]]:
    """The tables that wait for a person, each with what an approval names as ``found``.

    ``approved``: a person approved exactly that, and the next sync does it. Where it is not known
    what waits, ``found`` is empty, and ``words`` say why. No key of a row: these are for those who
    may read the table. Raises ``PublishError``.
    """
    current = store.current()
    if current is None:
        return []
    found = []
    for entry in current.manifest.tables:
        if entry.status is Status.HELD:
            approval = store.approvals.of(entry.id)
            widening = current.memory.widenings.get(entry.id)
            if widening:
                waits = {**_readers(widening), "approved": approval.fits(widening)}
            else:
                waits = _deletion(current, entry, approval)
            found.append({"id": entry.id, "table": entry.path, "access": entry.access, **waits})
    return found


def more_readers_of(store: Store, generation_id: str) -> list[dict[str, Any]]:
    """The tables that more people could read if this generation were published again.

    Raises ``PublishError``.
    """
    target = store.generation(generation_id)
    paths = {entry.id: entry.path for entry in target.manifest.tables}
    approvals = store.approvals
    return [
        {
            "id": one.id,
            "table": paths[one.id],
            **_readers(one),
            "approved": approvals.of(one.id).fits(one),
        }
        for one in store.widenings(target)
    ]


def _readers(widening: Widening) -> dict[str, Any]:
    return {"what": "readers", "found": widening.digest, "words": widening.words}


def _deletion(generation: Generation, entry: TableEntry, approval: Approval) -> dict[str, Any]:
    """One table whose metadata are damaged does not hide the others."""
    facts = {"what": "deletion", "found": "", "rows": entry.losses, "approved": False}
    try:
        found = deletion_of(generation, entry)
    except PublishError as error:
        return {**facts, "words": f"{entry.losses:,} rows would go; {error}"}
    if found is None:
        return {**facts, "words": f"{entry.losses:,} rows would go; which ones cannot be read"}
    known = {"what": found.what, "found": found.digest, "words": found.words}
    return {**facts, **known, "approved": approval.lets_go(found)}
