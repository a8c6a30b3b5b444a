"""The catalogs of the current generation, one per audience, read once and kept in memory."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import cached_property
from pathlib import Path
from threading import Lock

from ...catalog.model import CatalogIndex, CatalogTable, TableDetails
from ...catalog.places import INDEX
from ...catalog.reader import current_generation, read_index, read_table
from ...classes import CATALOG
from ...errors import CatalogError
from ...manifest import Audience
from ..drawing.histogram import Histogram
from .memory_cache import MemoryCache
from .profile import TableProfile, profile_of
from .search import SearchIndex
from .tables import TableHistory, history_of, sketches_of

__all__ = ["AudienceCatalog", "Catalogs", "MissingCatalogError", "TableView"]

_MOST_CATALOGS = 16
_MOST_TABLES = 256
_MOST_PART_BYTES = 32 * 1024**2  # in each process, of all audiences together
_Parts = MemoryCache[tuple[object, ...], str]


class MissingCatalogError(CatalogError):
    """There is no catalog yet: nothing was published, or not by this release."""


class TableView:
    """A table with its details, read together."""

    def __init__(self, table: CatalogTable, details: TableDetails, published_at: datetime) -> None:
        """``published_at`` is when the generation was made that is shown.

        Raises ``CatalogError`` for a profile of another shape.
        """
        self.table = table
        self.published_at = published_at
        self.details = details
        self.profile: TableProfile | None = profile_of(details)

    @cached_property
    def sketches(self) -> Mapping[str, Histogram]:
        """A small plot of each column that has one."""
        return sketches_of(self.profile)

    @cached_property
    def history(self) -> TableHistory | None:
        """The versions of the table; None without a profile."""
        return history_of(self.profile, self.published_at)


class AudienceCatalog:
    """All that one audience may know of one generation. It never changes."""

    def __init__(self, store: Path, audience: Audience, index: CatalogIndex, parts: _Parts) -> None:
        """``index`` is that of the audience; ``parts`` keep what pages of all audiences have."""
        self._store = store
        self.audience = audience
        self.index = index
        self._tables: MemoryCache[str, TableView] = MemoryCache(_MOST_TABLES)
        self._parts = parts
        self._lock = Lock()

    @property
    def tag(self) -> str:
        """Names exactly this content, for ETags."""
        return f"{self.index.generation}:{self.audience.path}"

    @cached_property
    def search(self) -> SearchIndex:
        """The index of words, made at the first search."""
        with self._lock:
            return SearchIndex(self.index)

    @cached_property
    def folders(self) -> Mapping[str, tuple[CatalogTable, ...]]:
        """The tables of each folder, in the order of the catalog."""
        found: dict[str, list[CatalogTable]] = {folder.name: [] for folder in self.index.folders}
        for table in self.index.tables:
            found.setdefault(table.folder, []).append(table)
        return {name: tuple(tables) for name, tables in found.items() if tables}

    @cached_property
    def tables(self) -> tuple[CatalogTable, ...]:
        """All of them, by folder."""
        return tuple(table for tables in self.folders.values() for table in tables)

    @cached_property
    def labels(self) -> Mapping[str, str]:
        """How each folder is called; by its name where it has no label."""
        named = {one.name: one.label for one in self.index.folders}
        return {name: named.get(name) or name for name in self.folders}

    def part(self, key: tuple[object, ...], make: Callable[[], str]) -> str:
        """HTML that everyone of this audience gets alike; ``key`` has all that it follows from."""
        return self._parts.get((self.tag, *key), make)

    def table(self, path: str) -> TableView | None:
        """A table with its details; None for one that this audience does not know.

        Raises ``CatalogError`` where its file is damaged.
        """
        known = self.index.table(path)
        if known is None:
            return None
        return self._tables.get(path, lambda: self._read(known))

    def _read(self, known: CatalogTable) -> TableView:
        details = read_table(self._store, self.audience, self.index, known.path)
        return TableView(known, details, self.index.created_at)


class Catalogs:
    """The one place in which pages get a catalog. Several threads may ask."""

    def __init__(self, store: Path) -> None:
        """``store`` is the folder with the link ``current``."""
        self._store = store
        self._kept: MemoryCache[tuple[str, Audience], AudienceCatalog] = MemoryCache(_MOST_CATALOGS)
        self._parts: _Parts = MemoryCache(_MOST_PART_BYTES, sys.getsizeof)

    def of(self, audience: Audience) -> AudienceCatalog:
        """What the audience may know now: one look at a link where it was read before.

        Raises ``MissingCatalogError`` where there is none, ``CatalogError`` for one that cannot be
        read.
        """
        generation = self._current()
        return self._kept.get((generation, audience), lambda: self._read(generation, audience))

    def _current(self) -> str:
        try:
            return current_generation(self._store)
        except CatalogError as error:
            if (self._store / "current").is_symlink():
                raise
            raise _missing(error) from error

    def _read(self, generation: str, audience: Audience) -> AudienceCatalog:
        try:
            index = read_index(self._store, audience, generation)
        except CatalogError as error:
            place = self._store / CATALOG / generation / audience.path / INDEX
            if place.exists():
                raise
            raise _missing(error) from error
        return AudienceCatalog(self._store, audience, index, self._parts)


def _missing(error: CatalogError) -> MissingCatalogError:
    return MissingCatalogError(
        error.message,
        where=error.where,
        expected=error.expected,
        found=error.found,
        remedy=error.remedy,
    )
