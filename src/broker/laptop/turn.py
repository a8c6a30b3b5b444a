"""One sync of a folder at a time."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager

from ..errors import LockedError
from .workspace import Workspace

__all__ = ["my_turn"]


@contextmanager
def my_turn(workspace: Workspace) -> Iterator[int]:
    """Hold the lock of this folder; raises ``LockedError`` where another sync has it.

    Gives its descriptor, for rsync to hold as well. The kernel gives the lock up when both are
    gone, however they end; ssh does not hold it longer, it closes what it inherits.
    """
    workspace.state.mkdir(exist_ok=True)
    with (workspace.state / "busy").open("a+") as busy:
        try:
            fcntl.flock(busy, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            busy.seek(0)
            process = busy.read(20).strip()
            raise LockedError(
                f"another sync (process {process}) is running in this folder",
                where=str(workspace.root),
            ) from None
        except OSError:  # a file system that knows no locks
            pass
        busy.truncate(0)
        busy.write(f"{os.getpid()}\n")
        busy.flush()
        yield busy.fileno()
