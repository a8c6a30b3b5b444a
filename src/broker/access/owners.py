"""Whether root alone may change a path that root or a laptop runs, or that leads to one. Pure."""

from __future__ import annotations

import os
import pwd
import stat
from collections.abc import Iterator

from .proof import Violation

__all__ = ["account", "others_write"]


def others_write(path: str, status: os.stat_result) -> Iterator[Violation]:
    """A violation for each account or group beside root that may change it.

    A link counts by its owner: its mode is not used. See symlink(7). Write access by an access
    list shows in the bits of the group, whichever group that is: see acl(5).
    """
    if status.st_uid != 0:
        yield Violation(account(status.st_uid), path, "belongs to it, and root or laptops run it")
    if stat.S_ISLNK(status.st_mode):
        return
    if status.st_mode & stat.S_IWOTH:
        yield Violation("everybody", path, "can write it, and root or laptops run it")
    elif status.st_mode & stat.S_IWGRP:
        yield Violation(f"group {status.st_gid}", path, "can write it, and root or laptops run it")


def account(uid: int) -> str:
    """How a violation names an account."""
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"uid {uid}"
