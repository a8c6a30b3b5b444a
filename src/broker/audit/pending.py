"""Lines that the log's file could not take yet, kept in memory until it can.

They are in ``/run``, which a full disk does not fill. The journal has them, too.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ..hostpaths import AUDIT_LOG, RUN

__all__ = ["keep", "kept", "pending_of"]

_PENDING = RUN / "data-broker-audit.pending"
_FLAGS = os.O_RDWR | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC


def pending_of(log: Path) -> Path:
    """Where the lines of this log wait; a log of another place has them beside it."""
    return _PENDING if log == AUDIT_LOG else log.with_name(f"{log.name}.pending")


@contextmanager
def keep(lines: bytes, log: Path) -> Iterator[int]:
    """Keep lines behind those that wait already, and give the open file. Raises ``OSError``."""
    descriptor = os.open(pending_of(log), _FLAGS | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        _write(descriptor, lines)
        yield descriptor
    finally:
        os.close(descriptor)


def _write(descriptor: int, lines: bytes) -> None:
    """All of the lines, or none of them where the memory is full."""
    size = os.fstat(descriptor).st_size
    try:
        while lines:
            lines = lines[os.write(descriptor, lines) :]
    except OSError:
        os.ftruncate(descriptor, size)
        raise


@contextmanager
def kept(log: Path) -> Iterator[bytes]:
    """The lines that wait. They are dropped when the block ends well: it has written them."""
    try:
        descriptor = os.open(pending_of(log), _FLAGS)
    except FileNotFoundError:
        yield b""
        return
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield os.pread(descriptor, os.fstat(descriptor).st_size, 0)
        os.ftruncate(descriptor, 0)
    finally:
        os.close(descriptor)
