"""What SQLite says, as a sentence for the person who has to mend it."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from ...errors import PortalStateError

__all__ = ["damaged", "state_error"]

_FULL = ("disk is full",)
_BUSY = ("is locked", "is busy")
_DAMAGED = ("malformed", "not a database", "disk i/o error", "no such table", "no such column")
_CLOSED = ("unable to open", "readonly", "authorization")


def state_error(error: BaseException, path: Path) -> PortalStateError | None:
    """The sentence for an error of SQLite; None where it is one of the program's own making.

    A row that breaks a rule of its table is such one (``IntegrityError``).
    """
    if not isinstance(error, sqlite3.DatabaseError) or isinstance(error, sqlite3.IntegrityError):
        return None
    text = str(error).lower()
    if any(words in text for words in _FULL):
        return PortalStateError(
            "the disk of the portal's database is full",
            where=str(path),
            remedy="Make room on it: nothing else is needed.",
        )
    if any(words in text for words in _BUSY):
        return PortalStateError(
            "another process writes to the portal's database for too long",
            where=str(path),
            remedy="Try again.",
        )
    if any(words in text for words in _CLOSED):
        return PortalStateError(
            "the portal's database cannot be opened",
            where=str(path),
            remedy="Look at the owner and the mode of the file and of its folder.",
        )
    return damaged(path) if any(words in text for words in _DAMAGED) else None


def damaged(path: Path, what: str = "is damaged") -> PortalStateError:
    """The file is not what the portal left there."""
    return PortalStateError(
        f"the portal's database {what}",
        where=str(path),
        remedy="Stop the portal, and restore the last backup: broker portal restore FILE.",
    )
