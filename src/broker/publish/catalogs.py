"""The catalogs of a generation: one for each audience, and what admins of the portal see.

They stand beside the generations, of a group of their own, so that who serves them needs no right
to the data. The files of a table are the same for each audience that sees it, and while it stays
as it is: then they are hard links.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..catalog.details import details_basis, details_of
from ..catalog.facts import CatalogNotes, DetailsMark
from ..catalog.index import index_of
from ..catalog.operators import held_keys, operators_index
from ..catalog.places import INDEX, OPERATORS, STANDING, details_path, keys_path
from ..catalog.standing import PendingReaders
from ..catalog.written import to_json
from ..manifest import NO_CLASS, Audience, Manifest, TableEntry
from ..metrics.bound import BoundMetrics
from .deletions import DELETION, LOST_KEYS
from .readers import Widening
from .tree import TreeBuilder, folder_classes
from .views import cut

__all__ = [
    "CatalogWriter",
    "DetailsMaker",
    "MadeDetails",
    "profile_path",
    "waiting_readers",
]


def profile_path(table: str) -> str:
    """Where the profile of a table stands in a generation, by the table's path."""
    return f"docs/profiles/{table}.json"


def waiting_readers(widenings: Mapping[str, Widening]) -> Mapping[str, PendingReaders]:
    """Changes of readers that wait, as admins see them."""
    return {
        name: PendingReaders(one.words, one.digest, one.since) for name, one in widenings.items()
    }


@dataclass(frozen=True)
class MadeDetails:
    """The details of all tables, by path: what is known of each file, and the file or its bytes."""

    marks: Mapping[str, DetailsMark]
    files: Mapping[str, Path | bytes]


@dataclass(frozen=True)
class DetailsMaker:
    """Makes details anew only of tables that are not as they were.

    ``profile_of`` answers the SHA-256 of a table's profile and how to read it, None where it has
    none; ``standing`` answers where a file of the generation before with these details is.
    """

    notes: CatalogNotes
    profile_of: Callable[[TableEntry], tuple[str, Callable[[], bytes]] | None]
    standing: Callable[[TableEntry, DetailsMark], Path | None]

    def __call__(self, tables: Iterable[TableEntry], before: CatalogNotes) -> MadeDetails:
        """The details of those tables that an audience may see."""
        marks: dict[str, DetailsMark] = {}
        files: dict[str, Path | bytes] = {}
        for entry in tables:
            if entry.access != NO_CLASS and not entry.loading:
                known = before.details.get(entry.path)
                marks[entry.path], files[entry.path] = self._one(entry, known)
        return MadeDetails(marks, files)

    def _one(
        self, entry: TableEntry, known: DetailsMark | None
    ) -> tuple[DetailsMark, Path | bytes]:
        source, profile = self.notes.facts.sources.get(entry.id), self.profile_of(entry)
        basis = details_basis(entry, source, profile[0] if profile is not None else None)
        if known is not None and known.basis == basis:
            place = self.standing(entry, known)
            if place is not None:
                return known, place
        shown = _read(*profile) if profile is not None else None
        if shown is None:
            basis = details_basis(entry, source, None)
        content = to_json(details_of(entry, source, shown))
        alerts = len(shown["alerts"]) if shown is not None else None
        mark = DetailsMark(basis, hashlib.sha256(content).hexdigest(), len(content), alerts)
        return mark, content


def _read(sha256: str, read: Callable[[], bytes]) -> Mapping[str, Any] | None:
    """A profile; None where it is not what was published: data do not wait for profiles."""
    try:
        content = read()
    except OSError:
        return None
    if hashlib.sha256(content).hexdigest() != sha256:
        return None
    found: Mapping[str, Any] = json.loads(content)
    return found


@dataclass(frozen=True)
class CatalogWriter:
    """Fills a folder with the catalogs of a generation. ``files`` are those of its details."""

    tree: TreeBuilder
    manifest: Manifest
    notes: CatalogNotes
    metrics: BoundMetrics
    files: Mapping[str, Path | bytes]

    def audiences(self, audiences: Iterable[Audience]) -> None:
        """A catalog for each of them."""
        placed: dict[str, str] = {}
        for audience in audiences:
            self._audience(audience, placed)

    def operators(
        self,
        readers: Mapping[str, PendingReaders],
        notes: Mapping[str, Mapping[str, Any]],
    ) -> None:
        """What admins see; ``notes`` of tables, by id, have the keys of rows that would go."""
        keys = {name: facts.get(LOST_KEYS, ()) for name, facts in notes.items()}
        digests = {name: n[DELETION]["digest"] for name, n in notes.items() if DELETION in n}
        standing = operators_index(self.manifest, self.notes, readers)
        files = {f"{OPERATORS}/{STANDING}": to_json(standing)}
        for access, found in held_keys(self.manifest, keys, digests).items():
            files[f"{OPERATORS}/{keys_path(access)}"] = to_json(found)
        self.tree.folders(folder_classes(dict.fromkeys(files)))
        for path, content in files.items():
            self.tree.write(path, content, None)

    def _audience(self, audience: Audience, placed: dict[str, str]) -> None:
        known = cut(self.manifest, audience)
        index = to_json(index_of(known, audience, self.notes, self.metrics))
        base = audience.path
        paths = {one.path: f"{base}/{details_path(one.path)}" for one in known.tables}
        self.tree.folders(folder_classes(dict.fromkeys([f"{base}/{INDEX}", *paths.values()])))
        for table, path in paths.items():
            self._place(table, path, placed)
        self.tree.write(f"{base}/{INDEX}", index, None)

    def _place(self, table: str, path: str, placed: dict[str, str]) -> None:
        """The first time as a file or a link to one that stands, then as a link to the first."""
        file = self.files[table]
        if table in placed:
            self.tree.link(path, self.tree.path / placed[table], None)
        elif isinstance(file, Path):
            self.tree.link(path, file, None)
        else:
            self.tree.write(path, file, None)
        placed[table] = path
