"""The entry point: observe, plan, apply, observe again. Modules, commands, the portal use it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence, Set
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from ..audit import Change, current_actor, recording
from ..errors import AccountsError, BrokerError
from ..files import lock
from ..foreign.dataset_choice import CHOICE_FILE
from ..hostpaths import AUDIT_LOG, SETTINGS
from .debian.activity import Activity
from .debian.apply import Trouble, apply, person
from .debian.homes import one_line, space_of
from .debian.host import Host
from .debian.observe import observe, root_needed
from .debian.settings_folder import read_chosen
from .debian.system import System
from .planning.actions import (
    Action,
    AddAccounts,
    ChangeAccount,
    ClearHome,
    ClearOutside,
    DropBits,
    EndProcesses,
    MendHome,
    RemoveAccount,
    StrikeOut,
)
from .planning.certificate_rules import live
from .planning.change import loses
from .planning.describe import deviation, differences, facts, listing
from .planning.describe_certificates import certificate_facts
from .planning.planner import plan
from .records.certificates import Certificate, Mode
from .records.classes import Classes
from .records.keys import Key
from .records.laptops import choice_facts, laptop_facts
from .records.model import Person, Request, Role
from .records.names import person_in_error
from .records.paths import HostPaths
from .records.registry import Registry

__all__ = ["Outcome", "alone", "converge", "keys_of", "list_analysts", "list_operators"]

_PATIENCE_SECONDS = 60.0
_OF_ACCOUNTS = (AddAccounts, ChangeAccount, RemoveAccount)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What was done, or would be. ``people`` are those asked for, as plain values.

    ``probes`` are sshd's answers to the keys of those who left: name, fingerprint, answer.
    ``troubles`` are problems of single homes, which their owners have to solve.
    ``only_takes`` is whether rights are taken and none given, which needs no line in the log's
    file; ``unwritten`` says which lines it misses. ``roles`` are those of all entries.
    """

    actions: tuple[str, ...]
    before: dict[str, Any]
    after: dict[str, Any]
    people: tuple[dict[str, Any], ...]
    probes: tuple[dict[str, Any], ...] = ()
    troubles: tuple[Trouble, ...] = ()
    only_takes: bool = False
    unwritten: tuple[str, ...] = ()
    roles: Mapping[str, Role] = field(default_factory=dict)

    @property
    def warnings(self) -> tuple[str, ...]:
        """What is not as it should be although the act was done, as sentences."""
        troubles = (f"{self._where(one.name)}: {one.problem}" for one in self.troubles)
        return (*self.unwritten, *troubles)

    def _where(self, name: str | None) -> str:
        return "host" if name is None else person_in_error(name, self.roles.get(name, "analyst"))

    @property
    def changed(self) -> bool:
        """Whether anything is done at all."""
        return bool(self.actions)

    @property
    def recorded(self) -> tuple[Change, ...]:
        """For the audit log: a person is added, changed or removed, or drift is mended."""
        found = tuple(
            _change(name, self.before.get(name) or {}, self.after.get(name) or {})
            for name in sorted(self.before.keys() | self.after.keys())
        )
        if self.actions and not found:
            return (Change("host.mend", None, {"actions": [*self.actions][:20]}),)
        return found


@dataclass(frozen=True, slots=True)
class _Leaver:
    """A person who leaves, and their certificates."""

    entry: Person
    certificates: tuple[Certificate, ...]


def converge(
    requests: Sequence[Request],
    host: Host,
    *,
    check: bool = False,
    classes: Classes | None = None,
    certificates: Mode | None = None,
) -> Outcome:
    """Meet all requests, or none: what is refused is refused before anything is changed.

    ``check`` only tells what would be done; ``classes``, and whether ``certificates`` open a
    session, are declared first, if they are given.
    Two at once wait for each other. Raises ``AccountsError`` for an invalid request,
    ``BrokerError`` for what the host refused, and ``LockedError`` when another process is busy
    for a minute. A home that cannot be mended is an error where its owner was asked for on the
    way, after everything else was done, and else one of the outcome's ``troubles``.
    """
    if check:
        return _outcome(requests, host, classes, certificates)[0]
    with alone(host.layout):
        outcome, actions, leavers = _outcome(requests, host, classes, certificates)
        if actions:
            log, needed = host.layout.at(AUDIT_LOG), not outcome.only_takes
            with recording(outcome.recorded, log, needed=needed) as trail:
                troubles = apply(actions, host)
                _refuse_half_done(host, {one.name for one in troubles})
                gone = [one for one in leavers if one.entry.name not in _names(troubles)]
                outcome = replace(outcome, probes=_probed(gone, host.system), troubles=troubles)
            outcome = replace(outcome, unwritten=trail.warnings)
    _refuse_broken(requests, outcome)
    return outcome


def list_analysts(
    host: Host, only: str | None = None, *, measured: bool = True
) -> list[dict[str, Any]]:
    """Every analyst whom the broker keeps, with state and last activity of each on the host.

    ``only`` is the name of one; no row where the broker keeps no such analyst. ``measured`` adds
    what ``user/`` holds, which takes a look at each file of each analyst.
    """
    observed, layout = observe(host), host.layout
    rows = listing(observed, layout, "analyst")
    if only is not None:
        rows = [row for row in rows if row["name"] == only]
    activity = host.system.activity({row["uid"]: row["name"] for row in rows})
    valid = live(observed.issued, datetime.now(UTC))
    for row in rows:
        seen, name = activity.get(row["name"], Activity()), row["name"]
        row |= {"last_login": seen.last_login, "last_sync": seen.last_sync}
        row["keys"] = [
            {**key, "last_used": seen.key_uses.get(key["fingerprint"])} for key in row["keys"]
        ]
        row["laptops"] = [laptop_facts(one) for one in seen.laptops]
        row["datasets"] = _chosen(host, name)
        row["certificates"] = [certificate_facts(one) for one in valid if one.analyst == name]
        row["space"] = space_of(layout.at(layout.homes), name) if measured else None
    return rows


def _chosen(host: Host, name: str) -> dict[str, Any] | None:
    """The choice of datasets that laptops find, or the ``problem`` with it; None without one."""
    homes = host.layout.at(host.layout.homes)
    try:
        choice = read_chosen(homes, name, host.system)
    except (OSError, ValueError) as error:
        return {"problem": one_line(error, f"{SETTINGS}/{CHOICE_FILE}")}
    return None if choice is None else choice_facts(choice)


def keys_of(host: Host, name: str) -> tuple[Key, ...]:
    """The public keys of an analyst that are not revoked; none for an unknown one."""
    people = (one for one in observe(host).registry.people if one.name == name)
    return tuple(key for person_ in people for key in person_.keys if not key.revoked)


def list_operators(host: Host) -> list[dict[str, Any]]:
    """Every operator whom the broker keeps, with the state of each on the host."""
    return listing(observe(host), host.layout, "operator")


def _outcome(
    requests: Sequence[Request],
    host: Host,
    classes: Classes | None,
    certificates: Mode | None,
) -> tuple[Outcome, tuple[Action, ...], list[_Leaver]]:
    observed = observe(host, [request.name for request in requests])
    planned = plan(requests, observed, host.layout, classes, certificates)
    target, actions = planned.target, planned.actions
    if any(isinstance(action, _OF_ACCOUNTS) for action in actions):
        host.system.require_writable()
    entries = target.by_name()
    leavers = [
        _Leaver(entry, tuple(one for one in observed.issued if one.analyst == entry.name))
        for entry in target.people
        if entry.state == "absent"
    ]
    before, after = (
        differences(observed, target, host.layout, classes, certificates) if actions else ({}, {})
    )
    _refuse_own_end(observed.registry, target, actions, before, after)
    people = tuple(
        facts(entries[request.name])
        if request.name in entries
        else {"name": request.name, "state": "absent"}
        for request in requests
    )
    declares = classes not in (None, observed.classes) or certificates is not None
    broken = tuple(
        Trouble(name, f"the home cannot be read: {presence.broken}")
        for name, presence in sorted(observed.presences.items())
        if presence.broken
    )
    outcome = Outcome(
        tuple(map(str, actions)),
        before,
        after,
        people,
        troubles=broken,
        only_takes=planned.only_takes and not declares,
        roles={entry.name: entry.role for entry in target.people},
    )
    return outcome, actions, leavers


def _change(name: str, before: Mapping[str, Any], after: Mapping[str, Any]) -> Change:
    """Of one person, or of one part of the host: see ``differences``."""
    role = after.get("role") or "analyst"
    if "entry" not in before and "entry" not in after:
        parts = sorted((before.keys() | after.keys()) - {"role"})
        subject = None if " " in name else name  # no account has a blank in its name
        action = "host.mend" if subject is None else f"{role}.mend"
        return Change(action, subject, {"mended": parts})
    old, new = before.get("entry"), after.get("entry")
    if not old:
        return Change(f"{role}.add", name, {"after": new})
    ended = {"ended": before["certificates"]} if before.get("certificates") else {}
    if not new:
        return Change(f"{role}.remove", name, {"before": old, **ended})
    parts = [part for part in old.keys() | new.keys() if old.get(part) != new.get(part)]
    return Change(
        f"{role}.change",
        name,
        {
            "before": {p: old.get(p) for p in sorted(parts)},
            "after": {p: new.get(p) for p in sorted(parts)},
            **ended,
        },
    )


def _refuse_own_end(
    old: Registry,
    new: Registry,
    actions: Sequence[Action],
    before: Mapping[str, Any],
    after: Mapping[str, Any],
) -> None:
    """Refuse to end one's own session: that would stop the command half-way, with the account
    expired and perhaps no other operator to repair it. A session that loses sudo still ends."""
    actor = current_actor()
    names = {actor.name, actor.login, (actor.claims or {}).get("sudo_user")}
    names &= {action.name for action in actions if isinstance(action, EndProcesses)}
    for entry in old.people:
        if not entry.is_operator or entry.name not in names:
            continue
        if loses(entry, new.by_name().get(entry.name)):
            raise AccountsError(
                "this change takes rights from your own account and would end your session",
                where=entry.where,
                remedy="Let another operator do it, or root.",
            )
        if entry.sudo and entry.state == "present":
            raise AccountsError(
                "you are logged in with this account, which is not as it should be, and mending "
                "it would end your session",
                where=entry.where,
                found=deviation(before.get(entry.name, {}), after.get(entry.name, {})),
                remedy="Undo that by hand, or let another operator or root run this.",
            )


def _probed(leavers: Sequence[_Leaver], system: System) -> tuple[dict[str, Any], ...]:
    """Check with sshd that every key and certificate of a person who left is refused."""
    found = [
        {
            "name": gone.entry.name,
            "fingerprint": one.fingerprint,
            "answer": one.answer,
            "taken": one.taken,
        }
        for gone in leavers
        for one in system.probe(gone.entry.name, gone.entry.keys, gone.certificates)
    ]
    wheres = {gone.entry.name: gone.entry.where for gone in leavers}
    for one in found:
        if one["taken"]:
            raise BrokerError(
                "sshd still accepts a key of a removed person",
                where=wheres[str(one["name"])],
                found=str(one["fingerprint"]),
                remedy="Look for it with: sshd -T -C user=NAME,host=x,addr=127.0.0.1.",
            )
    return tuple(found)


def _names(troubles: Sequence[Trouble]) -> set[str]:
    return {one.name for one in troubles if one.name is not None}


def _refuse_broken(requests: Sequence[Request], outcome: Outcome) -> None:
    wheres = {request.name: request.where for request in requests if request.origin == "registry"}
    for one in outcome.troubles:
        if one.name in wheres:
            raise BrokerError(
                "the home could not be repaired, so the account is incomplete",
                where=wheres[one.name],
                found=one.problem,
                remedy="Look at the home, end what runs under the account, then try again.",
            )


def _refuse_half_done(host: Host, broken: Set[str | None]) -> None:
    """Check the host after the tools. Homes are left out: their owners may change them now."""
    left = [
        action
        for action in plan((), observe(host), host.layout).actions
        if not isinstance(action, MendHome | ClearHome) and not _is_of(action, broken)
    ]
    if left:
        raise BrokerError(
            "the host does not have all changes that were just made",
            found=f"still to do: {left[0]}",
            remedy="Look for what else changes accounts here, then run the same command again.",
        )


def _is_of(action: Action, broken: Set[str | None]) -> bool:
    """Whether an action is left because the home of one of these stands in its way."""
    if isinstance(action, DropBits | ClearOutside | StrikeOut):
        return bool(broken)
    return person(action) in broken - {None}


@contextmanager
def alone(layout: HostPaths) -> Iterator[None]:
    """The lock that two at once wait for; the kernel drops it however its holder ends."""
    waiting = lock(
        layout.at(layout.lock), purpose="changing analysts", wait_seconds=_PATIENCE_SECONDS
    )
    with ExitStack() as stack:
        try:
            stack.enter_context(waiting)
        except PermissionError as error:
            raise root_needed(error) from error
        yield
