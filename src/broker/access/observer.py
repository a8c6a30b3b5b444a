"""Takes the ids and groups of an account in a child process, and tries each path with system calls.

The child of a plain fork, never of an exec: while it lives it holds the names of everything, and
the kernel keeps other processes of that uid out of a process whose ids changed (not dumpable)
until it executes something.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from ..assume import LOOKING, assume
from ..errors import BrokerError
from .policy import EVERYTHING, NOTHING, Permission, Reader

__all__ = ["Attempt", "EntryKind", "kind_of", "try_as"]

EntryKind = Literal["file", "folder", "link", "socket", "other"]
_OPEN = os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
_NO = {errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOENT, errno.ENOTDIR, errno.ELOOP}
_FOLDER = os.O_DIRECTORY | os.O_CLOEXEC


@dataclass(frozen=True, slots=True)
class Attempt:
    """A path to try. ``follow`` is for links that have to lead somewhere."""

    path: str
    kind: EntryKind
    follow: bool = False

    @property
    def verbs(self) -> Permission:
        """What can be tried here without doing anything."""
        if self.kind == "socket":
            return Permission.SEE | Permission.WRITE
        if self.follow:
            return Permission.SEE | Permission.READ
        return Permission.SEE if self.kind in ("link", "other") else EVERYTHING


def kind_of(mode: int) -> EntryKind:
    """From the mode that ``lstat`` gives."""
    tests: dict[EntryKind, bool] = {
        "file": stat.S_ISREG(mode),
        "folder": stat.S_ISDIR(mode),
        "link": stat.S_ISLNK(mode),
        "socket": stat.S_ISSOCK(mode),
    }
    return next((kind for kind, found in tests.items() if found), "other")


def try_as(reader: Reader, places: Sequence[Attempt]) -> list[Permission]:
    """What ``reader`` is able to do at each place. Only root can ask.

    Nothing is changed: files are opened and never written, a folder is tried with a file that
    has no name (``O_TMPFILE``). Raises ``BrokerError`` where the child sent no complete answer.
    """
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        code = 1
        try:
            os.close(reading)
            _become(reader)
            _send(writing, bytes(_try(place).value for place in places))
            code = 0
        finally:
            os._exit(code)
    os.close(writing)
    with os.fdopen(reading, "rb") as stream:
        answers = stream.read()
    _, status = os.waitpid(child, 0)
    if status != 0 or len(answers) != len(places):
        raise BrokerError(
            f"could not check access as {reader.name}",
            expected=f"{len(places)} answers",
            found=f"{len(answers)}, exit status {status}",
            remedy="Run this as root.",
        )
    return [Permission(value) for value in answers]


def _become(reader: Reader) -> None:
    """All groups and rights of a login, with no way back."""
    os.chdir("/")
    os.umask(0o077)
    assume(reader.uid, reader.gid, reader.groups, real=LOOKING)
    groups = set(os.getgroups()) | {os.getgid()}
    if os.getresuid() != (LOOKING, reader.uid, LOOKING) or groups != {*reader.groups, reader.gid}:
        raise PermissionError(errno.EPERM, "the ids and groups are not those of the account")


def _send(pipe: int, answers: bytes) -> None:
    while answers:
        answers = answers[os.write(pipe, answers) :]


def _try(place: Attempt) -> Permission:
    able, tried = NOTHING, place.verbs
    if _may(place.path, os.F_OK, follow=place.follow):
        able |= Permission.SEE
    if Permission.READ in tried and not _refused(_read, place):
        able |= Permission.READ
    if Permission.WRITE in tried and not _refused(_write, place):
        able |= Permission.WRITE
    return able


def _refused(call: Callable[[Attempt], None], place: Attempt) -> bool:
    """Whether rights forbid it. Leases, running programs and long paths say nothing of them."""
    try:
        call(place)
    except OSError as error:
        return place.follow or error.errno in _NO
    return False


def _may(path: str, mode: int, *, follow: bool = True) -> bool:
    return os.access(path, mode, effective_ids=True, follow_symlinks=follow)


def _read(place: Attempt) -> None:
    if place.kind == "folder":
        with os.scandir(place.path) as entries:
            next(entries, None)
        return
    descriptor = os.open(
        place.path, os.O_RDONLY | (_OPEN & ~os.O_NOFOLLOW if place.follow else _OPEN)
    )
    os.close(descriptor)


def _write(place: Attempt) -> None:
    if place.kind == "socket":
        # A connection would be a request. It needs the right to write: see unix(7).
        if not _may(place.path, os.W_OK):
            raise PermissionError(errno.EACCES, "no right to connect", place.path)
        return
    flags = os.O_WRONLY | (os.O_TMPFILE | os.O_CLOEXEC if place.kind == "folder" else _OPEN)
    try:
        os.close(os.open(place.path, flags, 0o600))
    except OSError as error:
        if error.errno != errno.EOPNOTSUPP or not _may(place.path, os.W_OK | os.X_OK):
            raise
