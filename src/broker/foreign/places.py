"""Places of the host in a sentence: for operators, and for no one else."""

from __future__ import annotations

import re

__all__ = ["has_place", "without_places"]

# A path of the host, wherever it stands in a sentence; not that of an address of the web.
_PATH = re.compile(r"(?<![\w:/.\\-])/[\w.-][\w./-]*")


def has_place(text: str) -> bool:
    """Whether a sentence names a path of the host."""
    return _PATH.search(text) is not None


def without_places(text: str) -> str:
    """The sentence with the last name of each path alone: ``orders.csv`` for all of its path."""
    return _PATH.sub(lambda found: found[0].rstrip("/.").rpartition("/")[2], text)
