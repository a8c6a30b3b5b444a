"""The views of a generation: which table each is, and what was probably wanted. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from ...errors import LaptopError, nearest
from ...manifest import Manifest, TableEntry
from ..starting import SYNC
from .names import SqlNames
from .refusals import OWN_DATABASE, WHAT_THERE_IS, refused_table_function

__all__ = ["ViewCatalog"]

CHOICE = "broker.toml"
_FILE_ENDINGS = (".parquet", ".csv", ".tsv", ".json", ".jsonl", ".ndjson", ".gz", ".zst", ".txt")


@dataclass(frozen=True, slots=True)
class ViewCatalog:
    """``views`` leads from the name of each view, as the manifest writes it, to its table.

    ``absent`` are the views that the analyst left out.
    """

    views: Mapping[str, TableEntry] = field(hash=False)
    absent: frozenset[str] = frozenset()

    @classmethod
    def of(cls, manifest: Manifest, absent: frozenset[str] = frozenset()) -> ViewCatalog:
        """The views of a generation."""
        names = manifest.view_names
        return cls({names[entry.path]: entry for entry in manifest.tables}, absent)

    @property
    def readable(self) -> dict[str, TableEntry]:
        """Those that have columns: a table that was never loaded has none."""
        return {name: entry for name, entry in self.views.items() if entry.schema.columns}

    def find(self, name: str) -> str | None:
        """The name of the view as the manifest writes it; case does not count."""
        return next((view for view in self.views if view.lower() == name.lower()), None)

    def wanted(self, names: SqlNames) -> dict[str, TableEntry]:
        """The views that a query may read; raises ``LaptopError`` for a table that is not here."""
        if names.shows_tables:
            return self.readable
        found: dict[str, TableEntry] = {}
        for path in sorted(names.tables):
            is_local = len(path) == 1 and path[0].lower() in names.local
            view = self.find(path[0]) if len(path) == 1 else None
            if view is not None and not (is_local and view not in self.readable):
                found[view] = self._loaded(view)
            elif not is_local:
                raise self._unknown(path)
        return found

    def _loaded(self, view: str) -> TableEntry:
        entry = self.views[view]
        if entry.schema.columns:
            return entry
        raise LaptopError(
            f"the table has never been loaded ({entry.status.words})",
            where=view,
            remedy="Ask another table, or ask the broker's operator.",
        )

    def _unknown(self, path: tuple[str, ...]) -> LaptopError:
        written = ".".join(path)
        absent = {name.lower(): name for name in self.absent}.get(path[-1].lower())
        if absent is not None:
            return LaptopError(
                "the table is not on this laptop, because its folder leaves it out",
                where=absent,
                remedy=f"Take it into {CHOICE}, and run: {SYNC}",
            )
        if path[-2:-1] in (("information_schema",), ("pg_catalog",)):
            return LaptopError("there is no such table", found=written, remedy=WHAT_THERE_IS)
        if written.lower().endswith(_FILE_ENDINGS) or "/" in written or "*" in written:
            return refused_table_function(written)
        near = self.near(path)
        return LaptopError(
            "there is no such table",
            found=written,
            remedy=f"Did you mean {near}?" if near else f"{WHAT_THERE_IS} {OWN_DATABASE}",
        )

    def near(self, path: tuple[str, ...]) -> str | None:
        """The view that was probably wanted, also where a folder or schema stands before it."""
        known = {view.lower(): view for view in self.views}
        known |= {entry.path.replace("/", ".").lower(): view for view, entry in self.views.items()}
        for word in (".".join(path), path[-1]):
            near = nearest(word.lower(), known)
            if near is not None:
                return known[near]
        return None
