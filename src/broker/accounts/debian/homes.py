"""Homes on the disk. Their owners can rewrite them at any moment, so nothing here follows a
link, and every step starts from an open folder rather than from a path."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

from ...foreign.text import shown
from ...mounts import opened, status
from ...space import Looks, TooDeepError, measure
from ..planning.actions import MendHome
from ..planning.wanted import USER_FOLDERS
from ..records.node import Node
from .system import Owners
from .walk import names_in

__all__ = ["Home", "mend_home", "node_at", "one_line", "read_home", "space_of"]

# The names that stand in a home, and those that they have while they are made.
_OURS = frozenset({"server", "user", ".server.new", ".user.new"})
_SHOWN = 3
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


def node_at(path: str | Path, owners: Owners, folder: int | None = None) -> Node | None:
    """What stands at a path, itself and not what it links to; None when nothing does."""
    try:
        found = status(path, folder)
        uid, gid = owners.owner(found)
        if stat.S_ISLNK(found.st_mode):
            return Node("link", target=os.readlink(path, dir_fd=folder))
    except (FileNotFoundError, NotADirectoryError):
        return None
    mode = stat.S_IMODE(found.st_mode)
    if stat.S_ISDIR(found.st_mode):
        return Node("folder", mode, uid, gid)
    return Node("file" if stat.S_ISREG(found.st_mode) else "other", mode, uid, gid)


@dataclass(slots=True)
class Home:
    """What stands in a home, as far as the broker cares: '' is the home itself.

    ``foreign`` are some of the names that the broker did not make; ``broken`` is why not all
    could be read. That is what its owner did to it, and one owner's affair.
    """

    nodes: dict[str, Node] = field(default_factory=dict)
    foreign: tuple[str, ...] = ()
    broken: str | None = None


def read_home(homes: Path, name: str, owners: Owners) -> Home:
    """One look at the home of ``name``; empty where no home stands."""
    found = Home()
    try:
        _read_home(homes, name, owners, found)
    except FileNotFoundError:
        return found
    except OSError as error:
        found.broken = one_line(error, error.filename)
    return found


def _read_home(homes: Path, name: str, owners: Owners, found: Home) -> None:
    with _opened(homes) as parent:
        home = node_at(name, owners, parent)
        if home is None:
            return
        found.nodes[""] = home
        if home.kind != "folder":
            return
        with _opened(name, parent) as folder:
            foreign = sorted({*names_in(folder)} - _OURS)
            found.foreign = tuple(foreign[:_SHOWN])
            found.nodes |= _read_server(folder, owners) | _read_user(folder, owners)


def one_line(error: Exception, path: object) -> str:
    """Where something failed and why, safe to show, whatever a person named their files."""
    return shown(f"{path or 'it'}: {getattr(error, 'strerror', None) or error}")


def _read_server(home: int, owners: Owners) -> dict[str, Node]:
    node = node_at("server", owners, home)
    if node is None:
        return {}
    found = {"server": node}
    if node.kind == "folder" and node.uid == 0:
        with _opened("server", home) as folder, os.scandir(folder) as entries:
            for name in [entry.name for entry in entries if entry.is_symlink()]:
                link = node_at(name, owners, folder)
                if link is not None:
                    found[f"server/{name}"] = link
    return found


def _read_user(home: int, owners: Owners) -> dict[str, Node]:
    node = node_at("user", owners, home)
    if node is None:
        return {}
    found = {"user": node}
    if node.kind == "folder":
        with _opened("user", home) as folder:
            for name in USER_FOLDERS:
                entry = node_at(name, owners, folder)
                if entry is not None:
                    found[f"user/{name}"] = entry
    return found


def space_of(homes: Path, name: str) -> dict[str, int] | None:
    """Bytes and files of ``user/``; None where it is missing or cannot be measured."""
    try:
        with _opened(homes) as parent, _opened(name, parent) as home, _opened("user", home) as user:
            found = measure(user, Looks(status, opened))
    except (OSError, TooDeepError):
        return None
    return {"bytes": found.bytes, "files": found.files}


def mend_home(homes: Path, action: MendHome, owners: Owners) -> None:
    """Make or mend the given entries of a home, parents first, and unlink what is too much."""
    with _opened(homes) as parent:
        if "" in action.nodes:
            _make_home(parent, action, owners)
        with _opened(action.name, parent) as home:
            for path in sorted(action.nodes.keys() - {""}):
                with _parent(home, path) as (folder, last):
                    _make(folder, last, action.nodes[path], action.uid, owners)
            for path in action.extra:
                with _parent(home, path) as (folder, last), suppress(FileNotFoundError):
                    os.unlink(last, dir_fd=folder)


def _make_home(homes: int, action: MendHome, owners: Owners) -> None:
    """A home may be root's or its analyst's, whichever it was before."""
    wish, found = action.nodes[""], node_at(action.name, owners, homes)
    if found is not None and found.kind == "folder" and found.uid == action.uid != wish.uid:
        with _opened(action.name, homes) as folder:
            owners.set_owner(folder, 0, 0)
    _make_folder(homes, action.name, wish, action.uid, owners)


@contextmanager
def _opened(path: str | Path, parent: int | None = None) -> Iterator[int]:
    descriptor = opened(path, _FOLDER, parent)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


@contextmanager
def _parent(home: int, path: str) -> Iterator[tuple[int, str]]:
    above, slash, last = path.rpartition("/")
    if not slash:
        yield home, last
        return
    with _opened(above, home) as folder:
        yield folder, last


def _make(folder: int, name: str, node: Node, uid: int, owners: Owners) -> None:
    if node.kind == "link" and node.target is not None:
        _make_link(folder, name, node.target, owners)
    else:
        _make_folder(folder, name, node, uid, owners)


def _make_link(folder: int, name: str, target: str, owners: Owners) -> None:
    found = node_at(name, owners, folder)
    if found is not None and found.kind == "folder":
        _move_aside(folder, name)
    fresh = f".{name}.new"
    with suppress(FileNotFoundError):
        os.unlink(fresh, dir_fd=folder)
    os.symlink(target, fresh, dir_fd=folder)
    os.rename(fresh, name, src_dir_fd=folder, dst_dir_fd=folder)


def _make_folder(parent: int, name: str, node: Node, uid: int, owners: Owners) -> None:
    """A folder with the owner and mode of ``node``; a wish without owner is for ``uid``.

    What stands in its way is moved aside, never deleted: it is the analyst's. A new folder gets
    its name last, so a crash leaves none that is half its owner's.
    """
    owner = uid if node.uid is None else node.uid
    wish = replace(node, uid=owner, gid=owner if node.gid is None else node.gid)
    found = node_at(name, owners, parent)
    if found is not None and (found.kind != "folder" or found.uid not in (0, owner)):
        _move_aside(parent, name)
        found = None
    if found is not None:
        _set_rights(parent, name, wish, owners)
        return
    fresh = f".{name}.new"
    _clear(parent, fresh)
    os.mkdir(fresh, 0o700, dir_fd=parent)
    _set_rights(parent, fresh, wish if wish.mode is not None else replace(wish, mode=0o750), owners)
    os.rename(fresh, name, src_dir_fd=parent, dst_dir_fd=parent)


def _set_rights(parent: int, name: str, wish: Node, owners: Owners) -> None:
    with _opened(name, parent) as folder:
        if owners.owner(os.fstat(folder))[0] not in (0, wish.uid):
            raise PermissionError(errno.EPERM, "this folder was replaced during the change", name)
        if wish.uid is not None and wish.gid is not None:
            owners.set_owner(folder, wish.uid, wish.gid)
        if wish.mode is not None:
            os.fchmod(folder, wish.mode)


def _clear(folder: int, name: str) -> None:
    """Remove the empty folder that an interrupted run left."""
    try:
        os.rmdir(name, dir_fd=folder)
    except FileNotFoundError:
        return
    except OSError:
        _move_aside(folder, name)


def _move_aside(folder: int, name: str) -> None:
    number = 1
    while True:
        aside = f"{name}.aside-{number}"
        try:
            os.stat(aside, dir_fd=folder, follow_symlinks=False)
        except FileNotFoundError:
            break
        number += 1
    os.rename(name, aside, src_dir_fd=folder, dst_dir_fd=folder)
