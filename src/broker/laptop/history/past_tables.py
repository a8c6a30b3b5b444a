"""A table through the generations: what it was called, and why it may not be there. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from ...errors import LaptopError, nearest
from ..workspace import CHOSEN
from .kept_generations import KeptGeneration

__all__ = ["absence", "table_named", "view_of"]


def table_named(name: str, generations: Sequence[KeptGeneration]) -> str:
    """The id of the table that a person names by its view, its path or its id.

    Case does not count. Raises ``LaptopError`` with what was probably wanted. The first of the
    generations that has one of the name decides.
    """
    wanted, known = name.lower(), dict[str, str]()
    for generation in generations:
        names = _names(generation)
        if wanted in names:
            return names[wanted]
        known = names | known
    near = nearest(wanted, known)
    raise LaptopError(
        "there is no such table",
        found=name,
        remedy=f"Did you mean {near}?" if near else "SHOW TABLES lists those of now.",
    )


def _names(generation: KeptGeneration) -> dict[str, str]:
    views, found = generation.manifest.view_names, dict[str, str]()
    tables = generation.manifest.tables
    found |= {entry.id.lower(): entry.id for entry in tables}
    found |= {entry.path.replace("/", ".").lower(): entry.id for entry in tables}
    found |= {entry.path.lower(): entry.id for entry in tables}
    return found | {views[entry.path].lower(): entry.id for entry in tables}


def view_of(table_id: str, generations: Sequence[KeptGeneration]) -> str:
    """The name of its view in the first of the generations that has it; its id in none."""
    for generation in generations:
        entry = generation.table(table_id)
        if entry is not None:
            return generation.manifest.view_names[entry.path]
    return table_id


def absence(generation: KeptGeneration, view: str) -> str:
    """Why a table is not in a generation, as a sentence without its end."""
    if (generation.tree / CHOSEN).exists():
        return f"{view} is not on this laptop in generation {generation.title}"
    return f"{view} is not in generation {generation.title}"
