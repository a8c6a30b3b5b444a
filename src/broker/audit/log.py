"""Writing: a line at the end of the file that root owns, and the same to the journal."""

from __future__ import annotations

import errno
import grp
import os
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from ..errors import BrokerError
from ..hostpaths import AUDIT_LOG
from .event import Event, render_event
from .journal import send
from .pending import keep, kept, pending_of

__all__ = ["READERS", "append", "append_or_keep", "note", "settle"]

READERS = "adm"  # Debian's group of those who read logs
_FILE_MODE = 0o640
_FOLDER_MODE = 0o750


def note(event: Event, log: Path = AUDIT_LOG) -> None:
    """Write one event. Raises ``BrokerError`` where it cannot be written."""
    append([event], log)


def append(events: Sequence[Event], log: Path) -> None:
    """Write events in one piece, on the disk when this returns, then in the journal.

    Raises ``BrokerError``: an act that gives rights must leave a trace, or not happen.
    """
    try:
        _append(_rendered(events), log)
    except OSError as error:
        raise BrokerError(
            "the audit log cannot be written, so nothing was done",
            where=str(log),
            found=error.strerror,
            remedy="Fix that, then try again: an act without a trace must not happen.",
        ) from error
    _send(events, log)


def append_or_keep(events: Sequence[Event], log: Path) -> str | None:
    """Write events, or keep them until the file can be written; the journal has them at once.

    For acts that take rights: a full disk must not hold them up. Returns one sentence when the
    lines are missing in the file, and None otherwise.
    """
    lines, problem = _rendered(events), None
    try:
        _append(lines, log)
    except OSError as error:
        problem = _kept(lines, log, error.strerror or str(error))
    _send(events, log)
    return problem


def settle(log: Path) -> None:
    """Write what was kept, where that is possible now."""
    if pending_of(log).exists():
        with suppress(OSError):
            _append(b"", log)


def _rendered(events: Sequence[Event]) -> bytes:
    return "".join(f"{render_event(event)}\n" for event in events).encode()


def _send(events: Sequence[Event], log: Path) -> None:
    for event in events if log == AUDIT_LOG else ():
        send(event)


def _append(lines: bytes, log: Path) -> None:
    with kept(log) as waiting:
        descriptor = _open(log)
        try:
            _write(descriptor, waiting + lines)
        finally:
            os.close(descriptor)


def _kept(lines: bytes, log: Path, reason: str) -> str:
    place = str(pending_of(log))
    try:
        with keep(lines, log) as descriptor:
            _give(descriptor, _FILE_MODE)
    except OSError as error:
        place = f"the journal alone ({pending_of(log)}: {error.strerror})"
    return (
        f"the audit log {log} cannot be written ({reason}); the lines of this act are in {place} "
        "until it can. Make room, then run: broker audit"
    )


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
    _refuse_full(descriptor, size, len(content))
    while content:
        content = content[os.write(descriptor, content) :]
    os.fsync(descriptor)


def _refuse_full(descriptor: int, size: int, more: int) -> None:
    """A disk that takes half a line would leave it there: the file may only be appended to."""
    disk = os.fstatvfs(descriptor)
    block = disk.f_frsize
    needed = -(-(size + more) // block) - -(-size // block)
    if disk.f_blocks and needed > disk.f_bfree:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
