"""A control group per host where no systemd outside gives it one.

Hosts that shared one would each see the other's units in it, and stop or wait for them.
"""

from __future__ import annotations

from contextlib import suppress
from functools import partial
from pathlib import Path

from .shell import wait_for

__all__ = ["make", "remove"]

_ROOT = Path("/sys/fs/cgroup")


def _hierarchies() -> list[Path]:
    """Where systemd keeps its groups: one tree, or several where version 1 is mounted beside."""
    beside = [_ROOT / name for name in ("systemd", "unified", "memory")]
    return [path for path in beside if path.is_dir()] or [_ROOT]


def make(name: str) -> list[Path]:
    """The group's membership files; a process that writes its number there is in."""
    files = []
    for hierarchy in _hierarchies():
        (hierarchy / name).mkdir(exist_ok=True)
        files.append(hierarchy / name / "cgroup.procs")
    return files


def remove(pattern: str) -> None:
    """Remove groups by name and those below them, when their last processes have left."""
    gone = partial(_removed, pattern)
    wait_for(f"the end of the control groups {pattern}", gone, seconds=10)


def _removed(pattern: str) -> bool:
    groups = [group for hierarchy in _hierarchies() for group in hierarchy.glob(pattern)]
    for group in groups:
        for folder in sorted([group, *filter(Path.is_dir, group.rglob("*"))], reverse=True):
            with suppress(OSError):  # busy: a process is still on its way out
                folder.rmdir()
    return not groups
