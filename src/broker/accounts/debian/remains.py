"""What a person leaves on a host outside the home: temporary files, schedules, mail."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path

from ...mounts import status
from ..records.model import HomePolicy
from ..records.paths import HostPaths
from .archive import keep, remove
from .host import Host
from .system import System
from .walk import Found, ReportProblem, identity, walk

__all__ = ["clear_outside", "drop_bits", "owners_left"]

_SETID = stat.S_ISUID | stat.S_ISGID
# Not to read: a lease, which outlives its owner's processes in another's hands, would refuse that.
_LOOK = os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC


def drop_bits(host: Host, uids: Iterable[int], report: ReportProblem) -> None:
    """Take the setuid and setgid bits from files of these uids, in homes and temporary places.

    One walk for all of them; a file that has several names is found by any of these.
    """
    wanted = set(uids)
    for found in _everywhere(host.layout, wanted, report):
        mode = found.status.st_mode
        if stat.S_ISREG(mode) and mode & _SETID and host.system.holder(found.status) in wanted:
            try:
                _drop(found)
            except OSError as error:
                report(found.path, error)


def clear_outside(
    host: Host,
    people: Iterable[tuple[str, int, HomePolicy]],
    report: ReportProblem,
) -> dict[str, OSError]:
    """Remove what these people own in temporary places, and put their spool files away.

    Returns whose spool files or shared memory could not be, and why.
    """
    listed, system = list(people), host.system
    uids = {uid for _, uid, _ in listed}
    for found in _temporary(host.layout, uids, report):
        if system.holder(found.status) in uids:
            try:
                _remove(found, system)
            except OSError as error:
                report(found.path, error)
    failed = {}
    for name, uid, policy in listed:
        try:
            _clear_spools(host, name, uid, policy)
            system.remove_ipc(uid)
        except OSError as error:
            failed[name] = error
    return failed


def owners_left(host: Host, *, deep: bool) -> frozenset[int]:
    """The uids that own something where people write; ``deep`` looks into homes as well."""
    layout, system = host.layout, host.system
    found = set(system.ipc_makers())
    places = [*layout.temporary, *layout.spools, *([layout.homes] if deep else [])]
    for place in places:
        found |= {system.holder(one.status) for one in walk(layout.at(place), _ignore)}
    for entry in _entries(layout.at(layout.homes)):
        with suppress(OSError):
            home = status(entry)
            # The home of an analyst is root's: its group has the number of the account.
            found |= {system.holder(home), system.owner(home)[1]}
    for entry in _entries(layout.at(layout.archive)):  # NAME-UID, NAME-UID.2, NAME-UID.spool
        number = entry.name.rpartition("-")[2].partition(".")[0]
        found |= {int(number)} if number.isdigit() else set()
    return frozenset(found)


def _everywhere(layout: HostPaths, uids: set[int], report: ReportProblem) -> Iterator[Found]:
    yield from walk(layout.at(layout.homes), report)
    yield from _temporary(layout, uids, report)


def _temporary(layout: HostPaths, uids: set[int], report: ReportProblem) -> Iterator[Found]:
    for place in (*layout.temporary, *(layout.runtime / str(uid) for uid in sorted(uids))):
        yield from walk(layout.at(place), report)


def _clear_spools(host: Host, name: str, uid: int, policy: HomePolicy) -> None:
    (host.layout.at(host.layout.lingering) / name).unlink(missing_ok=True)
    spooled = list(_spooled(host, name, uid))
    if policy == "delete":
        remove(spooled)
    else:
        keep(spooled, host.layout, f"{name}-{uid}.spool", host.system)


def _spooled(host: Host, name: str, uid: int) -> Iterator[Path]:
    """Crontab, jobs of at, mail: by their owner, or named as the account."""
    for spool in host.layout.spools:
        for entry in _entries(host.layout.at(spool)):
            with suppress(FileNotFoundError):  # another account replaced its own meanwhile
                if host.system.holder(entry.lstat()) == uid or entry.name == name:
                    yield entry


def _drop(found: Found) -> None:
    descriptor = os.open(found.name, _LOOK, dir_fd=found.folder)
    try:
        status = os.fstat(descriptor)
        if identity(status) != identity(found.status):
            raise OSError(errno.ESTALE, "it was replaced meanwhile", found.name)
        Path(f"/proc/self/fd/{descriptor}").chmod(stat.S_IMODE(status.st_mode) & ~_SETID)
    finally:
        os.close(descriptor)


def _remove(found: Found, system: System) -> None:
    """Unlink it; a folder that holds what belongs to others becomes root's."""
    if not stat.S_ISDIR(found.status.st_mode):
        with suppress(FileNotFoundError):
            os.unlink(found.name, dir_fd=found.folder)
        return
    try:
        os.rmdir(found.name, dir_fd=found.folder)
    except FileNotFoundError:
        return
    except OSError as error:
        if error.errno != errno.ENOTEMPTY:
            raise
        _take(found, system)


def _take(found: Found, system: System) -> None:
    flags = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
    folder = os.open(found.name, flags, dir_fd=found.folder)
    try:
        if identity(os.fstat(folder)) == identity(found.status):
            system.set_owner(folder, 0, 0)
            os.fchmod(folder, 0o755)
    finally:
        os.close(folder)


def _entries(folder: Path) -> list[Path]:
    return sorted(folder.iterdir()) if folder.is_dir() else []


def _ignore(path: str, error: OSError) -> None:
    """What cannot be entered is looked at again when something is removed there."""
