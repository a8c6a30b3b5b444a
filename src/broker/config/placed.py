"""A table, and where it is described."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from .description import TableDescription
from .document import Document, KeyPath

__all__ = ["Placed"]


@dataclass(frozen=True)
class Placed:
    """A table, and where it is described."""

    table: TableDescription
    document: Document
    location: KeyPath

    def where(self, *keys: str | int) -> str:
        """``file:line`` of one of its keys."""
        return self.document.where((*self.location, *keys))

    def key(self, *keys: str | int) -> str:
        """The name of one of its keys, for a message."""
        return self.document.name((*self.location, *keys))

    def in_folder(self, mapping: Mapping[str, str]) -> Placed:
        """The same with its folder filled in."""
        folder = self.table.folder or mapping.get(self.table.bucket)
        return replace(self, table=self.table.model_copy(update={"folder": folder}))
