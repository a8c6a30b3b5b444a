"""An analyst's folder with a generation in it, as a sync leaves it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

from broker.laptop.workspace import MANIFEST, Workspace
from broker.manifest import Manifest, TableEntry

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
GENERATION = "2026-11-22T120000Z-7f3a"


def table(name: str, folder: str = "sales", **more: object) -> TableEntry:
    return TableEntry(id=f"in.{folder}.{name}", name=name, path=f"{folder}/{name}", **more)  # type: ignore[arg-type]


def manifest(*tables: TableEntry, generation: str = GENERATION) -> Manifest:
    return Manifest(generation, NOON, tables)


def workspace_at(root: Path, *tables: TableEntry, generation: str = GENERATION) -> Workspace:
    workspace = Workspace.at(root)
    tree = workspace.generations / generation
    tree.mkdir(parents=True)
    (tree / MANIFEST).write_bytes(manifest(*tables, generation=generation).to_json())
    workspace.current.unlink(missing_ok=True)
    workspace.current.symlink_to(Path("generations") / generation)
    return workspace


def contents(root: Path) -> Mapping[str, bytes]:
    """Every file outside of what the broker sends and the program remembers."""
    return {
        path.relative_to(root).as_posix(): path.read_bytes()
        for path in sorted(root.rglob("*"))
        if path.is_file() and path.relative_to(root).parts[0] not in ("server", ".broker")
    }
