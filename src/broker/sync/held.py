"""Some keys that a held table would lose, told to those alone who may read the table."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from ..publish import Generation, Status, TableEntry

__all__ = ["lost_keys", "note"]

_LOST_KEYS = "lost_keys"


def note(keys: Sequence[Mapping[str, Any]]) -> Mapping[str, Any]:
    """What a table's metadata says of them: key values are row values, and stand nowhere else."""
    return {_LOST_KEYS: keys} if keys else {}


def lost_keys(generation: Generation, entry: TableEntry) -> list[dict[str, Any]]:
    """Read them back; none where the table is not held, or the caller may not read it."""
    if entry.status is not Status.HELD:
        return []
    try:
        told = json.loads(generation.read(f"metadata/{entry.path}.json"))
    except OSError:
        return []
    keys: list[dict[str, Any]] = told.get(_LOST_KEYS, [])
    return keys
