"""The generations that are kept on this laptop, and which of them is in use."""

from __future__ import annotations

import json
import os
import shutil
import stat
from collections.abc import Collection
from contextlib import nullcontext, suppress
from datetime import UTC, datetime
from pathlib import Path

from ..errors import LaptopError
from ..manifest import Manifest
from ..portable import IS_WINDOWS
from .history.thinning import EarlierGeneration, begun_at, staying
from .pointer import PARTS, pointer_here
from .shelf import present
from .workspace import CHOSEN, MANIFEST, SIGNATURE, Workspace

__all__ = [
    "adopt",
    "check_place",
    "id_of",
    "is_in_use",
    "is_whole",
    "kept",
    "lasting",
    "prune",
    "use",
]

# Equal size and second count as equal content for rsync, and no hash of these two is listed
# anywhere: an impossible time keeps the next ones from being taken for them.
_OTHER_TIME = 31_536_000


def kept(workspace: Workspace) -> list[Path]:
    """Their folders, oldest first."""
    try:
        found = [place for place in workspace.generations.iterdir() if _is_one(place)]
    except FileNotFoundError:
        return []
    return sorted(found, key=lambda place: place.name)


def _is_one(place: Path) -> bool:
    return not place.name.startswith(".") and (place / MANIFEST).is_file()


def id_of(tree: Path) -> str:
    """The id of the generation in a folder: one of several folders ends with ``+``."""
    return tree.name.rstrip("+")


def is_whole(tree: Path, manifest: Manifest) -> bool:
    """Whether each file that this lists is there, of its size, and no other.

    Change files are there where they were replayed.
    """
    changes = {file.path for entry in manifest.tables for file in entry.change_files}
    sizes = {
        file.path: file.bytes
        for file in manifest.listed
        if file.path not in changes or (tree / file.path).exists()
    }
    found = {path: entry.stat().st_size for path, entry in present(tree)}
    for own in (MANIFEST, SIGNATURE, CHOSEN):
        found.pop(own, None)
    return found == sizes


def adopt(workspace: Workspace, incoming: Path, name: str, chosen: Collection[str] | None) -> Path:
    """Give a generation that has arrived its place among those that are kept.

    One comes again under its name where rights have changed. What is here stays whole until it is
    pruned, so that gets a folder of its own: no generation has a "+" in its name. ``chosen`` are
    the tables that are in it, where not all are.
    """
    for part in PARTS:  # a broker may have nothing in them
        (incoming / part).mkdir(exist_ok=True)
    if chosen is not None:
        (incoming / CHOSEN).write_text(json.dumps(sorted(chosen)) + "\n")
    for path, entry in present(incoming):
        if path in (MANIFEST, SIGNATURE):
            os.utime(entry.path, (_OTHER_TIME, _OTHER_TIME))
        mode = stat.S_IMODE(entry.stat().st_mode)
        if IS_WINDOWS:  # there a file that cannot be written cannot be removed
            continue
        if mode != (mode & 0o555 | 0o400):  # of a file that is linked, it is so already
            Path(entry.path).chmod(mode & 0o555 | 0o400)
    place = workspace.generations / name
    while place.exists():
        place = place.with_name(f"{place.name}+")
    incoming.rename(place)
    return place


def use(workspace: Workspace, place: Path) -> None:
    """Point everything at this generation; see ``Pointer.point``."""
    before = workspace.tree()
    pointer_here().point(workspace.server, place)
    if before is not None and before != place.resolve():
        os.utime(before)  # since when it is not in use


def is_in_use(workspace: Workspace, place: Path) -> bool:
    """Whether all that ``use`` does was done for it: a sync may have been killed half way."""
    return pointer_here().is_at(workspace.server, place)


def check_place(workspace: Workspace) -> None:
    """Raise ``LaptopError`` for a folder that cannot hold data, before anything is fetched.

    DuckDB 2.0.0 ends the name of a database at a question mark, looks for its log elsewhere, and
    takes a backslash for a slash, which it is on Windows alone.
    """
    if {"?", "\\"} & {*workspace.root.as_posix()}:
        raise LaptopError(
            "DuckDB cannot write below a folder with a question mark or a backslash in its name",
            where=str(workspace.root),
            remedy="Nothing was fetched. Rename the folder and sync again.",
        )
    pointer_here().check(workspace.server)


def lasting(workspace: Workspace, shown: Path | None, days: int) -> list[Path]:
    """The generations that ``prune`` leaves, oldest first."""
    trees, current = kept(workspace), workspace.tree()
    others = [tree for tree in trees if tree.resolve() != current]
    earlier = [EarlierGeneration(tree.name, _superseded_at(tree)) for tree in others]
    stay = staying(earlier, current.name if current else None, datetime.now(UTC), days)
    return [tree for tree in trees if tree not in others or tree == shown or tree.name in stay]


def _superseded_at(tree: Path) -> datetime:
    """By the laptop's clock, which may have been behind: not before it was begun."""
    noted = datetime.fromtimestamp(tree.stat().st_mtime, UTC)
    return max(noted, begun_at(tree.name) or noted)


def prune(workspace: Workspace, shown: Path | None, days: int = 0) -> None:
    """Remove what no reader can have open: superseded a day ago, and not the one before.

    ``shown`` is the one that the views show; of each of so many ``days`` the newest one stays, too.
    One has no name any more when its first file goes: one that is half gone must not be gone back
    to.
    """
    for left in workspace.generations.glob(".removed-*"):
        _remove(left)
    stay = lasting(workspace, shown, days)
    for tree in kept(workspace):
        if tree not in stay:
            _remove(tree)


def _remove(tree: Path) -> None:
    """On Windows what another program has open stays, for the next sync to remove."""
    with suppress(PermissionError) if IS_WINDOWS else nullcontext():
        if not tree.name.startswith(".removed-"):
            tree = tree.rename(tree.with_name(f".removed-{tree.name}"))
        shutil.rmtree(tree)
