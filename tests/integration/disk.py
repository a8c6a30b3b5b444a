"""A file system that is soon full."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import pytest

from rig.hosts.shell import sh, wait_for

__all__ = ["small_disk"]


@contextmanager
def small_disk(folder: Path, size: str) -> Iterator[Path]:
    """A tmpfs of this size (``2m``) below ``folder``; skips where none can be mounted."""
    if os.geteuid() != 0:
        pytest.skip("only root can mount a small file system")
    disk = folder / "disk"
    disk.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", disk]
    mounted = subprocess.run(command, capture_output=True, text=True, check=False)
    if mounted.returncode != 0:
        pytest.skip(f"no mount here: {mounted.stderr.strip()}")
    try:
        yield disk
    finally:
        # Whoever looks through this machine meanwhile (a backup, a search) uses it for a moment.
        end, users = partial(_unmounts, disk), partial(_users, disk)
        wait_for(f"an end of all use of {disk}", end, seconds=30, explain=users)


def _unmounts(disk: Path) -> bool:
    return subprocess.run(["umount", disk], capture_output=True, check=False).returncode == 0


def _users(disk: Path) -> str:
    """Who holds a file of it open."""
    return sh("find", "/proc", "-maxdepth", "3", "-lname", f"{disk}/*", check=False).stdout
