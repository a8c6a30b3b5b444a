"""An earlier generation that is kept here, in use again."""

from __future__ import annotations

from pathlib import Path

from ...errors import LaptopError
from ...files import write_atomic
from ...manifest import Manifest
from ..generations import id_of, is_whole, kept, use
from ..passed_choice import choice_in_use
from ..showing import show_generation
from ..workspace import Workspace, read_tree
from .kept_generations import KEEP_MORE
from .moments import PREVIOUS

__all__ = ["go_to", "is_kept", "kept_place", "sentence"]


def is_kept(workspace: Workspace, name: str) -> bool:
    """Whether ``go_to`` can be asked for it: its id, or ``previous``."""
    return name == PREVIOUS or any(id_of(tree) == name for tree in kept(workspace))


def kept_place(workspace: Workspace, name: str) -> Path:
    """The folder of one of which ``is_kept``; raises ``LaptopError`` where it cannot be used.

    Of several folders of a generation the last one counts, as everywhere.
    """
    trees, current = kept(workspace), workspace.tree()
    if name == PREVIOUS:
        before = [tree for tree in trees if current is None or id_of(tree) < id_of(current)]
    else:
        before = [tree for tree in trees if id_of(tree) == name]
    if not before:
        raise LaptopError("no earlier generation is kept here", remedy=KEEP_MORE)
    place = before[-1]
    if not is_whole(place, read_tree(place)):
        raise LaptopError(
            f"generation {id_of(place)} is not whole any more: files of it are gone or changed",
            where=str(place),
            remedy="Nothing was changed here. Sync, or name another generation by its id.",
        )
    return place


def go_to(workspace: Workspace, name: str) -> Manifest:
    """Point everything back to it; the caller has the turn.

    Raises ``LaptopError`` or ``OSError`` with the generation in use as it was.
    """
    choice_in_use(workspace)  # one that cannot be read is refused before anything changes
    place, before = kept_place(workspace, name), workspace.tree()
    manifest = read_tree(place)
    use(workspace, place)
    try:
        show_generation(workspace, manifest, place)
    except (LaptopError, OSError):
        if before is not None:  # data and views stay of one generation
            use(workspace, before)
        raise
    if name != PREVIOUS:
        # A word of the analyst: the broker may have gone back to it as well.
        write_atomic(workspace.state / "newest", f"{name}\n", mode=0o644)
    return manifest


def sentence(manifest: Manifest) -> str:
    """The line for a person."""
    return f"generation {manifest.generation} is in use again; the next sync goes forward"
