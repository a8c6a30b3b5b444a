"""A walk through folders that their owners may rewrite meanwhile.

No link is followed and no other file system entered. A few descriptors suffice for any depth:
the way back is ``..``, compared with the folder that the walk came from.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from ...mounts import opened
from ...mounts import status as look

__all__ = ["Found", "ReportProblem", "identity", "names_in", "walk"]

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
ReportProblem = Callable[[str, OSError], None]


@dataclass(slots=True)
class _Level:
    """A folder on the way down, and the names in it that are still to be visited."""

    name: str
    status: os.stat_result
    names: list[str]


@dataclass(frozen=True, slots=True)
class Found:
    """An entry: its name in ``folder``, which is open until the next step of the walk."""

    folder: int
    name: str
    status: os.stat_result
    levels: list[_Level]

    @property
    def path(self) -> str:
        """The whole path; made only where it is asked for, as a tree may be very deep."""
        return _path(self.levels, self.name)


def identity(status: os.stat_result) -> tuple[int, int]:
    """What stays the same when an entry is renamed."""
    return status.st_dev, status.st_ino


def names_in(folder: int) -> list[str]:
    """What stands in an open folder."""
    with os.scandir(folder) as entries:
        return [entry.name for entry in entries]


def walk(root: Path, report: ReportProblem) -> Iterator[Found]:
    """Everything below ``root``, a folder after what is in it; nothing where no folder stands.

    ``report`` gets the path of what cannot be entered, and why; the walk goes on beside it. A
    folder on which another file system is mounted is one of them.
    """
    try:
        top = opened(root, _FOLDER)
    except (FileNotFoundError, NotADirectoryError):
        return
    except OSError as error:
        report(str(root), error)
        return
    here = os.dup(top)
    levels = [_Level(str(root), os.fstat(here), names_in(here))]
    try:
        while levels:
            if levels[-1].names:
                here, found = _visit(here, levels, report)
                if found is not None:
                    yield found
                continue
            done = levels.pop()
            if levels:
                here = _back(here, top, levels, report)
                yield Found(here, done.name, done.status, levels)
    finally:
        os.close(here)
        os.close(top)


def _visit(here: int, levels: list[_Level], report: ReportProblem) -> tuple[int, Found | None]:
    """Enter the next folder, which becomes the last level, or tell what else stands there."""
    name = levels[-1].names.pop()
    try:
        status = look(name, here)
        if not stat.S_ISDIR(status.st_mode):
            return here, Found(here, name, status, levels)
        if status.st_dev != levels[0].status.st_dev:
            raise OSError(errno.EXDEV, "another file system is mounted here")
        inner = opened(name, _FOLDER, here)
    except FileNotFoundError:
        return here, None
    except OSError as error:
        report(_path(levels, name), error)
        return here, None
    try:
        levels.append(_Level(name, os.fstat(inner), names_in(inner)))
    except OSError as error:
        os.close(inner)
        report(_path(levels, name), error)
        return here, None
    os.close(here)
    return inner, None


def _back(here: int, top: int, levels: list[_Level], report: ReportProblem) -> int:
    """The folder above; where the walk's way was moved meanwhile, it goes on from the top."""
    above = os.open("..", _FOLDER, dir_fd=here)
    os.close(here)
    if identity(os.fstat(above)) == identity(levels[-1].status):
        return above
    os.close(above)
    report(_path(levels[:-1], levels[-1].name), OSError(errno.ESTALE, "it was moved meanwhile"))
    del levels[1:]
    return os.dup(top)


def _path(levels: list[_Level], name: str) -> str:
    return "/".join([*(level.name for level in levels), name])
