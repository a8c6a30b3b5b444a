"""Atomic writes and advisory locks, also on Windows. Standard library only."""

from __future__ import annotations

import errno
import os
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from .errors import LockedError
from .portable import set_mode, sync_folder, try_lock

__all__ = [
    "fsync_dir",
    "link_beside",
    "lock",
    "make_dir",
    "remove_leftovers",
    "replace_link",
    "write_atomic",
    "write_beside",
    "write_when_full",
]

_POLL_SECONDS = 0.05
_FULL = frozenset({errno.ENOSPC, errno.EDQUOT})
# A child holds its parent's locks from fork until exec closes them: where the parent was killed in
# between, its lock ends some milliseconds after it, on a busy machine some hundred.
_HANDOVER_SECONDS = 1.0


def write_atomic(
    path: Path,
    data: bytes | str,
    *,
    mode: int,
    uid: int | None = None,
    gid: int | None = None,
    durable: bool = True,
) -> None:
    """Replace ``path`` by ``data`` in one rename; a reader sees the old bytes or the new ones.

    Mode, owner and group are set on the descriptor before the rename, so neither the umask nor a
    crash can publish a file with other rights. Raises ``OSError`` and leaves ``path`` as it was.
    Who writes hundreds and is not ``durable`` in each calls ``os.sync`` once after the last.
    """
    arriving = write_beside(path, data, mode=mode, uid=uid, gid=gid, durable=durable)
    try:
        arriving.replace(path)
    except BaseException:
        arriving.unlink(missing_ok=True)
        raise
    if durable:
        fsync_dir(path.parent)


def write_beside(
    path: Path,
    data: bytes | str,
    *,
    mode: int,
    uid: int | None = None,
    gid: int | None = None,
    durable: bool = True,
) -> Path:
    """All of ``write_atomic`` but the rename: the new file, beside ``path``, that is to replace it.

    Raises ``OSError`` and leaves nothing.
    """
    content = data.encode() if isinstance(data, str) else data
    descriptor, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(content)
            stream.flush()
            if sys.platform != "win32" and (uid is not None or gid is not None):
                os.fchown(stream.fileno(), -1 if uid is None else uid, -1 if gid is None else gid)
            set_mode(stream.fileno(), mode)
            if durable:
                os.fsync(stream.fileno())
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    return Path(name)


def write_when_full(path: Path, data: bytes | str, *, mode: int, durable: bool = True) -> None:
    """As ``write_atomic``; on a full disk, over the old bytes where the new ones fit in them.

    For files that lose entries when rights are taken. Raises ``OSError``. A crash of the whole
    machine in the middle of it can leave the new bytes with the end of the old ones.
    """
    content = data.encode() if isinstance(data, str) else data
    try:
        write_atomic(path, content, mode=mode, durable=durable)
    except OSError as error:
        if error.errno not in _FULL or not _overwrite(path, content, mode):
            raise


def _overwrite(path: Path, content: bytes, mode: int) -> bool:
    """False, with nothing changed, where that would take more room or change another file."""
    if sys.platform == "win32":
        return False
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    try:
        found = os.fstat(descriptor)
        if found.st_nlink != 1 or len(content) > max(found.st_size, found.st_blocks * 512):
            return False
        os.fchmod(descriptor, mode)
        written = 0
        while written < len(content):
            written += os.pwrite(descriptor, content[written:], written)
        os.ftruncate(descriptor, len(content))
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    return True


def remove_leftovers(path: Path) -> None:
    """Remove what a killed run left beside ``path``. For who holds the lock of its writers."""
    for left in path.parent.glob(f".{path.name}.*"):
        left.unlink(missing_ok=True)


def make_dir(path: Path, *, mode: int, gid: int | None = None) -> None:
    """Make one folder (its parent must stand) with exactly this mode and group; no-op if so."""
    try:
        path.mkdir()
    except FileExistsError:
        if not path.is_dir():
            raise
    stat = path.stat()
    if sys.platform != "win32" and gid is not None and stat.st_gid != gid:
        os.chown(path, -1, gid)
    if stat.st_mode & 0o7777 != mode or gid is not None:
        path.chmod(mode)  # after chown, which clears setgid


def fsync_dir(path: Path) -> None:
    """Make the entries of a folder durable: a rename is not, until its folder is synced."""
    sync_folder(path)


def replace_link(path: Path, target: Path | str, *, durable: bool = True) -> None:
    """Point the symbolic link ``path`` at ``target`` in one rename.

    The caller holds a lock: the name of the link on its way (``.NAME.new``) is fixed, so that
    what a killed process left is replaced and not collected. It is made ``durable`` unless the
    caller makes hundreds that the next run would make again.
    """
    link_beside(path, target).replace(path)
    if durable:
        fsync_dir(path.parent)


def link_beside(path: Path, target: Path | str) -> Path:
    """All of ``replace_link`` but the rename: the new link, beside ``path``."""
    arriving = path.with_name(f".{path.name}.new")
    arriving.unlink(missing_ok=True)
    arriving.symlink_to(target)
    return arriving


@contextmanager
def lock(path: Path, *, purpose: str, wait_seconds: float = _HANDOVER_SECONDS) -> Iterator[None]:
    """Hold an exclusive lock that the kernel drops when the process ends, however it ends.

    Raises ``LockedError`` when another process still holds it after ``wait_seconds``;
    ``purpose`` says what that process does. The default waits only for what a killed holder had
    begun to start.
    """
    # Opened for reading: closing it is then not a change for watchers of its folder.
    descriptor = os.open(path, os.O_RDONLY | os.O_CREAT, 0o600)
    try:
        deadline = time.monotonic() + wait_seconds
        while not try_lock(descriptor):
            if time.monotonic() >= deadline:
                raise LockedError(
                    f"another process is already busy with {purpose}",
                    where=str(path),
                    remedy="Wait for it to end, then try again.",
                )
            time.sleep(_POLL_SECONDS)
        yield
    finally:
        os.close(descriptor)
