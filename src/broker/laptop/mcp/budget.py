"""Answers that a client takes whole: above 50,000 characters it shows the agent a part. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ...foreign.text import readable_json

__all__ = ["MOST_CHARACTERS", "fitted", "with_list"]

MOST_CHARACTERS = 45_000


def fitted(items: Sequence[Any], most: int) -> list[Any]:
    """As many from the beginning as have so many characters as JSON."""
    left, found = most, []
    for item in items:
        left -= len(readable_json(item)) + 2
        if left < 0:
            break
        found.append(item)
    return found


def with_list(answer: dict[str, Any], name: str, items: Sequence[Any], hint: str) -> str:
    """The answer as JSON with a list as its last value, which is cut where it would be too long.

    ``hint`` says how to see the rest.
    """
    room = MOST_CHARACTERS - len(readable_json(answer)) - len(hint) - 100
    kept = fitted(items, room)
    if len(kept) < len(items):
        answer = {**answer, "left_out": len(items) - len(kept), "hint": hint}
    return readable_json({**answer, name: kept})
