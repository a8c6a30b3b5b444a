"""A control group per host where no systemd outside gives it one.

Hosts that shared one would each see the other's units in it, and stop or wait for them.
"""

from __future__ import annotations

from pathlib import Path

__all__ = ["make", "remove"]

_ROOT = Path("/sys/fs/cgroup")


def _hierarchies() -> list[Path]:
    """Where systemd keeps its groups: one tree, or two where version 1 is mounted beside."""
    beside = [_ROOT / name for name in ("systemd", "unified")]
    return [path for path in beside if path.is_dir()] or [_ROOT]


def make(name: str) -> list[Path]:
    """The group's membership files; a process that writes its number there is in."""
    files = []
    for hierarchy in _hierarchies():
        (hierarchy / name).mkdir(exist_ok=True)
        files.append(hierarchy / name / "cgroup.procs")
    return files


def remove(pattern: str) -> None:
    """Remove groups by name and those below them, all without processes by now."""
    for hierarchy in _hierarchies():
        for group in hierarchy.glob(pattern):
            for folder in sorted([group, *filter(Path.is_dir, group.rglob("*"))], reverse=True):
                folder.rmdir()
