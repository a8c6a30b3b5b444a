"""From the requests and the state of the host to the actions between; pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence, Set
from dataclasses import dataclass, replace

from ...classes import OPERATOR_GROUP, SHELL_GROUP, SUDO_GROUP
from ..records.certificates import Mode
from ..records.classes import Classes
from ..records.host import Observed, Presence
from ..records.keyfile import render_keys
from ..records.model import Person, Request
from ..records.paths import HostPaths
from ..records.registry import Registry
from .actions import (
    Action,
    AddAccounts,
    AllowSudo,
    ChangeAccount,
    ClearHome,
    ClearOutside,
    DropBits,
    EndProcesses,
    ExposeViews,
    MakePlaces,
    MaskManagers,
    MendHome,
    PlaceLimits,
    RemoveAccount,
    RemoveKeyFile,
    StoreHome,
    StrikeOut,
    WriteClasses,
    WriteKeys,
    WriteRegistry,
)
from .authority import plan_authority
from .change import only_takes
from .goal import goal, is_ours
from .stay import Loss, Stay, home_drift, shuts_out, sudo_drift
from .wanted import CLASSES_FILE, REGISTRY_FILE, wanted_places

__all__ = ["Plan", "plan"]


@dataclass(frozen=True, slots=True)
class Plan:
    """The list of people that the requests make, and what brings the host there.

    ``only_takes`` is whether the requests take rights and give none.
    """

    target: Registry
    actions: tuple[Action, ...]
    only_takes: bool


def plan(
    desired: Sequence[Request],
    observed: Observed,
    layout: HostPaths | None = None,
    classes: Classes | None = None,
    certificates: Mode | None = None,
) -> Plan:
    """What brings the host from ``observed`` to what ``desired`` asks; no actions where all is so.

    Every account in the registry is checked, not only those requested, so a plan also
    repairs drift and what an interrupted run left. Removals come first, and a key is written
    last, so no login meets a half-made home. ``classes`` and ``certificates`` are what is to be
    declared; without them the host's own hold. Raises ``AccountsError``.
    """
    layout = layout or HostPaths()
    target = goal(desired, observed, classes)
    taking = only_takes(desired, observed.registry, target)
    known = layout.registry.as_posix() in observed.places or observed.authority is not None
    if not (target.people or known or observed.key_files or classes or certificates):
        return Plan(target, (), taking)
    current = classes or observed.classes
    ours = [entry for entry in target.people if is_ours(entry, observed)]
    leaves = [entry for entry in ours if entry.state == "absent"]
    stays = [
        Stay.of(entry, observed.presence(entry.name), layout, current)
        for entry in ours
        if entry.state == "present"
    ]
    entries = [stay.entry for stay in stays]
    authority = certificates is not None or observed.authority is not None
    actions = (
        *_places(observed, layout),
        *_classes(classes, observed, layout),
        *_registry(target, observed, layout, taking=taking),
        *(plan_authority(certificates, observed, entries, layout) if authority else ()),
        *_stray_keys(entries, observed),
        *_leave(leaves, observed),
        *_sudo(entries, observed, layout),
        *_added(stays, observed, current),
        *_links(entries, observed),
        *_take([stay for stay in stays if stay.loss]),
        *(action for stay in stays for action in _keep(stay)),
        *_strike_out(leaves, target),
        *_views(entries, observed, current),
    )
    return Plan(target, actions, taking)


def _places(observed: Observed, layout: HostPaths) -> Iterator[Action]:
    wrong = {
        path: node
        for path, node in wanted_places(layout).items()
        if not node.accepts(observed.places.get(path))
    }
    if wrong:
        yield MakePlaces(wrong)


def _classes(declared: Classes | None, observed: Observed, layout: HostPaths) -> Iterator[Action]:
    """Without a declaration, an existing file is repaired and a missing one not made."""
    wanted = declared or observed.classes
    found = observed.places.get(layout.classes.as_posix())
    missing = found is None and declared is not None
    if wanted != observed.classes or missing or (found and not CLASSES_FILE.accepts(found)):
        yield WriteClasses(wanted)


def _registry(
    target: Registry, observed: Observed, layout: HostPaths, *, taking: bool
) -> Iterator[Action]:
    found = observed.places.get(layout.registry.as_posix())
    if target != observed.registry or not REGISTRY_FILE.accepts(found):
        yield WriteRegistry(target, taking)


def _sudo(stays: Sequence[Person], observed: Observed, layout: HostPaths) -> Iterator[Action]:
    allowed = sudo_drift(stays, observed, layout)
    if allowed is not None:
        yield AllowSudo(allowed)


def _strike_out(leaves: Sequence[Person], target: Registry) -> Iterator[Action]:
    if leaves:
        yield StrikeOut(target, frozenset(entry.name for entry in leaves))


def _views(stays: Sequence[Person], observed: Observed, classes: Classes) -> Iterator[Action]:
    """A view that an analyst needs and no sync has built yet; last, since it may take a while."""
    if observed.audiences is None:
        return
    needed = {classes.declared(entry.classes) for entry in stays} - observed.audiences
    if needed:
        yield ExposeViews(tuple(sorted(needed)))


def _stray_keys(stays: Sequence[Person], observed: Observed) -> Iterator[Action]:
    for name in sorted(observed.key_files - {entry.name for entry in stays}):
        yield RemoveKeyFile(name)


def _leave(leaves: Sequence[Person], observed: Observed) -> Iterator[Action]:
    """In phases: all are shut out before one walk looks for what any of them left."""
    stand = [entry for entry in leaves if _stands(observed.presence(entry.name))]
    for entry in stand:
        presence = observed.presence(entry.name)
        user = presence.user
        if user is not None and (not user.expired or user.groups):
            yield ChangeAccount(user, replace(user, expired=True, groups=frozenset()))
        if user is not None or presence.running is not None:
            yield EndProcesses(entry.name, entry.uid)
    yield from _sweep(stand, stand)
    for entry in stand:
        presence = observed.presence(entry.name)
        if "" in presence.home or presence.broken:
            yield StoreHome(entry.name, entry.uid, entry.home)
        if presence.user is not None or presence.group is not None:
            yield RemoveAccount(
                entry.name, user=presence.user is not None, group=presence.group is not None
            )


def _stands(presence: Presence) -> bool:
    home = presence.home.get("") or presence.broken
    found = (presence.user, presence.group, presence.running, home)
    return any(part is not None for part in found)


def _sweep(some: Sequence[Person], all_of_them: Sequence[Person]) -> Iterator[Action]:
    """The setid bits of ``some``, and everything outside the home of ``all_of_them``."""
    if some:
        yield DropBits(tuple(entry.uid for entry in some))
    if all_of_them:
        people = ((entry.name, entry.uid, entry.home) for entry in all_of_them)
        yield ClearOutside(tuple(people))


def _added(stays: Sequence[Stay], observed: Observed, classes: Classes) -> Iterator[Action]:
    groups = {*classes.groups.values(), SHELL_GROUP}
    groups |= {OPERATOR_GROUP, SUDO_GROUP} if any(one.entry.is_operator for one in stays) else set()
    needed = sorted(groups - observed.accounts.groups.keys())
    users = [stay.user for stay in stays if None in (stay.found.user, stay.found.group)]
    if needed or users:
        yield AddAccounts(tuple(needed), tuple(users))


def _links(stays: Sequence[Person], observed: Observed) -> Iterator[Action]:
    """Limits for every analyst, and no manager of user units for those without a shell."""
    limited = {entry.uid for entry in stays if not entry.is_operator}
    if limited != observed.limited:
        yield PlaceLimits(*_sides(limited, observed.limited))
    masked = {entry.uid for entry in stays if not entry.shell}
    if masked != observed.masked:
        yield MaskManagers(*_sides(masked, observed.masked))


def _sides(wanted: Set[int], found: Set[int]) -> tuple[tuple[int, ...], tuple[int, ...]]:
    return tuple(sorted(wanted - found)), tuple(sorted(found - wanted))


def _take(losers: Sequence[Stay]) -> Iterator[Action]:
    """First the account is shut, then what runs under it ends, then what was left is cleared.

    Whose hands a key was in, and what they left behind, is unknown. A run that is cut off in
    between leaves the account expired, so the next one goes on.
    """
    for stay in losers:
        entry, found = stay.entry, stay.found
        if found.keys is not None and shuts_out(entry, found.keys):
            yield WriteKeys(entry.name, render_keys(entry.keys, ending=True), ending=True)
        if found.user is not None and found.user != stay.shut:
            yield ChangeAccount(found.user, stay.shut)
        yield EndProcesses(entry.name, entry.uid)
    cleared = [stay for stay in losers if stay.loss is Loss.EVERYTHING]
    # what leaving would do to a home does not count for a person who stays
    everything = [replace(stay.entry, home="archive") for stay in cleared]
    yield from _sweep([stay.entry for stay in losers], everything)
    for stay in cleared:
        home = stay.found.home.get("")
        # What hid a home from root, such as a mount of the analyst's, ended with their processes.
        unseen = home is None and stay.found.broken is not None
        if unseen or (home is not None and home.kind == "folder"):
            yield ClearHome(stay.entry.name, stay.entry.uid)


def _keep(stay: Stay) -> Iterator[Action]:
    entry, found = stay.entry, stay.found
    wrong, extra = home_drift(found, stay.wanted)
    if stay.loss is Loss.EVERYTHING:
        wrong[""] = stay.wanted.home[""]  # ClearHome made it root's
    if wrong or extra:
        yield MendHome(entry.name, entry.uid, wrong, extra)
    now = stay.shut if stay.loss and found.user is not None else found.user
    if now is not None and now != stay.user:
        yield ChangeAccount(now, stay.user)
    if found.keys != stay.wanted.keys:
        yield WriteKeys(entry.name, render_keys(entry.keys))
