"""The archive: homes of those who left, and what was taken out of homes; only root enters it."""

from __future__ import annotations

import errno
import os
import stat
import subprocess
from collections.abc import Sequence
from pathlib import Path

from ..planning.actions import ClearHome, StoreHome
from ..records.paths import HostPaths
from .system import Owners
from .walk import walk

__all__ = ["ACCESS_LISTS", "clear_home", "keep", "remove", "store_home"]

ACCESS_LISTS = frozenset({"system.posix_acl_access", "system.posix_acl_default"})
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


def store_home(layout: HostPaths, action: StoreHome, owners: Owners) -> None:
    """Move a home into the archive, where only root enters, or delete it."""
    home = layout.at(layout.home(action.name))
    if action.policy == "delete":
        remove([home])
        return
    kept = _free_name(layout.at(layout.archive) / f"{action.name}-{action.uid}")
    _move(home, kept)
    _close(kept, owners)


def clear_home(layout: HostPaths, action: ClearHome, owners: Owners) -> None:
    """Move everything in a home into the archive, but ``user/`` and the broker's ``server/``.

    The home becomes root's first: a process that still has it open changes no name in it.
    """
    home = layout.at(layout.home(action.name))
    _close(home, owners)
    stays = {"user": action.uid, "server": 0}
    found = {*home.iterdir()}
    ours = {entry for entry in found if _is_ours(entry, stays.get(entry.name), owners)}
    keep(sorted(found - ours), layout, f"{action.name}-{action.uid}", owners)
    for folder in (home, *ours):
        _drop_lists(folder)


def keep(paths: Sequence[Path], layout: HostPaths, name: str, owners: Owners) -> None:
    """Move these into one new folder of the archive."""
    if not paths:
        return
    kept = _free_name(layout.at(layout.archive) / name)
    kept.mkdir(mode=0o700)
    _close(kept, owners)
    for path in paths:
        _move(path, _free_name(kept / path.name))


def remove(paths: Sequence[Path]) -> None:
    """Remove these with all that is in them, however deep: ``shutil.rmtree`` recurses."""
    for path in paths:
        for found in walk(path, _refuse):
            if stat.S_ISDIR(found.status.st_mode):
                os.rmdir(found.name, dir_fd=found.folder)
            else:
                os.unlink(found.name, dir_fd=found.folder)
        if path.is_dir() and not path.is_symlink():
            path.rmdir()
        else:
            path.unlink(missing_ok=True)


def _refuse(path: str, error: OSError) -> None:
    raise OSError(error.errno, error.strerror, path)


def _is_ours(entry: Path, uid: int | None, owners: Owners) -> bool:
    status = entry.lstat()
    return stat.S_ISDIR(status.st_mode) and owners.owner(status)[0] == uid


def _close(path: Path, owners: Owners) -> None:
    folder = os.open(path, _FOLDER)
    try:
        owners.set_owner(folder, 0, 0)
        os.fchmod(folder, 0o700)
    finally:
        os.close(folder)


def _drop_lists(path: Path) -> None:
    """Take the access lists from a folder: they name whom its owner let in."""
    folder = os.open(path, _FOLDER)
    try:
        for name in ACCESS_LISTS & {*os.listxattr(folder)}:
            os.removexattr(folder, name)
    finally:
        os.close(folder)


def _move(path: Path, kept: Path) -> None:
    try:
        path.rename(kept)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        _move_across(path, kept)


def _move_across(path: Path, kept: Path) -> None:
    """Another mount: the copy gets its name when it is whole, then the original goes."""
    partial = kept.with_name(f".{kept.name}.partial")
    remove([partial])
    _run("cp", "--archive", "--no-target-directory", "--", str(path), str(partial))
    partial.rename(kept)
    remove([path])


def _free_name(path: Path) -> Path:
    number, free = 1, path
    while os.path.lexists(free):
        number += 1
        free = path.with_name(f"{path.name}.{number}")
    return free


def _run(*command: str) -> None:
    """Run a tool; its last line becomes the error."""
    done = subprocess.run(command, check=False, capture_output=True, text=True, errors="replace")
    if done.returncode:
        lines = done.stderr.strip().splitlines() or [f"exit code {done.returncode}"]
        raise OSError(errno.EIO, f"{command[0]}: {lines[-1][:200]}")
