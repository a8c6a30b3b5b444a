"""What else is known of a held table: some keys that it would lose, or who could read it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ..errors import PublishError
from ..foreign.strict_json import parse_json
from ..publish import Generation, Status, TableEntry, Widening

__all__ = ["lost_keys", "note", "widening_of"]

_LOST_KEYS = "lost_keys"


def note(keys: Sequence[Mapping[str, Any]]) -> Mapping[str, Any]:
    """What a table's metadata says of them: key values are row values, and stand nowhere else."""
    return {_LOST_KEYS: keys} if keys else {}


def lost_keys(generation: Generation, entry: TableEntry) -> list[dict[str, Any]]:
    """Read them back; none where the table is not held, or the caller may not read it."""
    if entry.status is not Status.HELD:
        return []
    path = generation.path / f"metadata/{entry.path}.json"
    try:
        return _keys(parse_json(generation.read(f"metadata/{entry.path}.json"), rows=True))
    except OSError:
        return []
    except ValueError as error:
        raise PublishError(
            "the metadata of a table cannot be read",
            where=str(path),
            found=str(error),
            remedy="See `broker verify`, then run the sync again.",
        ) from error


def widening_of(generation: Generation, entry: TableEntry) -> Widening | None:
    """The change of readers that holds a table, if that does and the caller may read it."""
    if entry.status is not Status.HELD:
        return None
    try:
        return generation.memory.widenings.get(entry.id)
    except PublishError as error:
        if isinstance(error.__cause__, PermissionError):
            return None
        raise


def _keys(metadata: Any) -> list[dict[str, Any]]:
    keys = metadata.get(_LOST_KEYS, []) if isinstance(metadata, dict) else None
    if not isinstance(keys, list) or not all(isinstance(key, dict) for key in keys):
        raise ValueError(f"{_LOST_KEYS} is not a list of keys")
    return keys
