"""A manifest cut down to what an audience may know. Pure."""

from __future__ import annotations

from dataclasses import replace

from ..manifest import Audience, Manifest, TableEntry

__all__ = ["cut", "is_cut_of"]


def cut(manifest: Manifest, audience: Audience) -> Manifest:
    """What the audience may know: its tables, and no word of any other.

    Documents are left out; they are listed anew as the view is built.
    """
    shown = [e for e in manifest.tables if audience.sees(e.access) and not e.loading]
    known = {word for entry in shown for word in (entry.id, entry.path, entry.name)}
    tables = tuple(_cut_entry(entry, known) for entry in shown)
    return replace(manifest, tables=tables, documents=(), audience=audience.names)


def is_cut_of(view: Manifest, whole: Manifest, audience: Audience) -> bool:
    """Whether a view's manifest is ``cut`` of the whole one, but for its documents.

    That of an older release may say the errors of its tables as well, as the whole one does.
    """
    errors = {entry.id: entry.error for entry in whole.tables}
    tables = tuple(
        replace(one, error=None) if one.error == errors.get(one.id) else one for one in view.tables
    )
    return replace(view, tables=tables, documents=()) == cut(whole, audience)


def _cut_entry(entry: TableEntry, known: set[str]) -> TableEntry:
    """A foreign key into a table that is not shown tells its name, a digest a filter's value.

    An error is the sentence of any part of the host: its readers have the status alone.
    """
    keys = tuple(key for key in entry.foreign_keys if key.table in known)
    return replace(entry, foreign_keys=keys, question={}, error=None)
