"""When the last backup of the database was made: a note in its folder, which the portal reads."""

from __future__ import annotations

import json
import os
import stat
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from ...errors import PortalStateError
from ...files import write_atomic
from ...foreign.strict_json import parse_json

__all__ = ["MOST_AGE", "BackupNote", "BackupStanding", "read_note", "write_note"]

MOST_AGE = timedelta(days=7)
_MOST_BYTES = 65_536
_KEYS = {"at", "file", "bytes"}
_CLOCK = timedelta(minutes=1)  # of a clock that is being set right
_AGAIN = "Make a backup, which writes another note: sudo broker portal backup FILE"


@dataclass(frozen=True, slots=True)
class BackupNote:
    """``at`` is the moment that the backup is of, ``file`` where it was written, with ``bytes``."""

    at: datetime
    file: str
    bytes: int


@dataclass(frozen=True, slots=True)
class BackupStanding:
    """The last backup at one moment. ``note`` is None where none was made on this host, and where
    a ``problem`` says why that is not known."""

    note: BackupNote | None
    is_old: bool = False
    problem: str = ""

    @classmethod
    def of(cls, database: Path, now: datetime) -> BackupStanding:
        """That of the database at this path; old is more than ``MOST_AGE``."""
        try:
            note = read_note(database, now)
        except PortalStateError as error:
            return cls(None, problem=str(error))
        return cls(note, is_old=note is not None and now - note.at > MOST_AGE)


def write_note(database: Path, note: BackupNote) -> None:
    """Replace the note in the folder of the database. Raises ``OSError``."""
    facts = {"at": note.at.astimezone(UTC).isoformat(), "file": note.file, "bytes": note.bytes}
    write_atomic(_place(database), json.dumps(facts) + "\n", mode=0o600)


def read_note(database: Path, now: datetime) -> BackupNote | None:
    """The note, or None if no backup was made.

    Raises ``PortalStateError`` for one that cannot be read, is damaged, of another account than
    this process, or later than ``now``.
    """
    path = _place(database)
    try:
        note = _parsed(_content(path))
    except FileNotFoundError:
        return None
    except OSError as error:
        raise PortalStateError(
            "the note of the last backup cannot be read",
            where=str(path),
            found=error.strerror,
            remedy="Look at the folder: it and all in it belong to the account of the portal.",
        ) from error
    except (ValueError, OverflowError) as error:  # a year that has no moment in UTC, too
        raise PortalStateError(
            "the note of the last backup is damaged",
            where=str(path),
            found=str(error),
            remedy=_AGAIN,
        ) from error
    if note.at > now + _CLOCK:
        raise PortalStateError(
            "the last backup is of a moment that is yet to come",
            where=str(path),
            expected=f"at most {now:%Y-%m-%d %H:%M} UTC",
            found=f"{note.at:%Y-%m-%d %H:%M} UTC",
            remedy=f"Look at the clock of the host. {_AGAIN}",
        )
    return note


def _place(database: Path) -> Path:
    return database.with_suffix(".backup.json")


def _content(path: Path) -> bytes:
    """A little more than a note may have at most, without following a link or waiting for a pipe.

    Raises ``PortalStateError`` for a file of another account, ``ValueError`` for another thing.
    """
    found = path.lstat()  # one of another account may be closed to this one
    if found.st_uid != os.geteuid():
        raise PortalStateError(
            "the note of the last backup belongs to another account",
            where=str(path),
            expected=f"the account with the number {os.geteuid()}",
            found=f"the account with the number {found.st_uid}",
            remedy=f"Remove it. {_AGAIN}",
        )
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise ValueError("it is not a file")
        return os.read(descriptor, _MOST_BYTES + 1)
    finally:
        os.close(descriptor)


def _parsed(content: bytes) -> BackupNote:
    """Raises ``ValueError`` for what no broker writes."""
    if len(content) > _MOST_BYTES:
        raise ValueError(f"it is longer than {_MOST_BYTES:,} bytes")
    facts = parse_json(content)
    if not isinstance(facts, dict) or facts.keys() != _KEYS:
        raise ValueError(f"it is not an object of {', '.join(sorted(_KEYS))}")
    at, file, size = facts["at"], facts["file"], facts["bytes"]
    if not isinstance(at, str) or not isinstance(file, str) or not file:
        raise ValueError("at or file is not a text")
    if type(size) is not int or size < 1:
        raise ValueError("bytes is not a number of bytes")
    moment = datetime.fromisoformat(at)
    if moment.tzinfo is None:
        raise ValueError("at has no zone")
    return BackupNote(moment.astimezone(UTC), file, size)
