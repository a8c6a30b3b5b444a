"""What a sync has to do, from manifests and what is here: table by table, and why. Pure."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from enum import StrEnum

from ..manifest import DocumentEntry, Manifest, TableEntry, changes_since
from ..tables.model import DataFile

__all__ = ["Offer", "SyncPlan", "TablePlan", "Way", "plan_sync"]


class Way(StrEnum):
    """How a table comes to this laptop."""

    KEPT = "kept"
    REPLAYED = "replayed"
    FETCHED = "fetched"


@dataclass(frozen=True, slots=True)
class Offer:
    """What the broker offers, what this folder has, and who would write files here.

    ``offered`` and ``previous`` are cut to the chosen tables. ``sound`` says whether the file of a
    path is here with the content of a hash. ``writer`` names the DuckDB of this program.
    """

    offered: Manifest
    previous: Manifest | None
    sound: Callable[[str, str], bool]
    writer: str


@dataclass(frozen=True, slots=True)
class TablePlan:
    """What is done for one table.

    ``missing`` are its files that are not here, ``changes`` the change files to replay, the oldest
    first.
    """

    entry: TableEntry
    way: Way
    missing: tuple[DataFile, ...]
    before: TableEntry | None
    why: str
    changes: tuple[DataFile, ...] = ()

    @property
    def bytes(self) -> int:
        """What this moves, at most."""
        return sum(file.bytes for file in self.fetched)

    @property
    def fetched(self) -> tuple[DataFile, ...]:
        """The files that come from the broker."""
        if self.way is not Way.REPLAYED:
            return self.missing
        rows = {file.path for file in self.entry.files}
        return tuple(file for file in self.missing if file.path not in rows)

    @property
    def missing_rows(self) -> tuple[DataFile, ...]:
        """The files of rows that are not here: all that is missing but changes and rejects."""
        rows = {file.path for file in self.entry.files}
        return tuple(file for file in self.missing if file.path in rows)


@dataclass(frozen=True, slots=True)
class SyncPlan:
    """The way from the generation that is previous to the one that is offered."""

    offered: Manifest
    tables: tuple[TablePlan, ...]
    documents: tuple[DocumentEntry, ...]
    gone: tuple[str, ...]

    @property
    def bytes(self) -> int:
        """What is fetched, at most; rsync may need less for a file of which a part is here."""
        return sum(table.bytes for table in self.tables) + sum(d.bytes for d in self.documents)

    @property
    def files(self) -> int:
        """How many files are not here."""
        return sum(len(table.fetched) for table in self.tables) + len(self.documents)

    @property
    def needed(self) -> set[str]:
        """The path of each file that the generation has here: of changes, those to replay."""
        rows = (file for table in self.tables for file in table.entry.files)
        rejects = (t.entry.reject_file for t in self.tables if t.entry.reject_file is not None)
        changes = (file for table in self.tables for file in table.changes)
        documents = (document.path for document in self.offered.documents)
        return {*(file.path for file in (*rows, *rejects, *changes)), *documents}


def plan_sync(offer: Offer) -> SyncPlan:
    """The plan. Fewest bytes win: a change file, where it can be replayed, or whole files."""
    previous = {entry.id: entry for entry in offer.previous.tables} if offer.previous else {}
    tables = tuple(_table(entry, previous.get(entry.id), offer) for entry in offer.offered.tables)
    documents = tuple(d for d in offer.offered.documents if not offer.sound(d.path, d.sha256))
    offered = {entry.path for entry in offer.offered.tables}
    gone = sorted(entry.path for entry in previous.values() if entry.path not in offered)
    return SyncPlan(offer.offered, tables, documents, tuple(gone))


def _table(entry: TableEntry, before: TableEntry | None, offer: Offer) -> TablePlan:
    missing = tuple(file for file in entry.files if not offer.sound(file.path, file.sha256))
    rejects = tuple(
        file
        for file in (entry.reject_file,)
        if file is not None and not offer.sound(file.path, file.sha256)
    )
    if not missing:
        return TablePlan(entry, Way.KEPT, rejects, before, "as it is here")
    found = changes_since(entry, before.files) if before is not None and before.files else None
    changes = tuple(change.file for change in found or ())
    coming = tuple(file for file in changes if not offer.sound(file.path, file.sha256))
    obstacle = _obstacle(missing, before, changes, offer)
    if obstacle is None and sum(f.bytes for f in coming) >= sum(f.bytes for f in missing):
        obstacle = "smaller than what changed"
    if obstacle is not None:
        return TablePlan(entry, Way.FETCHED, (*missing, *rejects), before, obstacle)
    rows = sum(file.rows for file in changes)
    why = f"from the version here and {rows:,} changed rows"
    return TablePlan(entry, Way.REPLAYED, (*missing, *coming, *rejects), before, why, changes)


def _obstacle(
    missing: Collection[DataFile],
    before: TableEntry | None,
    changes: Collection[DataFile],
    offer: Offer,
) -> str | None:
    """Why the change files cannot be replayed here; None where they can."""
    if before is None or not before.files:
        return "not here yet"
    if not changes:
        return "loaded as a whole, or changed too often since"
    if not all(offer.sound(file.path, file.sha256) for file in before.files):
        return "the version here is not whole"
    others = {file.writer for file in missing} - {offer.writer}
    if others:
        return f"written by DuckDB {min(others) or 'of an unknown release'}, here is {offer.writer}"
    return None
