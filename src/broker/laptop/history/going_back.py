"""An earlier generation that is kept here, in use again."""

from __future__ import annotations

from ...errors import LaptopError
from ...files import write_atomic
from ...manifest import Manifest
from ..choice import read_choice
from ..generations import kept, use
from ..showing import show_generation
from ..workspace import Workspace, read_tree
from .kept_generations import KEEP_MORE
from .moments import PREVIOUS

__all__ = ["go_to", "is_kept", "sentence"]


def is_kept(workspace: Workspace, name: str) -> bool:
    """Whether ``go_to`` can be asked for it: its id, or ``previous``."""
    return name == PREVIOUS or any(tree.name == name for tree in kept(workspace))


def go_to(workspace: Workspace, name: str) -> Manifest:
    """Point everything back to it; the caller has the turn. Raises ``LaptopError``."""
    read_choice(workspace.choice)  # one that cannot be read is refused before anything changes
    trees, current = kept(workspace), workspace.tree()
    if name == PREVIOUS:
        before = [tree for tree in trees if current is None or tree.name < current.name]
        if not before:
            raise LaptopError(
                "no earlier generation is kept here",
                remedy=KEEP_MORE,
            )
        place = before[-1]
    else:
        place = next(tree for tree in trees if tree.name == name)
        # A word of the analyst: the broker may have gone back to it as well.
        write_atomic(workspace.state / "newest", f"{name}\n", mode=0o644)
    use(workspace, place)
    manifest = read_tree(place)
    show_generation(workspace, manifest, place)
    return manifest


def sentence(manifest: Manifest) -> str:
    """The line for a person."""
    return f"generation {manifest.generation} is in use again; the next sync goes forward"
