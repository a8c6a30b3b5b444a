"""Every path to try, as root finds them."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from pathlib import Path

from ..accounts.debian.archive import ACCESS_LISTS
from ..accounts.records.paths import HostPaths
from ..beneath import walk
from ..classes import CATALOG, VIEWS
from ..hostpaths import CONFIG, DATA, LOGS, PROGRAMS, RELEASES, SERVED, STATE, VIEW_LINK, VIEW_PARTS
from .observer import Attempt, kind_of
from .policy import Areas

__all__ = ["acl_paths", "find_places", "run_paths", "view_places"]

_GENERATIONS = "generations"
_OF_GENERATIONS = (_GENERATIONS, CATALOG)  # folders with one for each generation
_HOME_DEPTH, _HOME_ENTRIES = 3, 200
_Found = Iterator[tuple[str, os.stat_result]]


def _below(place: Path) -> str:
    """A path of the host as a pattern below its root."""
    return str(place.relative_to("/"))


# What root or a laptop runs or obeys: programs, units, settings, scripts.
_RUN = (
    *(_below(DATA / name) for name in SERVED),
    _below(CONFIG),
    "etc/logrotate.d/data-broker*",
    "etc/ssh/*",
    "etc/systemd/system/broker-*",
    "etc/tmpfiles.d/data-broker*",
    _below(RELEASES),
    _below(PROGRAMS / "*"),
    "usr/local/bin/*",
    _below(STATE),
)
_OTHERS = (
    "etc/shadow",
    "etc/gshadow",
    "etc/passwd",
    "etc/group",
    _below(LOGS),
    "run/broker-accounts*",
    "run/broker-publishing*",
)


def find_places(
    areas: Areas,
    current: str | None,
    homes: Iterable[str],
    run: Mapping[str, os.stat_result],
    *,
    every: bool = False,
) -> list[Attempt]:
    """The store, the configuration, these homes, and ``run``: see ``run_paths``.

    Of the generations only the current one is walked, unless ``every``: files that did not
    change are the same files in all of them.
    """
    found = {
        **dict(_store(areas.store, current, every=every)),
        **dict(_data(areas)),
        **dict(walk(areas.config)),
        **dict(_homes([*homes, str(areas.homes / HostPaths().archive.name)])),
        **dict(_host(areas.root, _OTHERS)),
        **run,
    }
    return [Attempt(path, kind_of(status.st_mode)) for path, status in found.items()]


def run_paths(areas: Areas) -> dict[str, os.stat_result]:
    """What root or a laptop runs, and every folder on the way to it."""
    found = dict(_host(areas.root, _RUN))
    above = {folder for path in found for folder in Path(path).parents}
    for folder in above:
        if folder.is_relative_to(areas.root):
            found[str(folder)] = folder.stat()
    return found


def view_places(home: str) -> list[Attempt]:
    """What has to be reached through an analyst's own ``server/``."""
    server = f"{home}/server"
    folders = [Attempt(f"{server}/{name}", "folder", True) for name in VIEW_PARTS]
    manifest = f"{VIEW_LINK}/manifest.json"
    files = (manifest, f"{manifest}.sig", "scripts/sync_data.sh")
    return [*folders, *(Attempt(f"{server}/{name}", "file", True) for name in files)]


def acl_paths(places: Iterable[Attempt], areas: Areas) -> tuple[int, list[str]]:
    """How many paths of the store were asked for access lists, and which have one."""
    searched = [place for place in places if place.path.startswith(f"{areas.data}/")]
    return len(searched), [place.path for place in searched if _has_acl(place.path)]


def _has_acl(path: str) -> bool:
    try:
        return bool(ACCESS_LISTS & {*os.listxattr(path, follow_symlinks=False)})
    except OSError:
        return False  # it is gone, or its file system has no access lists


def _store(root: Path, current: str | None, *, every: bool) -> _Found:
    for path, status in [*walk(root, depth=2)]:
        name = path.removeprefix(str(root)).lstrip("/")
        if not name or name in _OF_GENERATIONS:
            yield path, status
        else:
            yield from walk(root, name)
    yield from _catalogs(root, current, every=every)
    generations = [*walk(root, _GENERATIONS, depth=2)]
    yield from generations
    for path, _ in generations[1:]:
        name = path.rpartition("/")[2]
        if every or name == current:
            yield from walk(root, f"{_GENERATIONS}/{name}")
        else:
            for part in (VIEWS, "manifest.json"):
                yield from walk(root, f"{_GENERATIONS}/{name}/{part}", depth=1)


def _catalogs(root: Path, current: str | None, *, every: bool) -> _Found:
    """As of the generations."""
    for path, status in [*walk(root, CATALOG, depth=2)][1:]:
        name = path.rpartition("/")[2]
        if every or name == current:
            yield from walk(root, f"{CATALOG}/{name}")
        else:
            yield path, status


def _data(areas: Areas) -> _Found:
    """Beside the store; its own walk is not repeated."""
    yield from walk(areas.data, skip=areas.store.name)


def _homes(homes: Iterable[str]) -> _Found:
    """The uppermost folders of each home: who cannot enter them gets nowhere below."""
    for home in homes:
        yield from islice(walk(Path(home), depth=_HOME_DEPTH), _HOME_ENTRIES)


def _host(root: Path, patterns: Iterable[str]) -> _Found:
    for pattern in patterns:
        for path in sorted(root.glob(pattern)):
            yield from walk(path, depth=3)
