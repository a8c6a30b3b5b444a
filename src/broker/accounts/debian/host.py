"""A host that is looked after: this one, or what a test puts in its place."""

from __future__ import annotations

from dataclasses import dataclass, field

from ..records.paths import HostPaths
from .system import DebianSystem, System

__all__ = ["Host"]


@dataclass(frozen=True, slots=True)
class Host:
    """Where the files of a host are, and the tools that change its accounts."""

    layout: HostPaths = field(default_factory=HostPaths)
    system: System = field(default_factory=DebianSystem)
