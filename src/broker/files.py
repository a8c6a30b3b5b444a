"""Atomic writes and advisory locks. Standard library only; knows nothing of the product."""

from __future__ import annotations

import errno
import fcntl
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from .errors import LockedError

__all__ = ["fsync_dir", "lock", "make_dir", "write_atomic"]


def write_atomic(path: Path, data: bytes | str, *, mode: int, gid: int | None = None) -> None:
    """Replace ``path`` by ``data`` in one rename; a reader sees the old bytes or the new ones.

    Mode and group are set on the descriptor before the rename, so neither the umask nor a
    crash can publish a file with other rights. Raises ``OSError`` and leaves ``path`` as it was.
    """
    content = data.encode() if isinstance(data, str) else data
    descriptor, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(content)
            stream.flush()
            if gid is not None:
                os.fchown(stream.fileno(), -1, gid)
            os.fchmod(stream.fileno(), mode)
            os.fsync(stream.fileno())
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    fsync_dir(path.parent)


def make_dir(path: Path, *, mode: int, gid: int | None = None) -> None:
    """Make one folder (its parent must stand) with exactly this mode and group; no-op if so."""
    try:
        path.mkdir()
    except FileExistsError:
        if not path.is_dir():
            raise
    stat = path.stat()
    if gid is not None and stat.st_gid != gid:
        os.chown(path, -1, gid)
    if stat.st_mode & 0o7777 != mode or gid is not None:
        path.chmod(mode)  # after chown, which clears setgid


def fsync_dir(path: Path) -> None:
    """Make the entries of a folder durable: a rename is not, until its folder is synced."""
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def lock(path: Path, *, purpose: str) -> Iterator[None]:
    """Hold an exclusive lock that the kernel drops when the process ends, however it ends.

    Raises ``LockedError`` at once when somebody else holds it; ``purpose`` says what they do.
    """
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            if error.errno not in (errno.EWOULDBLOCK, errno.EACCES):
                raise
            raise LockedError(
                f"another process is already busy with {purpose}",
                where=str(path),
                remedy="Wait for it to end, then try again.",
            ) from error
        yield
    finally:
        os.close(descriptor)
