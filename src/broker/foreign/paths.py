"""Paths that another program wrote: relative, and inside the folder that they are relative to."""

from __future__ import annotations

import os
import re
import unicodedata
from pathlib import Path

from .text import is_plain

__all__ = ["GENERATION_ID", "checked_path", "inside", "is_generation", "is_path"]

GENERATION_ID = r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{6}Z-[0-9a-f]{4}"  # as the broker names them
_MOST_BYTES = 1024
_MOST_BYTES_OF_A_NAME = 255
# What agents take for orders in whichever folder it stands, CLAUDE.local.md and the like included.
_OF_AGENTS = re.compile(r"(agents|claude|gemini)(\..*)?\.md", re.IGNORECASE)
_GENERATION = re.compile(GENERATION_ID)


def checked_path(text: str) -> str:
    """The path, if it is one that a broker writes; raises ``ValueError``."""
    if not is_path(text):
        raise ValueError(
            "expected a relative path: names between single slashes, without '..', backslashes, "
            "control or invisible characters, and none that agents read as orders"
        )
    return text


def is_path(text: str) -> bool:
    """Names between single slashes. Not one of them says another folder, or looks like another."""
    return (
        is_plain(text)
        and "\\" not in text
        and len(text.encode()) <= _MOST_BYTES
        and unicodedata.normalize("NFC", text) == text
        and all(map(_is_name, text.split("/")))
    )


def _is_name(name: str) -> bool:
    return (
        name == name.strip(" ")
        and not name.startswith((".", "-"))
        and 0 < len(name.encode()) <= _MOST_BYTES_OF_A_NAME
        and _OF_AGENTS.fullmatch(name) is None
    )


def is_generation(text: str) -> bool:
    """Whether it is the name of a generation, as a broker gives it."""
    return _GENERATION.fullmatch(text) is not None


def inside(folder: Path, path: str) -> Path:
    """Where ``path`` is, all links followed but its own; raises ``ValueError`` outside ``folder``.

    ``path`` may be any text, such as a name that a listing of the folder gave.
    """
    place = folder / path
    parent = Path(os.path.realpath(place.parent))
    root = Path(os.path.realpath(folder))
    if place.name in ("", "..") or (parent != root and root not in parent.parents):
        raise ValueError(f"a path leads out of its folder: {place.name!r}")
    return parent / place.name
