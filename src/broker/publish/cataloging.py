"""Building the catalogs of a generation: as it is published, and for audiences that come later."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ..catalog.facts import CatalogNotes, DetailsMark
from ..catalog.places import details_path
from ..catalog.since import contents_since, statuses_since
from ..catalog.standing import PendingReaders
from ..errors import PublishError
from ..files import make_dir
from ..manifest import Audience, Manifest, TableEntry
from ..metrics.bound import BoundMetrics
from .catalogs import CatalogWriter, DetailsMaker, MadeDetails, profile_path
from .render import KeptDocument, RenderedDocument
from .store_layout import Generation
from .tree import FOLDER_MODE, Rights, TreeBuilder
from .views import cut

__all__ = ["CatalogBuild", "catalog_later", "notes_before", "profile_of"]

_Profile = tuple[str, Callable[[], bytes]]


def notes_before(previous: Generation | None) -> CatalogNotes:
    """Those of the generation before; what cannot be read of them is made anew."""
    with suppress(PublishError):
        return (previous and previous.notes) or CatalogNotes()
    return CatalogNotes()


@dataclass(frozen=True)
class CatalogBuild:
    """The catalogs of a generation on its way. ``rights`` are the store's."""

    manifest: Manifest
    notes: CatalogNotes
    details: MadeDetails
    metrics: BoundMetrics
    rights: Rights

    @classmethod
    def of(
        cls,
        manifest: Manifest,
        notes: CatalogNotes,
        metrics: BoundMetrics,
        rights: Rights,
        documents: Mapping[str, RenderedDocument | KeptDocument],
        previous: Generation | None,
        audiences: Sequence[Audience],
    ) -> CatalogBuild:
        """``notes`` with what follows from the generation before, and the details of each table.

        ``documents`` have the profiles, ``audiences`` are those whose catalogs may be in it.
        """
        before = notes_before(previous)
        notes = replace(
            notes,
            statuses=statuses_since(manifest, before.statuses),
            contents=contents_since(manifest, before.contents, before.statuses),
        )

        def standing(entry: TableEntry, mark: DetailsMark) -> Path | None:
            return _standing(previous.catalog, audiences, entry, mark) if previous else None

        make = DetailsMaker(notes, lambda entry: _given(entry, documents, previous), standing)
        details = make(manifest.tables, before)
        return cls(manifest, replace(notes, details=details.marks), details, metrics, rights)

    def write(
        self,
        folder: Path,
        audiences: Iterable[Audience],
        readers: Mapping[str, PendingReaders],
        notes: Mapping[str, Mapping[str, Any]],
    ) -> Path:
        """All of them in a new folder, which it returns; see ``CatalogWriter.operators``."""
        tree = _tree(folder, self.rights)
        writer = CatalogWriter(tree, self.manifest, self.notes, self.metrics, self.details.files)
        writer.audiences(audiences)
        writer.operators(readers, notes)
        tree.sync()
        return folder


def catalog_later(
    folder: Path,
    generation: Generation,
    audience: Audience,
    others: Sequence[Audience],
    rights: Rights,
) -> bool:
    """The catalog of one more audience of a published generation, in a new folder.

    ``others`` are audiences whose catalogs may stand. False where the generation, of an older
    release, does not say what it follows from.
    """
    notes = generation.notes
    if notes is None:
        return False

    def standing(entry: TableEntry, mark: DetailsMark) -> Path | None:
        return _standing(generation.catalog, others, entry, mark)

    make = DetailsMaker(notes, lambda entry: profile_of(generation, entry), standing)
    details = make(cut(generation.manifest, audience).tables, notes)
    tree = _tree(folder, rights)
    known = replace(notes, details=details.marks)
    manifest, metrics = generation.manifest, generation.metrics
    CatalogWriter(tree, manifest, known, metrics, details.files).audiences([audience])
    tree.sync()
    return True


def profile_of(generation: Generation, entry: TableEntry) -> _Profile | None:
    """The SHA-256 of a table's profile in a generation, and how to read it."""
    path = profile_path(entry.path)
    listed = generation.document(path)
    if listed is None or listed.access != entry.access:
        return None
    return listed.sha256, lambda: generation.read(path)


def _given(
    entry: TableEntry,
    documents: Mapping[str, RenderedDocument | KeptDocument],
    previous: Generation | None,
) -> _Profile | None:
    """The same of a generation on its way, where it is new or that of the one before."""
    found = documents.get(profile_path(entry.path))
    if isinstance(found, RenderedDocument):
        content = found.content
        return hashlib.sha256(content).hexdigest(), lambda: content
    if found is None or previous is None:
        return None
    path, before = found.entry.path, previous
    return found.entry.sha256, lambda: before.read(path)


def _standing(
    catalog: Path, audiences: Iterable[Audience], entry: TableEntry, mark: DetailsMark
) -> Path | None:
    """Where a catalog has the details of a table, as long as they were written."""
    for audience in audiences:
        path = catalog / audience.path / details_path(entry.path)
        if audience.sees(entry.access) and path.is_file() and path.stat().st_size == mark.bytes:
            return path
    return None


def _tree(folder: Path, rights: Rights) -> TreeBuilder:
    tree = TreeBuilder(folder, rights.of_catalogs, None)
    make_dir(folder, mode=FOLDER_MODE, gid=rights.catalog)
    return tree
