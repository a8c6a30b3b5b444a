"""Whether root alone may change a path that root or a laptop runs, or that leads to one. Pure."""

from __future__ import annotations

import os
import pwd
import stat
from collections.abc import Iterator

from .proof import Finding

__all__ = ["others_write"]


def others_write(path: str, status: os.stat_result) -> Iterator[Finding]:
    """A finding for each account or group beside root that may change it.

    A link counts by its owner: its mode is not used. See symlink(7).
    """
    if status.st_uid != 0:
        yield Finding(_name(status.st_uid), path, "belongs to it, and root or laptops run it")
    if stat.S_ISLNK(status.st_mode):
        return
    shared = status.st_mode & stat.S_ISVTX and stat.S_ISDIR(status.st_mode)
    if status.st_mode & stat.S_IWOTH and not shared:
        yield Finding("everybody", path, "can write it, and root or laptops run it")
    elif status.st_mode & stat.S_IWGRP and status.st_gid != 0 and not shared:
        yield Finding(f"group {status.st_gid}", path, "can write it, and root or laptops run it")


def _name(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"uid {uid}"
