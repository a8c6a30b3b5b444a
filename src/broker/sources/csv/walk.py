"""A walk through folders by open descriptors: what is checked is what is read.

An account that may write into a folder can put a link in the place of a file at any moment. So a
path is never resolved here in one go: each folder on the way is opened, and the next name is
looked up in that. Below a folder that was opened, nothing that is a link is followed.
"""

from __future__ import annotations

import errno
import os
import stat
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from ...errors import AbsentError, ForbiddenError, SourceError
from ..delimited.filenames import is_never_data

__all__ = ["OpenFolder", "open_folder", "refuse_unsafe"]

_ON_THE_WAY = os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC
_MOST_LINKS = 40  # as many as the kernel follows, path_resolution(7)


@dataclass(frozen=True, slots=True)
class OpenFolder:
    """A folder that stays the same one, whatever is renamed meanwhile.

    ``path`` is how messages call it. Every method raises ``SourceError``.
    """

    path: Path
    descriptor: int

    def names(self) -> list[str]:
        """What is in it, without hidden names and those of files that are still written."""
        flags = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
        with _errors_about(self.path):
            listed = os.open(".", flags, dir_fd=self.descriptor)
            try:
                with os.scandir(listed) as entries:
                    return [one.name for one in entries if not is_never_data(one.name)]
            finally:
                os.close(listed)

    def status(self, name: str) -> os.stat_result:
        """What stands under a name: a link itself, not where it leads."""
        with _errors_about(self.path / name, locked=self.path):
            return os.stat(name, dir_fd=self.descriptor, follow_symlinks=False)

    def has(self, name: str) -> bool:
        """Whether anything stands under a name."""
        return self._mode(name) != 0

    def has_folder(self, name: str) -> bool:
        """Whether a folder stands under a name."""
        return stat.S_ISDIR(self._mode(name))

    def has_link(self, name: str) -> bool:
        """Whether a symbolic link stands under a name."""
        return stat.S_ISLNK(self._mode(name))

    @contextmanager
    def enter(self, names: Sequence[str]) -> Iterator[OpenFolder]:
        """Go down, one folder after the other."""
        with ExitStack() as opened:
            here = self
            for name in names:
                path = here.path / name
                with _errors_about(path, locked=here.path):
                    there = _opened(opened, name, here.descriptor)
                status = os.fstat(there)
                _refuse_link(path, status)
                if not stat.S_ISDIR(status.st_mode):
                    raise SourceError("is not a folder", where=str(path))
                here = OpenFolder(path, there)
            yield here

    def open(self, name: str) -> BinaryIO:
        """Open a file for reading, without waiting for a FIFO's other end or a lease's holder."""
        flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
        path = self.path / name
        with _errors_about(path):
            stream = os.fdopen(os.open(name, flags, dir_fd=self.descriptor), "rb", buffering=0)
        try:
            refuse_unsafe(path, os.fstat(stream.fileno()))
        except SourceError:
            stream.close()
            raise
        return stream

    def _mode(self, name: str) -> int:
        try:
            return self.status(name).st_mode
        except AbsentError:
            return 0


@contextmanager
def open_folder(path: Path) -> Iterator[OpenFolder]:
    """Open a folder that the operator named; ``path`` is absolute.

    Links on the way to it are followed where root or the caller made them.
    """
    trusted, links = {0, os.geteuid()}, 0
    with ExitStack() as opened:
        left, here = deque(path.parts), -1
        while left:
            name = left.popleft()
            with _errors_about(path, absent=_no_folder):
                there = _opened(opened, name, here)
                status = os.fstat(there)
                if not stat.S_ISLNK(status.st_mode):
                    here = there
                    continue
                links += 1
                if links > _MOST_LINKS:
                    raise OSError(errno.ELOOP, os.strerror(errno.ELOOP))
                target = Path(os.readlink("", dir_fd=there))
            if status.st_uid not in trusted:
                raise _foreign_link(path, name, status.st_uid)
            left.extendleft(reversed(target.parts))
        if not stat.S_ISDIR(os.fstat(here).st_mode):
            raise SourceError("is not a folder", where=str(path))
        yield OpenFolder(path, here)


def refuse_unsafe(path: Path, status: os.stat_result) -> None:
    """Raise ``SourceError`` for anything but a regular file that has one name."""
    _refuse_link(path, status)
    if not stat.S_ISREG(status.st_mode):
        raise SourceError(
            "is not a regular file",
            where=str(path),
            found=_KINDS.get(stat.S_IFMT(status.st_mode)),
            remedy="Remove it and deliver a file.",
        )
    if status.st_nlink > 1:
        raise SourceError(
            "is a file with more than one name (hard links), which may be that of another table",
            where=str(path),
            expected="one name",
            found=str(status.st_nlink),
            remedy="Deliver a copy of the file.",
        )


_KINDS = {
    stat.S_IFDIR: "a folder",
    stat.S_IFIFO: "a named pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}


def _opened(opened: ExitStack, name: str, folder: int) -> int:
    """``name`` in an open folder; it is absolute where the walk begins."""
    at = None if name == "/" else folder
    try:
        # O_DIRECTORY mounts what is mounted on use, which O_PATH alone does not, open(2).
        descriptor = os.open(name, _ON_THE_WAY | os.O_DIRECTORY, dir_fd=at)
    except NotADirectoryError:
        descriptor = os.open(name, _ON_THE_WAY, dir_fd=at)
    opened.callback(os.close, descriptor)
    return descriptor


def _refuse_link(path: Path, status: os.stat_result) -> None:
    if stat.S_ISLNK(status.st_mode):
        raise _link(path)


def _link(path: Path) -> SourceError:
    return SourceError(
        "is a symbolic link, and none is followed in a folder of tables",
        where=str(path),
        remedy="Deliver the file itself, or name its real place with an absolute 'file:'.",
    )


def _foreign_link(path: Path, name: str, uid: int) -> SourceError:
    return SourceError(
        f"{name} on the way to it is a symbolic link of another account",
        where=str(path),
        expected="links of root or of the account that runs the broker",
        found=f"user id {uid}",
        remedy="Name the real path in the configuration.",
    )


def _absent(path: Path) -> SourceError:
    remedy = "Deliver it, or correct the path."
    return AbsentError("does not exist", where=str(path), remedy=remedy)


def _no_folder(path: Path) -> SourceError:
    """Not ``AbsentError``: a folder that is not mounted says nothing of the tables in it."""
    return SourceError("the folder does not exist", where=str(path))


@contextmanager
def _errors_about(
    path: Path,
    locked: Path | None = None,
    absent: Callable[[Path], SourceError] = _absent,
) -> Iterator[None]:
    """Absent, forbidden and broken are three errors: each has a remedy of its own.

    ``locked`` is what a missing right is about, where that is another path.
    """
    try:
        yield
    except FileNotFoundError as error:
        raise absent(path) from error
    except PermissionError as error:
        remedy = "Give the user that runs the broker the right to read it."
        where = str(locked or path)
        raise ForbiddenError("is there but may not be read", where=where, remedy=remedy) from error
    except OSError as error:
        if error.errno == errno.ELOOP:
            raise _link(path) from error
        raise SourceError(f"cannot be read: {error.strerror}", where=str(path)) from error
