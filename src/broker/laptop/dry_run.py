"""What a sync would do, from manifests alone: what one lists with its hash counts as here."""

from __future__ import annotations

from pathlib import Path

from .history.going_back import kept_place
from .plan import Offer, SyncPlan, plan_sync
from .pull import Pull
from .shelf import Shelf
from .workspace import Workspace, read_tree

__all__ = ["foreseen", "foreseen_return"]


def foreseen(pull: Pull) -> SyncPlan:
    """The plan for what the broker offers. Raises ``LaptopError`` as the sync would."""
    announced = pull.announced()
    workspace = pull.workspace
    place = pull.kept_as(announced) or workspace.tree()
    return pull.plan(announced, _Listed(place, workspace.root))


def foreseen_return(workspace: Workspace, name: str) -> SyncPlan:
    """The plan of going back to one that is kept here, for which nothing is fetched."""
    place = kept_place(workspace, name)
    tree = workspace.tree()
    previous = read_tree(tree) if tree is not None else None
    return plan_sync(Offer(read_tree(place), previous, lambda _path, _sha256: True, ""))


class _Listed(Shelf):
    """Takes the manifest of a generation at its word."""

    def __init__(self, tree: Path | None, root: Path) -> None:
        super().__init__([])
        listed = read_tree(tree).listed if tree is not None else ()
        self._known = {(file.path, file.sha256): root for file in listed}

    def find(self, path: str, sha256: str) -> Path | None:
        return self._known.get((path, sha256))
