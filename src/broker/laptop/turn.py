"""One sync of a folder at a time."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

from ..errors import LockedError
from ..portable import try_lock
from .workspace import Workspace

__all__ = ["my_turn"]


@contextmanager
def my_turn(workspace: Workspace) -> Iterator[int]:
    """Hold the lock of this folder; raises ``LockedError`` where another sync has it.

    Gives its descriptor, for rsync to hold as well where the system can do that. The kernel gives
    the lock up when both are gone, however they end; ssh does not hold it longer, it closes what it
    inherits.
    """
    workspace.state.mkdir(exist_ok=True)
    with (workspace.state / "busy").open("a+") as busy:
        try:
            is_mine = try_lock(busy.fileno())
        except OSError:  # a file system that knows no locks
            is_mine = True
        if not is_mine:
            busy.seek(0)
            process = busy.read(20).strip()
            raise LockedError(
                f"another sync (process {process}) is running in this folder",
                where=str(workspace.root),
            )
        busy.truncate(0)
        busy.write(f"{os.getpid()}\n")
        busy.flush()
        yield busy.fileno()
