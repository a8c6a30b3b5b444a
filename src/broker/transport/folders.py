"""Opening the folders a transfer works in. Nothing here follows a link that an analyst made."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from ..hostpaths import SETTINGS, STORE
from .grammar import Refusal
from .places import RemotePath

__all__ = ["open_base", "open_target", "path_below", "require_data"]


_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC


def require_data(store: Path | None = None) -> None:
    """Refuse where the data disk is not mounted: its mount point may hold empty folders."""
    store = store or STORE
    # The name is that of `mark`, whose import each transfer would pay for; a test compares them.
    marks = (store / name for name in (".store_id", "generations"))
    if store.exists() and not any(map(os.path.lexists, marks)):
        raise Refusal(
            f"The data disk of this broker is not mounted on {store.parent}: nothing can be "
            "fetched. Keep what you have, and tell its operator."
        )


def open_base(home: str, base: str, owner: int = 0) -> int:
    """An open folder: ``user``, ``settings``, or where a link in ``server`` leads. It stays so
    however often a new generation is published meanwhile. ``owner`` is whose links count."""
    entry = os.open(home, _FOLDER | os.O_NOFOLLOW)
    try:
        if base == "user":
            return os.open("user", _FOLDER | os.O_NOFOLLOW, dir_fd=entry)
        require_data()
        server = os.open("server", _FOLDER | os.O_NOFOLLOW, dir_fd=entry)
        try:
            if base == SETTINGS:
                return _open_settings(server, owner)
            link = os.stat(base, dir_fd=server, follow_symlinks=False)
            _refuse_foreign(os.fstat(server), link, owner)
            return os.open(base, _FOLDER, dir_fd=server)
        finally:
            os.close(server)
    except FileNotFoundError:
        raise Refusal("Nothing is published here yet; ask the operator.") from None
    finally:
        os.close(entry)


def _open_settings(server: int, owner: int) -> int:
    """A folder in ``server`` itself, from the first choice of the analyst on."""
    try:
        folder = os.open(SETTINGS, _FOLDER | os.O_NOFOLLOW, dir_fd=server)
    except FileNotFoundError:
        raise Refusal(f"There is no 'server/{SETTINGS}/' here: nothing was chosen yet.") from None
    if {os.fstat(server).st_uid, os.fstat(folder).st_uid} != {owner}:
        os.close(folder)
        raise _foreign()
    return folder


def path_below(folder: int, place: RemotePath) -> str:
    """The path of a pull to give to rsync, below the open folder; no part of it is a link.

    What is missing is left to rsync, which reports it in its own words.
    """
    walked = os.dup(folder)
    try:
        for name in place.names if place.slash else place.names[:-1]:
            inner = os.open(name, _FOLDER | os.O_NOFOLLOW, dir_fd=walked)
            os.close(walked)
            walked = inner
    except FileNotFoundError:
        pass
    except OSError:
        raise _no_folder(place) from None
    finally:
        os.close(walked)
    return "/".join((".", *place.names)) + ("/" if place.slash else "")


def open_target(folder: int, place: RemotePath) -> tuple[int, str]:
    """The folder to push into, made where only it is missing; closes ``folder``."""
    for name in place.names:
        try:
            if name == place.names[-1]:
                _make(folder, name)
            inner = os.open(name, _FOLDER | os.O_NOFOLLOW, dir_fd=folder)
        except OSError:
            raise _no_folder(place) from None
        finally:
            os.close(folder)
        folder = inner
    return folder, "."


def _no_folder(place: RemotePath) -> Refusal:
    shown = "/".join((place.base, *place.names))
    return Refusal(f"{shown[:80]!r} is not a folder here.")


def _make(folder: int, name: str) -> None:
    try:
        os.mkdir(name, 0o750, dir_fd=folder)
    except FileExistsError:
        return


def _refuse_foreign(folder: os.stat_result, link: os.stat_result, owner: int) -> None:
    """Who owns ``server`` owns the links in it, and only root may say where they lead."""
    if {folder.st_uid, link.st_uid} != {owner} or not stat.S_ISLNK(link.st_mode):
        raise _foreign()


def _foreign() -> Refusal:
    return Refusal("server/ is not as the broker made it; ask the operator to run list-analysts.")
