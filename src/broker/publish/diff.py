"""What differs between two generations, by their manifests alone. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from ..manifest import Manifest, TableEntry

__all__ = ["Diff", "TableDiff", "diff"]


@dataclass(frozen=True, slots=True)
class TableDiff:
    """One table that differs. ``change`` is ``added``, ``removed`` or ``changed``.

    Files are identified by path.
    """

    id: str
    name: str
    change: str
    rows_before: int
    rows_after: int
    schema_changed: bool
    access_changed: bool
    files_added: tuple[str, ...]
    files_removed: tuple[str, ...]
    files_changed: tuple[str, ...]
    partitions_touched: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Diff:
    """The tables that differ, by id; those that do not are not listed."""

    before: str
    after: str
    tables: tuple[TableDiff, ...]


def diff(before: Manifest, after: Manifest) -> Diff:
    """Compare the data of two generations; how a run went and when does not count."""
    old = {entry.id: entry for entry in before.tables}
    new = {entry.id: entry for entry in after.tables}
    tables = [_compare(old.get(name), new.get(name)) for name in sorted(old.keys() | new.keys())]
    changed = tuple(table for table in tables if table is not None)
    return Diff(before.generation, after.generation, changed)


def _compare(before: TableEntry | None, after: TableEntry | None) -> TableDiff | None:
    entry, other = after or before, before or after
    if entry is None or other is None:
        return None
    old = {file.path: file for file in before.files} if before else {}
    new = {file.path: file for file in after.files} if after else {}
    changed = {path for path in old.keys() & new.keys() if old[path].sha256 != new[path].sha256}
    touched = {*(new.keys() - old.keys()), *(old.keys() - new.keys()), *changed}
    partitions = {(new.get(path) or old[path]).partition for path in touched}
    both = before is not None and after is not None
    found = TableDiff(
        id=entry.id,
        name=entry.name,
        change="changed" if both else "added" if after else "removed",
        rows_before=before.rows if before else 0,
        rows_after=after.rows if after else 0,
        schema_changed=entry.fingerprint != other.fingerprint,
        access_changed=entry.access != other.access,
        files_added=tuple(sorted(new.keys() - old.keys())),
        files_removed=tuple(sorted(old.keys() - new.keys())),
        files_changed=tuple(sorted(changed)),
        partitions_touched=tuple(sorted(name for name in partitions if name is not None)),
    )
    is_same = both and not (touched or found.schema_changed or found.access_changed)
    return None if is_same else found
