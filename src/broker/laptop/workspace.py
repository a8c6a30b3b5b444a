"""Where everything of one broker stands on a laptop, and what it holds now."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ..errors import LaptopError, PublishError
from ..foreign.strict_json import MOST_BYTES
from ..manifest import Manifest

__all__ = ["MANIFEST", "SIGNATURE", "Workspace", "read_manifest"]

MANIFEST = "manifest.json"
SIGNATURE = "manifest.json.sig"


@dataclass(frozen=True, slots=True)
class Workspace:
    """An analyst's folder. ``root`` is absolute, with no link in it.

    ``server/`` is the broker's, ``user/`` the analyst's, ``.broker/`` this program's own. Nothing
    of a broker stands anywhere else, so two brokers on one laptop never meet.
    """

    root: Path

    @classmethod
    def at(cls, place: Path) -> Workspace:
        """The folder at a path as a person gives it."""
        return cls(place.resolve())

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
        """The link to the generation in use."""
        return self.server / "current"

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

    def in_use(self) -> tuple[Manifest, Path]:
        """The generation in use, and its folder; raises ``LaptopError`` before the first sync."""
        tree = self.current.resolve()
        if not (tree / MANIFEST).is_file():
            raise LaptopError(
                "there are no data in this folder yet",
                where=str(self.root),
                remedy="Run: bash server/scripts/sync_data.sh",
            )
        return read_manifest(tree), tree


def read_manifest(tree: Path) -> Manifest:
    """The manifest of a generation's folder; raises ``LaptopError`` for one no broker writes."""
    place = tree / MANIFEST
    with place.open("rb") as stream:
        content = stream.read(MOST_BYTES + 1)
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
