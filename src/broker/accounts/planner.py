"""From what is asked and what stands to the actions between; pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from .actions import (
    Action,
    AddAccounts,
    ChangeAccount,
    EndProcesses,
    ExposeViews,
    MakePlaces,
    MendHome,
    PlaceLimits,
    RemoveAccount,
    RemoveKeyFile,
    StoreHome,
    WriteClasses,
    WriteKeys,
    WriteRegistry,
)
from .certificates.model import Mode
from .certificates.planner import plan_authority
from .classes import SHELL_GROUP, Classes
from .goal import goal, impostor
from .host import KeyFile, Node, Observed, Presence
from .keyfile import ENDING, read_key_file
from .layout import Layout
from .model import Analyst, Request
from .registry import Registry, make_registry
from .taking import only_takes
from .wanted import CLASSES_FILE, REGISTRY_FILE, wanted_places, wanted_presence, wanted_user

__all__ = ["home_drift", "plan"]


def plan(
    desired: Sequence[Request],
    observed: Observed,
    layout: Layout | None = None,
    classes: Classes | None = None,
    certificates: Mode | None = None,
) -> tuple[Action, ...]:
    """What brings the host from ``observed`` to what ``desired`` asks; empty when nothing does.

    Everybody in the registry is looked at, not only those who are asked for, so a plan also
    mends drift and what an interrupted run left. Who leaves goes first, and a key is written
    last, so nobody enters a half-made home. ``classes`` and ``certificates`` are what is to be
    declared; without them the host's own hold. Raises ``AccountsError``.
    """
    paths = layout or Layout()
    target = goal(desired, observed, classes)
    known = paths.registry.as_posix() in observed.places or observed.authority is not None
    if not (target.analysts or known or observed.key_files or classes or certificates):
        return ()
    held = classes or observed.classes
    ours = [entry for entry in target.analysts if _is_ours(entry, observed)]
    stays = [entry for entry in ours if entry.state == "present"]
    leaves = [entry for entry in ours if entry.state == "absent"]
    return (
        *_places(observed, paths),
        *_classes(classes, observed, paths),
        *_registry(target, observed, paths, taking=only_takes(desired, observed.registry, target)),
        *plan_authority(certificates, observed, stays, paths),
        *_stray_keys(stays, observed),
        *(action for entry in leaves for action in _leave(entry, observed)),
        *_added(stays, observed, paths, held),
        *_limits(stays, observed),
        *(action for entry in stays for action in _stay(entry, observed, paths, held)),
        *_strike_out(leaves, target),
        *_views(stays, observed, held),
    )


def home_drift(presence: Presence, wanted: Presence) -> tuple[dict[str, Node], tuple[str, ...]]:
    """What a home lacks or has wrong, and which links in it must go."""
    wrong = {
        path: node
        for path, node in wanted.home.items()
        if not node.accepts(presence.home.get(path))
    }
    extra = tuple(sorted(presence.home.keys() - wanted.home.keys()))
    return wrong, extra


def _is_ours(entry: Analyst, observed: Observed) -> bool:
    """An account that somebody re-made by hand is left alone, and its key file goes."""
    return impostor(entry, observed.presence(entry.name)) is None


def _places(observed: Observed, paths: Layout) -> Iterator[Action]:
    wrong = {
        path: node
        for path, node in wanted_places(paths).items()
        if not node.accepts(observed.places.get(path))
    }
    if wrong:
        yield MakePlaces(wrong)


def _classes(declared: Classes | None, observed: Observed, paths: Layout) -> Iterator[Action]:
    """Without a declaration a file that stands is still mended, and none is made."""
    wanted = declared or observed.classes
    found = observed.places.get(paths.classes.as_posix())
    missing = found is None and declared is not None
    if wanted != observed.classes or missing or (found and not CLASSES_FILE.accepts(found)):
        yield WriteClasses(wanted)


def _registry(
    target: Registry, observed: Observed, paths: Layout, *, taking: bool
) -> Iterator[Action]:
    found = observed.places.get(paths.registry.as_posix())
    if target != observed.registry or not REGISTRY_FILE.accepts(found):
        yield WriteRegistry(target, taking)


def _strike_out(leaves: Sequence[Analyst], target: Registry) -> Iterator[Action]:
    last = make_registry(set(target.analysts) - set(leaves), target.last_uid)
    if last != target:
        yield WriteRegistry(last, taking=True)


def _views(stays: Sequence[Analyst], observed: Observed, classes: Classes) -> Iterator[Action]:
    """A view that somebody needs and no sync has built yet; last, since it may take a while."""
    if observed.audiences is None:
        return
    needed = {classes.held(entry.classes) for entry in stays} - observed.audiences
    if needed:
        yield ExposeViews(tuple(sorted(needed)))


def _stray_keys(stays: Sequence[Analyst], observed: Observed) -> Iterator[Action]:
    for name in sorted(observed.key_files - {entry.name for entry in stays}):
        yield RemoveKeyFile(name)


def _leave(entry: Analyst, observed: Observed) -> Iterator[Action]:
    presence = observed.presence(entry.name)
    user = presence.user
    if user is not None and (not user.expired or user.groups):
        yield ChangeAccount(user, replace(user, expired=True, groups=frozenset()))
    if user is not None or presence.running is not None:
        yield EndProcesses(entry.name, entry.uid)
    if "" in presence.home:
        yield StoreHome(entry.name, entry.uid, entry.home)
    if user is not None or presence.group is not None:
        yield RemoveAccount(entry.name, user is not None, presence.group is not None)


def _added(
    stays: Sequence[Analyst], observed: Observed, paths: Layout, classes: Classes
) -> Iterator[Action]:
    groups = {*classes.groups.values(), SHELL_GROUP}
    needed = sorted(groups - observed.accounts.groups.keys())
    users = [
        wanted_user(entry, paths, classes)
        for entry in stays
        if None in (observed.presence(entry.name).user, observed.presence(entry.name).group)
    ]
    if needed or users:
        yield AddAccounts(tuple(needed), tuple(users))


def _limits(stays: Sequence[Analyst], observed: Observed) -> Iterator[Action]:
    wanted = {entry.uid for entry in stays}
    if wanted != observed.limited:
        added, removed = wanted - observed.limited, observed.limited - wanted
        yield PlaceLimits(tuple(sorted(added)), tuple(sorted(removed)))


def _stay(entry: Analyst, observed: Observed, paths: Layout, classes: Classes) -> Iterator[Action]:
    presence, wanted = observed.presence(entry.name), wanted_presence(entry, paths, classes)
    user = wanted_user(entry, paths, classes)
    rights = {*classes.groups.values(), SHELL_GROUP}
    if presence.user is not None and presence.user != user:
        rights |= presence.user.groups
        yield ChangeAccount(presence.user, user)
    if (presence.running or frozenset()) & rights - user.groups:
        yield EndProcesses(entry.name, entry.uid)
    wrong, extra = home_drift(presence, wanted)
    if wrong or extra:
        yield MendHome(entry.name, entry.uid, wrong, extra)
    if presence.keys != wanted.keys:
        yield from _keys(entry, presence.keys)


def _keys(entry: Analyst, found: KeyFile | None) -> Iterator[Action]:
    """Nobody enters by a key that goes, then what it opened ends: whose hands it was in, and
    what they left running under the account, nobody knows. A run that is cut off in between
    leaves the mark, so the next one ends it."""
    if found is not None and _shuts_out(entry, found):
        yield WriteKeys(entry.name, entry.keys, ending=True)
        yield EndProcesses(entry.name, entry.uid)
    yield WriteKeys(entry.name, entry.keys)


def _shuts_out(entry: Analyst, found: KeyFile) -> bool:
    """Whether a key file that stands let somebody in who has no right to, or any longer."""
    if found.text is None or ENDING in found.text:
        return True
    keys, foreign = read_key_file(found.text)
    return foreign > 0 or bool({key.blob for key in keys} - entry.open_blobs)
