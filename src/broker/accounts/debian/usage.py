"""How much each analyst keeps on the host."""

from __future__ import annotations

from ..records.paths import HostPaths
from ..records.registry import parse_registry
from .homes import space_of

__all__ = ["spaces"]


def spaces(layout: HostPaths) -> dict[str, dict[str, int] | None] | None:
    """``bytes`` and ``files`` of ``user/``, by name; None for a reader who may not look.

    Raises ``BrokerError`` for a list of analysts that cannot be read.
    """
    try:
        text = layout.at(layout.registry).read_text(encoding="utf-8")
    except (FileNotFoundError, PermissionError):
        return None
    names = parse_registry(text, where=str(layout.registry)).by_name()
    return {name: space_of(layout.at(layout.homes), name) for name in names}
