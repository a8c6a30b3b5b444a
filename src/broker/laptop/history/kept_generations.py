"""The generations that are kept on this laptop, read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from ...errors import LaptopError
from ...manifest import Manifest, TableEntry
from ..generations import id_of, kept
from ..starting import SYNC
from ..workspace import Workspace, read_tree

__all__ = ["KEEP_MORE", "KeptGeneration", "KeptHistory", "read_history"]

KEEP_MORE = 'history = "30 days" in broker.toml keeps more from now on.'


@dataclass(frozen=True, slots=True)
class KeptGeneration:
    """One of them: its manifest, with the tables that are here, and its folder."""

    manifest: Manifest
    tree: Path

    @property
    def id(self) -> str:
        """Its name at the broker."""
        return self.manifest.generation

    @property
    def created_at(self) -> datetime:
        """When the broker made it."""
        return self.manifest.created_at

    @property
    def title(self) -> str:
        """Its name and its time, for people."""
        return f"{self.id} ({self.created_at:%Y-%m-%d %H:%M} UTC)"

    def table(self, table_id: str) -> TableEntry | None:
        """The table of this id, where it is here."""
        return self.manifest.table(table_id)


@dataclass(frozen=True, slots=True)
class KeptHistory:
    """All of them, oldest first; ``current`` is the name of the one in use."""

    generations: tuple[KeptGeneration, ...]
    current: str

    def __post_init__(self) -> None:
        """Raise ``LaptopError`` unless the one in use is among them."""
        if all(one.id != self.current for one in self.generations):
            raise LaptopError(
                "the generation in use is not among those that are kept here",
                found=self.current,
                remedy=f"Run: {SYNC}",
            )

    @property
    def in_use(self) -> KeptGeneration:
        """The one in use."""
        return next(one for one in self.generations if one.id == self.current)

    @property
    def previous(self) -> KeptGeneration | None:
        """The one before it."""
        before = [one for one in self.generations if one.id < self.current]
        return before[-1] if before else None


def read_history(workspace: Workspace, trees: Sequence[Path] | None = None) -> KeptHistory:
    """Read those at ``trees``, or all. Raises ``LaptopError`` before the first sync.

    A generation may have several folders, where rights or the choice of tables have changed: that
    in use counts, else the last.
    """
    manifest, current = workspace.in_use()
    found = {manifest.generation: KeptGeneration(manifest, current)}
    for tree in reversed(kept(workspace) if trees is None else trees):
        if id_of(tree) not in found:
            found[id_of(tree)] = KeptGeneration(read_tree(tree), tree)
    ordered = sorted(found.values(), key=lambda one: one.id)
    return KeptHistory(tuple(ordered), manifest.generation)
