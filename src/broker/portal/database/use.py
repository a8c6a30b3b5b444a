"""Who uses the database: portals side by side, or a restore alone. The kernel drops either."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path
from typing import IO

from ...errors import PortalStateError

__all__ = ["alone_with", "use_of"]


def use_of(database: Path) -> IO[bytes]:
    """Take part in the use of a database, until the file is closed.

    Raises ``PortalStateError`` while it is being restored.
    """
    return _taken(
        database,
        fcntl.LOCK_SH,
        "the portal's database is being restored",
        "Nothing else is needed: it is used again when that has ended.",
    )


def alone_with(database: Path) -> IO[bytes]:
    """Keep every portal off a database, until the file is closed.

    Raises ``PortalStateError`` where one uses it.
    """
    return _taken(
        database,
        fcntl.LOCK_EX,
        "the portal runs, and uses its database",
        "Stop it: systemctl stop broker-portal.socket broker-portal.service",
    )


def _taken(database: Path, kind: int, problem: str, remedy: str) -> IO[bytes]:
    path = database.with_suffix(".use")
    try:
        file = os.fdopen(os.open(path, os.O_RDONLY | os.O_CREAT | os.O_CLOEXEC, 0o600), "rb")
    except OSError as error:
        raise PortalStateError(
            "the portal's database cannot be used",
            where=str(path),
            found=error.strerror,
            remedy="Make room on its disk, or look at the owner and mode of it and of its folder.",
        ) from error
    try:
        fcntl.flock(file, kind | fcntl.LOCK_NB)
    except BlockingIOError as error:
        file.close()
        raise PortalStateError(problem, where=str(database), remedy=remedy) from error
    return file
