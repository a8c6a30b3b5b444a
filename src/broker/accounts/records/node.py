"""A file system entry: as it stands, or as it is wanted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

__all__ = ["Node"]


@dataclass(frozen=True, slots=True)
class Node:
    """A file system entry; as a wish, None leaves that property to the owner of the home."""

    kind: Literal["folder", "link", "file", "other"] | None
    mode: int | None = None
    uid: int | None = None
    gid: int | None = None
    target: str | None = None

    def accepts(self, found: Node | None) -> bool:
        """Whether an entry that was found is what this one wishes for."""
        if found is None:
            return False
        pairs = (
            (self.kind, found.kind),
            (self.mode, found.mode),
            (self.uid, found.uid),
            (self.gid, found.gid),
            (self.target, found.target),
        )
        return all(wish is None or wish == real for wish, real in pairs)
