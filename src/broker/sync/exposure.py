"""Who may read a table from now on, and whether that waits for a person. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from ..classes import PUBLIC
from ..config import Instance
from ..manifest import TableEntry
from ..publish import NO_CLASS, Approval, Memory, Readers, Widening

__all__ = ["Exposure", "exposure_of"]


@dataclass(frozen=True, slots=True)
class Exposure:
    """``access`` is the class for now; ``widening`` waits, ``approved`` is one that need not.

    ``places`` are where the rows come from.
    """

    access: str
    readers: Readers
    places: frozenset[str]
    widening: Widening | None = None
    approved: bool = False


def exposure_of(
    table_id: str,
    access: str,
    places: frozenset[str],
    *,
    instance: Instance,
    memory: Memory,
    published: TableEntry | None,
    approval: Approval,
    generation: str,
) -> Exposure:
    """What ``access`` would change; ``generation`` is the id of the one that is being made."""
    readers = Readers(access, instance.group_of(access))
    before = memory.narrower(table_id, places, readers)
    if not before:
        return Exposure(access, readers, places)
    waiting = memory.widenings.get(table_id)
    is_same = waiting is not None and (waiting.before, waiting.after) == (before, readers)
    since = waiting.since if waiting and is_same else generation
    widening = Widening(table_id, before, readers, since)
    if approval.fits(widening):
        return Exposure(access, readers, places, approved=True)
    kept = _kept(memory.tables.get(table_id), published, instance)
    return Exposure(kept, readers, places, widening)


def _kept(own: Readers | None, published: TableEntry | None, instance: Instance) -> str:
    """The class that shows the last good files to the readers of before, and to no others.

    None does where there are no such files, or the class has another group by now, or none: a new
    group may have other members, and the broker gives files to the groups of classes alone.
    """
    if own is None or published is None:
        return NO_CLASS
    if own.access == PUBLIC:
        return PUBLIC
    is_declared = own.access in instance.class_names
    is_same = own.group is None or own.group == instance.group_of(own.access)
    return own.access if is_declared and is_same else NO_CLASS
