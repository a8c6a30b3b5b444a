"""The accounts to check, with the groups of a login, and stray members of groups."""

from __future__ import annotations

import grp
import os
import pwd
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from ..accounts.debian.subordinate import read_ranges
from ..accounts.records.model import Person
from ..classes import OPERATOR_GROUP, SERVICE, SHELL_GROUP, SUDO_GROUP
from ..hostpaths import ACCOUNTS_SOCKET
from .policy import Reader, ReaderKind
from .proof import Violation

__all__ = ["People", "lent", "members", "people"]

_NOBODY = "nobody"
_GSHADOW = "/etc/gshadow"
_WITH_SHELL = (True, SHELL_GROUP)
_SUBGID = Path("/etc/subgid")


@dataclass(frozen=True, slots=True)
class People:
    """``readers`` are tried; ``missing`` are accounts that should exist and do not."""

    readers: tuple[Reader, ...]
    missing: tuple[Violation, ...]


def people(listed: Iterable[Person]) -> People:
    """Accounts of the registry's entries, the service, the portal where it has an account, and
    ``nobody``, which stands for every other account.

    Groups are those that a login gets, so stray memberships are included.
    """
    readers, missing = [], []
    for one in listed:
        if one.state != "present":
            continue
        try:
            entry = pwd.getpwnam(one.name)
        except KeyError:
            missing.append(Violation(one.name, "/etc/passwd", "has no account"))
            continue
        if entry.pw_uid != one.uid:
            problem = f"has uid {entry.pw_uid} instead of {one.uid}"
            missing.append(Violation(one.name, "/etc/passwd", problem))
        if one.is_operator:
            reader = _reader(entry, None, "operator", shell=one.shell)
            readers.append(replace(reader, sudo=one.sudo))
        else:
            readers.append(_reader(entry, frozenset(one.classes), shell=one.shell))
    kinds: dict[str, ReaderKind | None] = {SERVICE: "service", _NOBODY: None}
    kinds |= dict.fromkeys(_callers(), "portal")
    for name, kind in kinds.items():
        try:
            readers.append(_reader(pwd.getpwnam(name), None, kind))
        except KeyError:
            missing.append(Violation(name, "/etc/passwd", "has no account"))
    return People(tuple(readers), tuple(missing))


def _reader(
    entry: pwd.struct_passwd,
    classes: frozenset[str] | None,
    kind: ReaderKind | None = None,
    *,
    shell: bool = False,
) -> Reader:
    name, home = entry.pw_name, entry.pw_dir
    groups = tuple(sorted(os.getgrouplist(name, entry.pw_gid)))
    return Reader(name, entry.pw_uid, entry.pw_gid, groups, classes, home, kind, shell)


def _callers() -> list[str]:
    """Who may ask for changes of accounts: the members of the group of the socket for that."""
    try:
        gid = ACCOUNTS_SOCKET.stat().st_gid
    except FileNotFoundError:
        return []
    return _members(grp.getgrgid(gid).gr_name) if gid else []


def members(classes: Mapping[str, str], readers: Sequence[Reader]) -> tuple[int, list[Violation]]:
    """The violations: accounts that should not be in the group of a class or of the operators, by
    a line in group or as their own, and analysts and operators in groups that are not the broker's
    to give.

    ``classes`` maps each class to its group. Returns how many memberships were looked at.
    """
    found = [
        *_class_members(classes, readers),
        *_operators(OPERATOR_GROUP, {one.name for one in readers if one.kind == "operator"}),
        *_operators(SUDO_GROUP, {one.name for one in readers if one.sudo}),
        *_in_service_group({reader.name for reader in readers if reader.holds(())}),
        *_others(classes, readers),
        *_joined({*classes.values(), OPERATOR_GROUP, SHELL_GROUP, SUDO_GROUP, SERVICE}),
    ]
    return len(found), [one for one in found if one]


def _operators(group: str, allowed: set[str]) -> Iterator[Violation | None]:
    rights = "an operator with sudo" if group == SUDO_GROUP else "an operator"
    for member in _members(group):
        ours = member in allowed or (member == SERVICE and group == OPERATOR_GROUP)
        problem = f"is a member of {group}, and is not {rights}"
        yield None if ours else Violation(member, "/etc/group", problem)


def _in_service_group(people: set[str]) -> Iterator[Violation | None]:
    """Accounts that the broker does not keep: ``people``, whom it does, are in ``_others``."""
    for member in {*_members(SERVICE)} - people:
        problem = f"is a member of {SERVICE}, the group of the service alone"
        yield None if member == SERVICE else Violation(member, "/etc/group", problem)


def _others(classes: Mapping[str, str], readers: Sequence[Reader]) -> Iterator[Violation | None]:
    """Of docker, sudo or disk, for instance: such rights are in no policy here."""
    looked_at = {*classes.values(), OPERATOR_GROUP, SUDO_GROUP}
    for reader in readers:
        for gid in reader.groups if reader.holds(()) else ():
            try:
                group = grp.getgrgid(gid).gr_name
            except KeyError:
                continue
            ours = group in looked_at or gid == reader.uid or (reader.shell, group) == _WITH_SHELL
            problem = f"is a member of {group}, which the broker does not give"
            yield None if ours else Violation(reader.name, "/etc/group", problem)


def _joined(groups: set[str]) -> Iterator[Violation | None]:
    """Ways into a group by newgrp(1) and gpasswd(1), as /etc/gshadow has them."""
    for name, password, named, members in _group_shadow():
        if name not in groups:
            continue
        yield Violation("everybody", _GSHADOW, f"{name} has a password") if password else None
        for one in named:
            yield Violation(one, _GSHADOW, f"may add any account to {name}")
        for one in members - {*_members(name)}:
            yield Violation(one, _GSHADOW, f"is a member of {name}, and not in /etc/group")


def _group_shadow() -> Iterator[tuple[str, bool, list[str], set[str]]]:
    """Each group with whether a password opens it, its administrators and members."""
    text = Path(_GSHADOW).read_text(errors="replace") if Path(_GSHADOW).exists() else ""
    for name, password, named, members, *_ in (line.split(":") for line in text.splitlines()):
        opens = bool(password) and not password.startswith(("!", "*"))
        yield name, opens, _names(named), {*_names(members)}


def _names(text: str) -> list[str]:
    return [name for name in text.split(",") if name]


def lent(readers: Sequence[Reader], path: Path = _SUBGID) -> tuple[int, list[Violation]]:
    """Analysts who have gids beside their own: with ``newgidmap`` they can drop their groups.

    The group of all analysts keeps them from the system bus. Returns how many were looked at.
    """
    analysts = [reader for reader in readers if reader.classes is not None]
    numbers = {reader.name: reader.uid for reader in analysts}
    having = {uid for _, uid in read_ranges(path, numbers)}
    problem = "lends it groups, with which it can drop its own: no limit by a group holds"
    return len(analysts), [
        Violation(reader.name, str(path), problem) for reader in analysts if reader.uid in having
    ]


def _class_members(
    classes: Mapping[str, str], readers: Sequence[Reader]
) -> Iterator[Violation | None]:
    holders = {reader.name: reader for reader in readers if reader.holds(())}
    for name, group in classes.items():
        for member in _members(group):
            reader = holders.get(member)
            ours = member == SERVICE or (reader is not None and reader.holds([name]))
            problem = f"is a member of {group}, and does not hold the class {name}"
            yield None if ours else Violation(member, "/etc/group", problem)


def _members(group: str) -> list[str]:
    try:
        entry = grp.getgrnam(group)
    except KeyError:
        return []
    primary = {user.pw_name for user in pwd.getpwall() if user.pw_gid == entry.gr_gid}
    return sorted({*entry.gr_mem} | primary)
