"""File systems that an account serves itself (FUSE): root never waits for what they answer.

Such a server may block every reader for ever. So a look begins with a descriptor that asks
no file system anything (``O_PATH``), and goes on only where no such mount is in the way. Standard
library only; knows nothing of the product.
"""

from __future__ import annotations

import ctypes
import errno
import os
import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

__all__ = ["detach_served", "is_served", "opened", "status"]

_MOUNTS = Path("/proc/self/mountinfo")
_LOOK = os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC
_OPENAT2, _NO_XDEV = 437, 0x01  # the same number on every architecture; see openat2(2)
_AT_FDCWD, _DETACH = -100, 0x2 | 0x8  # MNT_DETACH and UMOUNT_NOFOLLOW; see umount2(2)
_LIBC = ctypes.CDLL(None, use_errno=True)


class _How(ctypes.Structure):
    _fields_ = (
        ("flags", ctypes.c_uint64),
        ("mode", ctypes.c_uint64),
        ("resolve", ctypes.c_uint64),
    )


@dataclass(frozen=True, slots=True)
class _Mount:
    """A line of mountinfo; ``server`` is the uid that serves it, None for the kernel and root."""

    number: str
    point: str
    server: int | None


def opened(path: str | Path, flags: int, folder: int | None = None) -> int:
    """``os.open``; raises ``OSError`` at once for what an account serves.

    Another mount is entered by way of the descriptor that was looked at, so no mount that is made
    meanwhile is met.
    """
    found = _same_mount(os.fspath(path), flags, folder)
    if found is not None:
        return found
    look = os.open(path, _LOOK, dir_fd=folder)
    if _server_of(look) is not None:
        os.close(look)
        problem = "a file system that an account serves is mounted here"
        raise OSError(errno.EREMOTE, problem, os.fspath(path))
    if flags & os.O_PATH:
        return look
    try:
        return os.open(f"/proc/self/fd/{look}", flags & ~os.O_NOFOLLOW)
    finally:
        os.close(look)


def status(path: str | Path, folder: int | None = None) -> os.stat_result:
    """``os.lstat``, as ``opened``."""
    look = opened(path, _LOOK, folder)
    try:
        return os.fstat(look)
    finally:
        os.close(look)


def is_served(path: str | Path) -> bool:
    """Whether an account serves what stands at a path; False where nothing does."""
    try:
        look = os.open(path, _LOOK)
    except OSError:
        return False
    try:
        return _server_of(look) is not None
    finally:
        os.close(look)


def detach_served(uid: int) -> None:
    """Take every file system that this account serves off the host."""
    for mount in reversed([one for one in _mounts() if one.server == uid]):
        _LIBC.umount2(os.fsencode(mount.point), _DETACH)


def _same_mount(path: str, flags: int, folder: int | None) -> int | None:
    """Open it unless another mount is on the way; None where that is not known."""
    if path.startswith("/"):
        return None
    how = _How(flags | os.O_CLOEXEC, 0, _NO_XDEV)
    where = _AT_FDCWD if folder is None else folder
    size = ctypes.sizeof(how)
    found = _LIBC.syscall(_OPENAT2, where, os.fsencode(path), ctypes.byref(how), size)
    if found >= 0:
        return int(found)
    number = ctypes.get_errno()
    if number in (errno.EXDEV, errno.ENOSYS, errno.EPERM):
        return None
    raise OSError(number, os.strerror(number), path)


def _server_of(look: int) -> int | None:
    lines = Path(f"/proc/self/fdinfo/{look}").read_text().splitlines()
    fields = dict(line.split(":", 1) for line in lines if ":" in line)
    number = fields["mnt_id"].strip()
    return next((one.server for one in _mounts() if one.number == number), None)


def _mounts() -> Iterator[_Mount]:
    """See proc_pid_mountinfo(5); spaces and the like are octal numbers in a path."""
    for line in _MOUNTS.read_text(encoding="utf-8", errors="surrogateescape").splitlines():
        left, _, right = line.partition(" - ")
        fields, kind = left.split(" "), right.split(" ")
        point = re.sub(r"\\([0-7]{3})", lambda code: chr(int(code[1], 8)), fields[4])
        server = None
        if kind[0].partition(".")[0] in ("fuse", "fuseblk"):
            with suppress(StopIteration):
                options = kind[-1].split(",")
                given = next(one for one in options if one.startswith("user_id="))
                server = int(given.partition("=")[2]) or None
        yield _Mount(fields[0], point, server)
