"""Carries actions out, one after the other; the only part that writes."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path

from ..errors import BrokerError
from ..files import make_dir, write_atomic, write_when_full
from .actions import (
    Action,
    AddAccounts,
    ChangeAccount,
    EndProcesses,
    ExposeViews,
    MakeAuthority,
    MakePlaces,
    MendHome,
    PlaceLimits,
    RemoveAccount,
    RemoveAuthority,
    RemoveKeyFile,
    StoreHome,
    WriteCertificates,
    WriteClasses,
    WriteKeys,
    WriteRegistry,
    WriteRevocations,
    WriteStanding,
)
from .certificates.apply import apply_to_authority
from .classes import render_classes
from .homes import mend_home, store_home
from .host import Node, User
from .keyfile import render_keys
from .layout import Layout
from .limits import place_limits
from .registry import render_registry
from .system import Owners, System
from .taking import takes

__all__ = ["apply"]


_MANY = 20


def apply(
    actions: Iterable[Action], layout: Layout, system: System, *, giving: bool = False
) -> None:
    """Carry out a plan. Raises ``BrokerError``; the next plan goes on from wherever this ended.

    After an action that failed, those that take rights are still tried: a full disk must not
    leave a door open. Where one of them fails, the analyst's keys are put away until a later
    run. Actions that are all ``giving`` end with the first that fails.
    """
    todo = tuple(actions)
    many = sum(isinstance(action, WriteKeys) for action in todo) > _MANY
    failed: BrokerError | None = None
    shut: set[str] = set()
    for action in todo:
        if failed is not None and not (takes(action) and _account(action) not in shut):
            continue
        try:
            if isinstance(action, WriteKeys):
                _write_keys(action, layout, durable=not many)
            else:
                _apply(action, layout, system)
        except (BrokerError, OSError, shutil.Error, subprocess.CalledProcessError) as error:
            failed = failed or _failure(action, layout, error)
            if giving:
                break
            if takes(action):
                shut |= _shut(action, layout)
    if failed is not None:
        raise _with_shut(failed, shut)
    if many:
        os.sync()  # once for all: hundreds of fsync are what most of the time went to


def _account(action: Action) -> str | None:
    """Whose key file an action writes: one that was put away must not come back."""
    return action.name if isinstance(action, WriteKeys) else None


def _with_shut(failed: BrokerError, shut: set[str]) -> BrokerError:
    if not shut:
        return failed
    closed = f"Until then no key and no certificate opens: {', '.join(sorted(shut))}."
    error = BrokerError(
        failed.message,
        where=failed.where,
        expected=failed.expected,
        found=failed.found,
        remedy=f"{failed.remedy} {closed}" if failed.remedy else closed,
    )
    error.__cause__ = failed
    return error


def _failure(action: Action, layout: Layout, error: Exception) -> BrokerError:
    if isinstance(error, BrokerError):
        return error
    failure = BrokerError(
        f"could not {action}"[:300],
        where=str(getattr(error, "filename", None) or layout.config),
        found=getattr(error, "strerror", None) or str(error),
        remedy="Mend that and run the same command again: it goes on where it stopped.",
    )
    failure.__cause__ = error
    return failure


def _shut(action: Action, layout: Layout) -> set[str]:
    """Where rights could not be taken, nothing opens the account, by a key or a certificate.

    Removing a file takes no room on a disk. The next run writes it again, with the rest.
    Returns the accounts whose key file is gone.
    """
    match action:
        case ChangeAccount(_, User(name)) | WriteKeys(name):
            path, names = layout.at(layout.keys) / name, {name}
        case WriteStanding():
            path, names = layout.at(layout.standing), set()
        case _:
            return set()
    with suppress(OSError):
        path.unlink(missing_ok=True)
        return names
    return set()


def _write_keys(action: WriteKeys, layout: Layout, *, durable: bool) -> None:
    path = layout.at(layout.keys) / action.name
    text = render_keys(action.keys, ending=action.ending)
    write_when_full(path, text, mode=0o644, durable=durable)


def _apply(action: Action, layout: Layout, system: System) -> None:
    match action:
        case AddAccounts(groups, users):
            system.add(groups, users)
        case ChangeAccount(found, wanted):
            system.change(found, wanted)
        case EndProcesses(_, uid):
            system.end(uid)
        case PlaceLimits(added, removed):
            place_limits(layout.at(layout.units), added, removed)
            if system.running(added):
                system.reload()
        case ExposeViews(audiences):
            system.expose(audiences, layout)
        case RemoveAccount(name, user, group):
            system.remove(name, user=user, group=group)
        case _:
            _apply_to_files(action, layout, system)


def _apply_to_files(action: Action, layout: Layout, owners: Owners) -> None:
    match action:
        case MakePlaces(nodes):
            for path, node in nodes.items():
                _make_place(layout.at(Path(path)), node, owners)
        case WriteRegistry(registry, taking):
            write = write_when_full if taking else write_atomic
            _write_list(layout.at(layout.registry), render_registry(registry), 0o600, write)
        case WriteClasses(classes):
            _write_list(layout.at(layout.classes), render_classes(classes), 0o644, write_atomic)
        case MendHome():
            mend_home(layout.at(layout.homes), action, owners)
        case StoreHome():
            store_home(layout, action, owners)
        case RemoveKeyFile(name):
            _remove(layout.at(layout.keys) / name)
        case (
            MakeAuthority()
            | WriteCertificates()
            | WriteRevocations()
            | WriteStanding()
            | RemoveAuthority()
        ):
            apply_to_authority(action, layout)


def _write_list(path: Path, text: str, mode: int, write: Callable[..., None]) -> None:
    for left in path.parent.glob(f".{path.name}.*"):
        left.unlink()  # of a run that was killed; we hold the lock
    write(path, text, mode=mode)


def _make_place(path: Path, node: Node, owners: Owners) -> None:
    make_dir(path, mode=0o755 if node.mode is None else node.mode)
    if node.uid is not None and node.gid is not None:
        descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
        try:
            owners.set_owner(descriptor, node.uid, node.gid)
        finally:
            os.close(descriptor)


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
