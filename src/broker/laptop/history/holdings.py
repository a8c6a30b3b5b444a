"""What the generations that are kept on this laptop take of its disk."""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import datetime

from ..generations import id_of, kept
from ..shelf import present
from ..workspace import MANIFEST, Workspace, parse_manifest, read_bytes

__all__ = ["HistoryHoldings", "holdings"]


@dataclass(frozen=True, slots=True)
class HistoryHoldings:
    """``count`` generations, that in use among them; ``since`` is when the oldest was made.

    ``bytes`` are of files that the generation in use does not have: a link counts once.
    """

    count: int
    since: datetime | None
    bytes: int


def holdings(workspace: Workspace) -> HistoryHoldings:
    """Count them. Raises ``LaptopError`` where the manifest of the oldest cannot be read."""
    trees, current = kept(workspace), workspace.tree()
    own = {_file(entry.stat()) for _, entry in present(current)} if current else set()
    sizes: dict[tuple[int, int], int] = {}
    for tree in trees:
        if tree.resolve() != current:
            sizes |= {_file(s): s.st_size for _, e in present(tree) for s in [e.stat()]}
    since = parse_manifest(read_bytes(trees[0] / MANIFEST)).created_at if trees else None
    return HistoryHoldings(
        len({*map(id_of, trees)}),
        since,
        sum(size for file, size in sizes.items() if file not in own),
    )


def _file(status: os.stat_result) -> tuple[int, int]:
    """What two names of one file share."""
    return status.st_dev, status.st_ino
