"""A copy of the database as it is at one moment, made while the portal writes."""

from __future__ import annotations

import os
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import IO

from ...errors import PortalStateError
from ...files import fsync_dir, lock
from .abandoned import keep_locked, remove_abandoned
from .problems import damaged, state_error

__all__ = ["back_up", "stream_backup"]

_PREFIX = ".backup-"
_SETTING_UP_SECONDS = 60.0


def back_up(database: Path, target: Path) -> None:
    """Write a copy, readable to its owner alone, in the place of ``target`` in one rename.

    Raises ``PortalStateError`` where the database cannot be read or is damaged; ``target`` stays
    then.
    """
    descriptor, name = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
    os.close(descriptor)  # of mode 0600
    arriving = Path(name)
    try:
        _copy(database, arriving)
        with arriving.open("rb") as stream:
            os.fsync(stream.fileno())
        arriving.replace(target)
    except sqlite3.DatabaseError as error:
        raise (state_error(error, database) or error) from error
    finally:
        arriving.unlink(missing_ok=True)
    fsync_dir(target.parent)


def stream_backup(database: Path, target: IO[bytes]) -> None:
    """The same copy, written to a stream; meanwhile it stands in the folder of the database.

    What killed backups left there is removed. Raises ``PortalStateError`` as ``back_up`` does.
    """
    try:
        with _own_folder(database) as folder:
            copy = folder / "copy"
            back_up(database, copy)
            with copy.open("rb") as stream:
                shutil.copyfileobj(stream, target)
        target.flush()
    except OSError as error:
        raise PortalStateError(
            "the backup cannot be written",
            where=str(error.filename or database.parent),
            found=error.strerror,
            remedy="Make room where it is written, and in the folder of the database; or look at "
            "the owner and mode of that folder and of what is in it.",
        ) from error


@contextmanager
def _own_folder(database: Path) -> Iterator[Path]:
    """A folder beside the database, which is gone afterwards.

    No other backup looks for what was left until this one has its lock.
    """
    with lock(
        database.with_suffix(".backing-up"),
        purpose="the beginning of a backup",
        wait_seconds=_SETTING_UP_SECONDS,
    ):
        remove_abandoned(database.parent, _PREFIX)
        folder = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=database.parent))
        descriptor = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
        keep_locked(descriptor)
    try:
        yield folder
    finally:
        shutil.rmtree(folder)
        os.close(descriptor)


def _copy(database: Path, arriving: Path) -> None:
    if not database.is_file():
        raise PortalStateError("there is no database of a portal", where=str(database))
    with (
        closing(sqlite3.connect(f"{database.absolute().as_uri()}?mode=ro", uri=True)) as source,
        closing(sqlite3.connect(arriving)) as copy,
    ):
        source.backup(copy)
        copy.execute("PRAGMA journal_mode=DELETE")  # one file, complete in itself
        if copy.execute("PRAGMA quick_check(1)").fetchone() != ("ok",):
            raise damaged(database)
