"""Where everything of one broker stands on a laptop, and what it holds now."""

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

from ..errors import LaptopError, PublishError
from ..foreign.strict_json import MOST_BYTES
from ..manifest import Manifest
from .pointer import CURRENT, pointed
from .starting import SYNC

__all__ = [
    "CHOSEN",
    "MANIFEST",
    "SIGNATURE",
    "Workspace",
    "as_here",
    "cut_to",
    "parse_manifest",
    "read_bytes",
    "read_tree",
]

MANIFEST = "manifest.json"
SIGNATURE = "manifest.json.sig"
CHOSEN = "chosen.json"


@dataclass(frozen=True, slots=True)
class Workspace:
    """An analyst's folder. ``root`` is absolute, with no link in it.

    ``server/`` is the broker's, ``user/`` the analyst's, ``.broker/`` this program's own. Nothing
    of a broker stands anywhere else, so two brokers on one laptop never meet.
    """

    root: Path

    @classmethod
    def at(cls, place: Path) -> Workspace:
        """The folder at a path as a person gives it.

        Raises ``LaptopError`` for a path that is not UTF-8, which DuckDB cannot open.
        """
        root = place.resolve()
        try:
            str(root).encode()
        except UnicodeEncodeError as error:
            raise LaptopError(
                "the name of this folder, or of one above it, is not UTF-8",
                where=str(root).encode("utf-8", "backslashreplace").decode(),
                remedy="Nothing was changed. Rename it.",
            ) from error
        return cls(root)

    @property
    def server(self) -> Path:
        """What comes from the broker."""
        return self.root / "server"

    @property
    def scripts(self) -> Path:
        """This program as the broker offers it, and what starts it."""
        return self.server / "scripts"

    @property
    def generations(self) -> Path:
        """The generations that are kept, each a folder."""
        return self.server / "generations"

    @property
    def current(self) -> Path:
        """What names the generation in use: see ``pointer``."""
        return self.server / CURRENT

    @property
    def state(self) -> Path:
        """What this program remembers: the broker's name and keys, the environment, locks."""
        return self.root / ".broker"

    @property
    def user(self) -> Path:
        """What is the analyst's own."""
        return self.root / "user"

    @property
    def database(self) -> Path:
        """The DuckDB database of views."""
        return self.user / "duckdb" / "analytics.duckdb"

    @property
    def choice(self) -> Path:
        """Which of the broker's tables the analyst wants here."""
        return self.root / "broker.toml"

    def tree(self) -> Path | None:
        """The folder of the generation in use; None before the first sync."""
        tree = pointed(self.current)
        return tree if tree is not None and (tree / MANIFEST).is_file() else None

    def in_use(self) -> tuple[Manifest, Path]:
        """The generation in use, as far as it is here, and its folder.

        Raises ``LaptopError`` before the first sync.
        """
        tree = self.tree()
        if tree is None:
            raise LaptopError(
                "there are no data in this folder yet",
                where=str(self.root),
                remedy=f"Run: {SYNC}",
            )
        return read_tree(tree), tree


def read_tree(tree: Path) -> Manifest:
    """The manifest of a generation's folder, with the tables that are in it.

    The analyst may have left out some; ``chosen.json`` beside the manifest names those that are
    here.
    """
    return as_here(parse_manifest(read_bytes(tree / MANIFEST)), tree)


def as_here(manifest: Manifest, tree: Path) -> Manifest:
    """The manifest of a generation's folder, once it is read, with the tables that are in it."""
    try:
        here = set(json.loads((tree / CHOSEN).read_bytes()))
    except FileNotFoundError:
        return manifest
    return cut_to(manifest, here)


def cut_to(manifest: Manifest, paths: Collection[str]) -> Manifest:
    """The manifest with these tables alone, under the names of their views beside all others.

    So a view has one name, whatever else is here, as in the broker's documents and metrics.
    """
    names = manifest.view_names
    tables = (entry for entry in manifest.tables if entry.path in paths)
    return replace(manifest, tables=tuple(replace(e, name=names[e.path]) for e in tables))


def read_bytes(place: Path) -> bytes:
    """A file of a broker that is no longer than any that a broker writes, and one byte."""
    with place.open("rb") as stream:
        return stream.read(MOST_BYTES + 1)


@lru_cache(maxsize=2)  # what is offered and what is here, which a sync reads at several places
def parse_manifest(content: bytes) -> Manifest:
    """A manifest from its bytes; raises ``LaptopError`` for one that no broker writes."""
    try:
        return Manifest.from_json(content, where=MANIFEST)
    except PublishError as error:
        raise LaptopError(
            f"the manifest cannot be used: {error.message}",
            where=error.where,
            expected=error.expected,
            found=error.found,
            remedy="Nothing was changed here. Tell the broker's operator.",
        ) from error
