"""Accounts that the broker does not keep, in groups whose members it gives rights; pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence, Set

from ...classes import SUDO_GROUP
from ...errors import AccountsError
from ..records.classes import Classes
from ..records.host import Observed
from ..records.model import Person, Request
from .wanted import SUDO_RULE

__all__ = ["refuse_strangers"]

_SERVICE = "broker"  # it reads every class


def refuse_strangers(
    requests: Sequence[Request],
    kept: Iterable[Person],
    observed: Observed,
    classes: Classes | None,
) -> None:
    """Refuse to give a right to a group that has a stranger as its member.

    ``kept`` are those in the registry once all is done, ``classes`` those that will be declared.
    A group that has the right already is the proof's to judge, except that of sudo where an
    operator with sudo is asked for. Raises ``AccountsError``.
    """
    ours = {entry.name: entry for entry in kept}
    if _allows_sudo(requests, ours.values(), observed):
        _refuse(SUDO_GROUP, {*ours}, "become root", "broker_operators", observed)
    known = observed.classes.groups.values() if observed.has_classes else ()
    for name, group in classes.groups.items() if classes else ():
        if group not in known:
            right = f"read the class {name}"
            _refuse(group, {*ours, _SERVICE}, right, "broker_analysts", observed)


def _allows_sudo(requests: Sequence[Request], kept: Iterable[Person], observed: Observed) -> bool:
    named = {request.name for request in requests}
    allowed = {entry.name for entry in kept if entry.sudo and entry.state == "present"}
    is_to_come = observed.has_sudo and observed.sudo_rule != SUDO_RULE
    return bool(allowed if is_to_come else allowed & named)


def _refuse(group: str, ours: Set[str], right: str, setting: str, observed: Observed) -> None:
    strangers = sorted(observed.accounts.members(group) - ours)
    if not strangers:
        return
    gid = observed.accounts.groups[group]
    users = observed.accounts.users
    has_as_own = strangers[0] in users and users[strangers[0]].gid == gid
    way = "usermod --gid OTHER NAME" if has_as_own else f"gpasswd --delete NAME {group}"
    raise AccountsError(
        f"accounts that the broker does not keep are in this group, and could {right}",
        where=f"group {group}",
        found=", ".join(strangers),
        remedy=f"Take them out ({way}), and declare who is to have it in {setting}.",
    )
