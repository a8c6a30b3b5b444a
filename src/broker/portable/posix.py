"""As Linux and macOS do it."""

from __future__ import annotations

import errno
import os
import sys
from pathlib import Path

__all__ = ["IS_WINDOWS", "inherited", "set_mode", "sync_folder", "try_lock", "user_id"]

IS_WINDOWS = False

if sys.platform != "win32":
    import fcntl

    def try_lock(descriptor: int) -> bool:
        """Take the lock of an open file; False where another process has it. It ends with this one.

        Raises ``OSError`` on a file system that knows no locks.
        """
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            if error.errno not in (errno.EWOULDBLOCK, errno.EACCES):
                raise
            return False
        return True

    def set_mode(descriptor: int, mode: int) -> None:
        """Give an open file this mode."""
        os.fchmod(descriptor, mode)

    def sync_folder(path: Path) -> None:
        """Make the entries of a folder durable: a rename is not, until its folder is synced."""
        descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def inherited(*descriptors: int) -> tuple[int, ...]:
        """Of open files, those that a new process can be given: its ``pass_fds``."""
        return descriptors

    def user_id() -> int:
        """The number of this person."""
        return os.getuid()
