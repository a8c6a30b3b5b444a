"""Every path that somebody could try, as root finds them."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import suppress
from itertools import islice
from pathlib import Path

from .observer import Place, kind_of
from .policy import Areas

__all__ = ["acl_paths", "find_places", "view_places"]

_GENERATIONS = "generations"
_HOME_DEPTH, _HOME_ENTRIES = 3, 200
_HOST = (
    "etc/shadow",
    "etc/gshadow",
    "etc/passwd",
    "etc/group",
    "etc/ssh/*",
    "etc/systemd/system/broker-*",
    "etc/logrotate.d/data-broker*",
    "opt/data-broker",
    "opt/data-broker/current/venv/bin/*",
    "usr/local/bin/*",
    "var/lib/data-broker",
    "var/log/data-broker",
    "run/broker-accounts*",
)
_ACL = {"system.posix_acl_access", "system.posix_acl_default"}


def find_places(
    areas: Areas, current: str | None, homes: Iterable[str], *, every: bool = False
) -> list[Place]:
    """The store, the configuration, these homes and what else of the host is nobody's business.

    Of the generations only the current one is walked, unless ``every``: files that did not
    change are the same files in all of them.
    """
    paths = [
        *_store(areas.store, current, every=every),
        *_data(areas),
        *_below(areas.config),
        *_homes(homes),
        *_host(areas.root),
    ]
    found = {}
    for path in paths:
        with suppress(FileNotFoundError, NotADirectoryError):
            found[path] = Place(path, kind_of(os.lstat(path).st_mode))
    return list(found.values())


def view_places(home: str) -> list[Place]:
    """What has to be reached through an analyst's own ``server/``."""
    server = f"{home}/server"
    folders = [
        Place(f"{server}/{name}", "folder", True) for name in ("parquet", "metadata", "docs")
    ]
    files = ("generation/manifest.json", "generation/manifest.json.sig", "scripts/sync_data.sh")
    return [*folders, *(Place(f"{server}/{name}", "file", True) for name in files)]


def acl_paths(places: Iterable[Place], areas: Areas) -> tuple[int, list[str]]:
    """How many paths of the store were asked for access lists, and which have one."""
    asked = [place for place in places if place.path.startswith(f"{areas.data}/")]
    return len(asked), [place.path for place in asked if _has_acl(place.path)]


def _has_acl(path: str) -> bool:
    try:
        return bool(_ACL & {*os.listxattr(path, follow_symlinks=False)})
    except OSError:
        return False  # it is gone, or its file system has no access lists


def _store(root: Path, current: str | None, *, every: bool) -> Iterator[str]:
    yield from _below(root, skip=_GENERATIONS)
    generations = root / _GENERATIONS
    yield str(generations)
    for path in _inside(generations):
        if every or path.name == current:
            yield from _below(path)
        else:
            yield from (str(path / part) for part in ("", "views", "manifest.json"))


def _data(areas: Areas) -> Iterator[str]:
    """Beside the store; its own walk is not repeated."""
    yield str(areas.data)
    for path in _inside(areas.data):
        if path != areas.store:
            yield from _below(path)


def _homes(homes: Iterable[str]) -> Iterator[str]:
    """The uppermost folders of each home: whoever cannot enter them gets nowhere below."""
    for home in homes:
        yield from islice(_below(Path(home), depth=_HOME_DEPTH), _HOME_ENTRIES)


def _host(root: Path) -> Iterator[str]:
    for pattern in _HOST:
        for path in sorted(root.glob(pattern)):
            yield from _below(path, depth=3)


def _inside(folder: Path) -> list[Path]:
    return sorted(folder.iterdir()) if folder.is_dir() else []


def _below(root: Path, depth: int = 64, skip: str | None = None) -> Iterator[str]:
    """A folder and everything in it; links are never followed."""
    yield str(root)
    if depth == 1 or root.is_symlink() or not root.is_dir():
        return
    with suppress(FileNotFoundError), os.scandir(root) as entries:
        for entry in sorted(entries, key=lambda one: one.name):
            if entry.name == skip:
                continue
            if entry.is_dir(follow_symlinks=False):
                yield from _below(Path(entry.path), depth - 1)
            else:
                yield entry.path
