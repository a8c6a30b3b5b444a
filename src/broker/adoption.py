"""A store that another host wrote, given to the accounts of this one.

Its files know their owners as numbers, and on another host a number is another account's. So a host
that takes over a disk gives each file to the account and the group that stand for the same here.
Standard library only.
"""

from __future__ import annotations

import json
import os
import pwd
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from .classes import CATALOG, PUBLIC, TREE, VIEWS
from .files import write_atomic
from .mark import NAME

__all__ = ["StoreIds", "adopt", "is_foreign"]

_Change = Callable[[os.stat_result], tuple[int, int] | None]
_KEEP = -1  # of chown(2)
_LOOK = os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC
_HIGHEST = 65533  # below the number of `nobody`


@dataclass(frozen=True, slots=True)
class StoreIds:
    """Numbers of this host: the service, its own group, the operators' and that of each class.

    ``catalog`` is the group of who serves catalogs; None where this host has none.
    """

    service: int
    own: int
    operators: int
    classes: Mapping[str, int]
    catalog: int | None = None


@dataclass(frozen=True, slots=True)
class _Step:
    """What belongs to ``owner`` is given to ``to``, its group exchanged for that in ``groups``.

    ``other`` is for a group that is not among them.
    """

    owner: int
    to: int
    groups: Mapping[str, int]
    other: int

    def change(self, found: os.stat_result) -> tuple[int, int] | None:
        """Owner and group for chown(2); None for what belongs to another account."""
        if found.st_uid != self.owner:
            return None
        return self.to, self.groups.get(str(found.st_gid), self.other)


def is_foreign(store: Path, accounts: StoreIds, record: Path, *, known: bool) -> bool:
    """Whether its files belong to other accounts than they should, or ``adopt`` was cut off.

    ``known`` is whether this host published into it. Then groups of classes are not looked at, as
    the declared ones may have changed. Raises ``OSError``.
    """
    if record.exists():
        return True
    owner = _owner(store)
    if owner is None or owner == 0:  # there is no store yet, or root made it
        return False
    groups = _known(store, accounts)
    if known:
        groups = (one for one in groups if one[0].name == "generations")
    return owner != accounts.service or any(path.lstat().st_gid != gid for path, gid in groups)


def adopt(store: Path, inputs: Path, accounts: StoreIds, record: Path) -> None:
    """Give it to this host; the next call goes on where this was cut off. Raises ``OSError``.

    A number of before may be another's of now. So all first goes to a number without an account,
    and what is left to do is in ``record``. Files in ``inputs`` have the service's own group.
    """
    steps = _recorded(record)
    if steps is None:
        between, owner, groups = _unused(), _owner(store), _groups(store, accounts)
        if owner is None:
            return
        _regroup(inputs, accounts.own)
        first = _Step(owner, between, groups, accounts.own)
        steps = [first, _Step(between, accounts.service, {}, _KEEP)]
    record.parent.mkdir(mode=0o755, exist_ok=True)
    for number, step in enumerate(steps):
        text = json.dumps([asdict(one) for one in steps[number:]], indent=1)
        write_atomic(record, f"{text}\n", mode=0o600)
        for name, folder in _entries(store):
            _give(name, folder, step.change)
    if accounts.catalog is not None and (store / CATALOG).is_dir():
        _give_all(store / CATALOG, accounts.catalog)
    if (store / NAME).exists():
        os.chown(store / NAME, _KEEP, accounts.operators, follow_symlinks=False)
    record.unlink()


def _recorded(record: Path) -> list[_Step] | None:
    try:
        return [_Step(**one) for one in json.loads(record.read_bytes())]
    except FileNotFoundError:
        return None


def _owner(store: Path) -> int | None:
    """Who published: the owner of the generations, as a deploy changes that of the store."""
    for path in (store / "generations", store):
        if path.is_dir():
            return path.lstat().st_uid
    return None


def _groups(store: Path, accounts: StoreIds) -> dict[str, int]:
    """The group of this host for each that the store uses, by its number there.

    Without numbers that stand for more than one: what they give, the service alone may read.
    """
    found: dict[str, set[int]] = {}
    for path, gid in _known(store, accounts):
        found.setdefault(str(path.lstat().st_gid), set()).add(gid)
    return {number: min(gids) for number, gids in found.items() if len(gids) == 1}


def _known(store: Path, accounts: StoreIds) -> Iterator[tuple[Path, int]]:
    """What shows which group it belonged to, each with that group on this host."""
    generations = store / "generations"
    fixed = ((store / NAME, accounts.operators), (generations, accounts.classes[PUBLIC]))
    yield from (one for one in fixed if one[0].exists())
    for views in sorted(generations.glob(f"*/{VIEWS}")):
        for folder, names, _ in os.walk(views):
            names[:] = [name for name in names if name != TREE]
            known = (name for name in names if name in accounts.classes)
            yield from ((Path(folder, name), accounts.classes[name]) for name in known)


def _unused() -> int:
    """A number that no account of this host has."""
    taken = {account.pw_uid for account in pwd.getpwall()}
    return next(number for number in range(_HIGHEST, 0, -1) if number not in taken)


def _regroup(top: Path, gid: int) -> None:
    """The folder itself last: its group says what is left to do."""
    before = top.lstat().st_gid if top.is_dir() else gid
    if before == gid:
        return
    for name, folder in _entries(top):
        if name != ".":
            _give(name, folder, lambda found: (_KEEP, gid) if found.st_gid == before else None)
    os.chown(top, _KEEP, gid)


def _give_all(top: Path, gid: int) -> None:
    """All of it has one group, whichever the other host had."""
    for name, folder in _entries(top):
        _give(name, folder, lambda found: (_KEEP, gid) if found.st_gid != gid else None)


def _entries(top: Path) -> Iterator[tuple[str, int]]:
    """``.`` for ``top``, then each name below it, in an open folder; on one file system."""
    device, first = top.stat().st_dev, ["."]
    for _, folders, files, folder in os.fwalk(top, onerror=_raise):
        yield from ((name, folder) for name in (*first, *folders, *files))
        first = []
        folders[:] = [n for n in folders if os.lstat(n, dir_fd=folder).st_dev == device]


def _give(name: str, folder: int, change: _Change) -> None:
    """On a descriptor: an account that has the owner's number here may exchange names meanwhile."""
    descriptor = os.open(name, _LOOK, dir_fd=folder)
    try:
        if (numbers := change(os.fstat(descriptor))) is not None:
            os.chown(f"/proc/self/fd/{descriptor}", *numbers)
    finally:
        os.close(descriptor)


def _raise(error: OSError) -> None:
    raise error
