"""Writing: a line at the end of the file that root owns, and the same to the journal."""

from __future__ import annotations

import grp
import os
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from ..errors import BrokerError
from .event import Event, render_event
from .journal import send

__all__ = ["LOG", "READERS", "append", "note"]

LOG = Path("/var/log/data-broker/audit.jsonl")
READERS = "adm"  # Debian's group of those who read logs
_FILE_MODE = 0o640
_FOLDER_MODE = 0o750


def note(event: Event, log: Path = LOG) -> None:
    """Write one event. Raises ``BrokerError`` where it cannot be written."""
    append([event], log)


def append(events: Sequence[Event], log: Path) -> None:
    """Write events in one piece, on the disk when this returns, then tell the journal.

    Raises ``BrokerError``: an act that leaves no trace must not happen.
    """
    lines = "".join(f"{render_event(event)}\n" for event in events)
    try:
        descriptor = _open(log)
        try:
            _write(descriptor, lines.encode())
        finally:
            os.close(descriptor)
    except OSError as error:
        raise BrokerError(
            "the audit log cannot be written, so nothing was done",
            where=str(log),
            found=error.strerror,
            remedy="Mend that, then try again: an act without a trace must not happen.",
        ) from error
    if log == LOG:
        for event in events:
            send(event)


def _open(log: Path) -> int:
    _make_folder(log.parent)
    flags = os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
    descriptor = os.open(log, flags, _FILE_MODE)
    if os.fstat(descriptor).st_size == 0:
        _give(descriptor, _FILE_MODE)
    return descriptor


def _make_folder(folder: Path) -> None:
    if folder.is_dir():
        return
    folder.mkdir(parents=True)
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        _give(descriptor, _FOLDER_MODE)
    finally:
        os.close(descriptor)


def _give(descriptor: int, mode: int) -> None:
    """Readable to those who read logs, whatever umask and group its maker has."""
    with suppress(KeyError, PermissionError):
        os.fchown(descriptor, -1, grp.getgrnam(READERS).gr_gid)
    with suppress(PermissionError):
        os.fchmod(descriptor, mode)


def _write(descriptor: int, content: bytes) -> None:
    """After a line that a crash cut off, begin a new one: the cut one stays as evidence."""
    size = os.fstat(descriptor).st_size
    if size and os.pread(descriptor, 1, size - 1) != b"\n":
        content = b"\n" + content
    while content:
        content = content[os.write(descriptor, content) :]
    os.fsync(descriptor)
