"""Accounts that can log in by ssh now, and those that could not any more."""

from __future__ import annotations

import grp
import os
import pwd
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from .options import Options, has_key, has_text, is_allowed, takes_password

__all__ = [
    "Entrant",
    "can_enter",
    "groups_of",
    "has_shell",
    "keyless",
    "passwords",
    "shut_out",
    "strangers",
]

_NO_SHELLS = ("nologin", "false", "sync", "shutdown", "halt", "broker-transport")


@dataclass(frozen=True)
class Entrant:
    """An account that can log in now, with the groups of its login; ``by_key`` or by password.

    ``own_key`` tells whether a key is in the home, where sshd looks by default.
    """

    name: str
    groups: set[str]
    by_key: bool
    own_key: bool


def can_enter(
    accounts: Iterable[pwd.struct_passwd], ask: Callable[[str], Options], have_passwords: set[str]
) -> list[Entrant]:
    """Those who can log in now."""
    found = []
    for account in accounts:
        name, mine, options = account.pw_name, groups_of(account), ask(account.pw_name)
        by_key = has_key(account, options)
        by_password = name in have_passwords and takes_password(name, options)
        if is_allowed(name, mine, options) and (by_key or by_password):
            home = Path(account.pw_dir, ".ssh")
            own = any(has_text(home / f) for f in ("authorized_keys", "authorized_keys2"))
            found.append(Entrant(name, mine, by_key, own))
    return found


def shut_out(enter: Iterable[Entrant], groups: set[str]) -> list[str]:
    """Names of those who could not log in any more by a key as a member of the groups."""
    return sorted(one.name for one in enter if not (one.by_key and one.groups & groups))


def strangers(enter: Iterable[Entrant], keyed: set[str], keys: Path) -> list[str]:
    """Names of those whose keys would not count any more, as the broker's alone do."""
    members = (one.name for one in enter if one.groups & keyed)
    return sorted(name for name in members if not (keys / name).exists())


def keyless(enter: Iterable[Entrant], unkeyed: set[str]) -> list[str]:
    """Names of those who had no key any more, once those that the broker keeps do not count."""
    return sorted(one.name for one in enter if one.groups & unkeyed and not one.own_key)


def groups_of(account: pwd.struct_passwd) -> set[str]:
    """Names of all groups that a login would have; a gid without a group has none."""
    names = set()
    for gid in os.getgrouplist(account.pw_name, account.pw_gid):
        try:
            names.add(grp.getgrgid(gid).gr_name)
        except KeyError:
            continue
    return names


def passwords() -> set[str]:
    """Accounts with a password that opens something."""
    lines = [line.split(":") for line in Path("/etc/shadow").read_text().splitlines()]
    return {line[0] for line in lines if len(line) > 1 and line[1].startswith(("$", "_"))}


def has_shell(account: pwd.struct_passwd) -> bool:
    """Whether a login of the account starts a shell, or another program that does something."""
    return Path(account.pw_shell or "/bin/sh").name not in _NO_SHELLS
