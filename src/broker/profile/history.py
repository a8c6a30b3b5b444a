"""How a table's numbers went from version to version. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

__all__ = ["continued"]

_MOST = 90  # versions


def continued(
    before: Sequence[Mapping[str, Any]], version: str, generation: str, now: Mapping[str, Any]
) -> list[Mapping[str, Any]]:
    """The history with this version at its end; as it was where its end is this version.

    ``version`` names what the files hold, ``generation`` the first one that had it; ``now`` has
    ``rows`` and ``nulls``, by column.
    """
    if before and before[-1].get("version") == version:
        return [*before[:-1], {**before[-1], **now}]
    return [*before, {"version": version, "generation": generation, **now}][-_MOST:]
