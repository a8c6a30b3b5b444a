"""Carries actions out, one after the other; the only part that writes."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from ...errors import BrokerError
from ...files import make_dir, remove_leftovers, write_atomic, write_when_full
from ..planning.actions import (
    Action,
    AddAccounts,
    AllowSudo,
    ChangeAccount,
    ClearHome,
    ClearOutside,
    DropBits,
    EndProcesses,
    ExposeViews,
    MakeAuthority,
    MakePlaces,
    MaskManagers,
    MendHome,
    PlaceLimits,
    RemoveAccount,
    RemoveAuthority,
    RemoveKeyFile,
    StoreHome,
    StrikeOut,
    WriteCertificates,
    WriteClasses,
    WriteKeys,
    WriteRegistry,
    WriteRevocations,
    WriteValidCertificates,
)
from ..planning.taking import takes
from ..planning.wanted import SUDO_RULE
from ..records.classes import render_classes
from ..records.host import HostUser
from ..records.node import Node
from ..records.paths import HostPaths
from ..records.registry import Registry, make_registry, render_registry
from .archive import clear_home, store_home
from .authority_writing import apply_to_authority
from .homes import mend_home, one_line
from .host import Host
from .remains import clear_outside, drop_bits
from .system import Owners
from .user_units import LIMITS, MASK
from .walk import ReportProblem

__all__ = ["Trouble", "apply", "person"]


_MANY = 20
_OF_A_HOME = (ClearHome, MendHome, StoreHome)


@dataclass(frozen=True, slots=True)
class Trouble:
    """What one person's home, or one place that people write to, did not let happen.

    ``name`` is None for a place that belongs to no single person.
    """

    name: str | None
    problem: str


def apply(actions: Iterable[Action], host: Host, *, giving: bool = False) -> tuple[Trouble, ...]:
    """Carry out a plan. Raises ``BrokerError``; the next plan goes on from wherever this ended.

    What fails in a home is its owner's trouble alone: nothing more is done for that person, so
    an account that was shut stays shut, and the others get what the plan says.

    After any other action that failed, those that take rights are still tried: a full disk must
    not leave a door open. Where one of them fails, the analyst's keys are put away until a later
    run. Actions that are all ``giving`` end with the first that fails.
    """
    todo = tuple(actions)
    course = _Course(host.layout, giving=giving)
    many = sum(isinstance(action, WriteKeys) for action in todo) > _MANY
    for action in todo:
        if course.skips(action):
            continue
        try:
            if isinstance(action, WriteKeys):
                _write_keys(action, host.layout, durable=not many)
            else:
                _apply(action, host, course.troubles)
        except (BrokerError, OSError, shutil.Error, subprocess.CalledProcessError) as error:
            course.note(action, error)
    if course.failed is not None:
        raise _with_shut(course.failed, course.shut)
    if many:
        os.sync()  # once for all: hundreds of fsync are what most of the time went to
    return tuple(course.troubles)


@dataclass(slots=True)
class _Course:
    """What went wrong so far: in single homes, and first of all elsewhere.

    ``shut`` are the accounts whose key file was put away, since their rights could not be taken.
    """

    layout: HostPaths
    giving: bool
    troubles: list[Trouble] = field(default_factory=list)
    failed: BrokerError | None = None
    shut: set[str] = field(default_factory=set)

    def skips(self, action: Action) -> bool:
        """Whether an action is left to a later run."""
        name = person(action)
        if name is not None and name in {trouble.name for trouble in self.troubles}:
            return True
        if self.failed is None:
            return False
        return self.giving or not takes(action) or _account(action) in self.shut

    def note(self, action: Action, error: Exception) -> None:
        """An action failed: in a home that is trouble of one person, else a failure of the run."""
        if isinstance(action, _OF_A_HOME) and not isinstance(error, BrokerError):
            where = error.filename if isinstance(error, OSError) else None
            problem = f"could not {action}: {one_line(error, where)}"[:500]
            self.troubles.append(Trouble(action.name, problem))
            return
        self.failed = self.failed or _failure(action, self.layout, error)
        if takes(action) and not self.giving:
            self.shut |= _shut(action, self.layout)


def person(action: Action) -> str | None:
    """Whose action it is, where it is about one person."""
    if isinstance(action, ChangeAccount):
        return action.wanted.name
    return getattr(action, "name", None)


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


def _failure(action: Action, layout: HostPaths, error: Exception) -> BrokerError:
    if isinstance(error, BrokerError):
        return error
    failure = BrokerError(
        f"could not {action}"[:300],
        where=str(getattr(error, "filename", None) or layout.config),
        found=getattr(error, "strerror", None) or str(error),
        remedy="Fix that and run the same command again: it goes on where it stopped.",
    )
    failure.__cause__ = error
    return failure


def _shut(action: Action, layout: HostPaths) -> set[str]:
    """Where rights could not be taken, nothing opens the account, by a key or a certificate.

    Removing a file takes no room on a disk. The next run writes it again, with the rest.
    Returns the accounts whose key file is gone.
    """
    match action:
        case ChangeAccount(_, HostUser(name)) | WriteKeys(name):
            path, names = layout.at(layout.keys) / name, {name}
        case WriteValidCertificates():
            path, names = layout.at(layout.valid_certificates), set()
        case _:
            return set()
    with suppress(OSError):
        path.unlink(missing_ok=True)
        return names
    return set()


def _write_keys(action: WriteKeys, layout: HostPaths, *, durable: bool) -> None:
    path = layout.at(layout.keys) / action.name
    write_when_full(path, action.text, mode=0o644, durable=durable)


def _apply(action: Action, host: Host, troubles: list[Trouble]) -> None:
    system = host.system
    match action:
        case AddAccounts(groups, users):
            system.add(groups, users)
        case ChangeAccount(found, wanted):
            system.change(found, wanted)
        case EndProcesses(_, uid):
            system.end(uid)
        case RemoveAccount(name, user, group):
            system.remove(name, user=user, group=group)
        case DropBits(uids):
            drop_bits(host, uids, _reporting(troubles))
        case ClearOutside(people):
            failed = clear_outside(host, people, _reporting(troubles))
            troubles += [
                Trouble(name, f"could not {action}: {one_line(error, error.filename)}"[:500])
                for name, error in failed.items()
            ]
        case StrikeOut(registry, names):
            gone = names - {trouble.name for trouble in troubles}
            left = (entry for entry in registry.people if entry.name not in gone)
            _write_registry(make_registry(left, registry.last_uid), host.layout, write_when_full)
        case PlaceLimits() | MaskManagers() | ExposeViews() | AllowSudo():
            _apply_to_services(action, host)
        case _:
            _apply_to_files(action, host.layout, system)


def _apply_to_services(
    action: PlaceLimits | MaskManagers | ExposeViews | AllowSudo, host: Host
) -> None:
    layout, system = host.layout, host.system
    match action:
        case PlaceLimits(added, removed):
            LIMITS.place(layout.at(layout.units), added, removed)
            if system.running(added):
                system.reload()
        case MaskManagers(added, removed):
            MASK.place(layout.at(layout.units), added, removed)
            system.reload()
        case ExposeViews(audiences):
            system.expose(audiences, layout)
        case AllowSudo(allowed):
            path = layout.at(layout.sudoers)
            if not allowed or (path.is_dir() and not path.is_symlink()):
                _remove(path)
            if allowed:
                write_atomic(path, SUDO_RULE, mode=0o440)


def _reporting(troubles: list[Trouble]) -> ReportProblem:
    def report(path: str, error: OSError) -> None:
        problem = f"could not look for what was left: {one_line(error, path)}"
        troubles.append(Trouble(None, problem[:500]))

    return report


def _apply_to_files(action: Action, layout: HostPaths, owners: Owners) -> None:
    match action:
        case MakePlaces(nodes):
            for path, node in nodes.items():
                _make_place(layout.at(Path(path)), node, owners)
        case WriteRegistry(registry, taking):
            _write_registry(registry, layout, write_when_full if taking else write_atomic)
        case WriteClasses(classes):
            _write_list(layout.at(layout.classes), render_classes(classes), 0o644, write_atomic)
        case MendHome():
            mend_home(layout.at(layout.homes), action, owners)
        case StoreHome():
            store_home(layout, action, owners)
        case ClearHome():
            clear_home(layout, action, owners)
        case RemoveKeyFile(name):
            _remove(layout.at(layout.keys) / name)
        case (
            MakeAuthority()
            | WriteCertificates()
            | WriteRevocations()
            | WriteValidCertificates()
            | RemoveAuthority()
        ):
            apply_to_authority(action, layout)


def _write_registry(registry: Registry, layout: HostPaths, write: Callable[..., None]) -> None:
    _write_list(layout.at(layout.registry), render_registry(registry), 0o600, write)


def _write_list(path: Path, text: str, mode: int, write: Callable[..., None]) -> None:
    remove_leftovers(path)
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
