"""As Windows does it."""

from __future__ import annotations

import errno
import os
import sys
from pathlib import Path

__all__ = ["IS_WINDOWS", "inherited", "set_mode", "sync_folder", "try_lock", "user_id"]

IS_WINDOWS = True

if sys.platform == "win32":
    import msvcrt

    # Windows keeps others from reading what is locked: a byte that no file of ours has.
    _LOCKED_BYTE = 0x7FFF_FFF0

    def try_lock(descriptor: int) -> bool:
        """Take the lock of an open file; False where another process has it. It ends with this one.

        Raises ``OSError`` on a file system that knows no locks.
        """
        at = os.lseek(descriptor, 0, os.SEEK_CUR)
        os.lseek(descriptor, _LOCKED_BYTE, os.SEEK_SET)
        try:
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        except OSError as error:
            if error.errno not in (errno.EACCES, errno.EDEADLK):
                raise
            return False
        finally:
            os.lseek(descriptor, at, os.SEEK_SET)
        return True


def set_mode(descriptor: int, mode: int) -> None:
    """Nothing: what is in a person's folder is theirs alone by the rights of that folder."""


def sync_folder(path: Path) -> None:
    """Nothing: a folder cannot be opened here, and NTFS keeps a journal of renames."""


def inherited(*descriptors: int) -> tuple[int, ...]:  # noqa: ARG001  as on other systems
    """None of them: a lock is of one process here."""
    return ()


def user_id() -> int:
    """Raises ``OSError``: people have no number here."""
    raise OSError("Windows has no user ids")
