"""A person who stays: as the host has them, as they should be, and what they lose; pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import IntEnum

from ...classes import OPERATOR_GROUP, SHELL_GROUP, SUDO_GROUP
from ..records.classes import Classes
from ..records.host import HostUser, KeyFile, Observed, Presence
from ..records.keyfile import ENDING, read_key_file
from ..records.model import Person
from ..records.node import Node
from ..records.paths import HostPaths
from .goal import is_ours
from .wanted import SUDO_FILE, SUDO_RULE, wanted_presence, wanted_user

__all__ = ["Loss", "Stay", "home_drift", "shuts_out", "sudo_drift"]


class Loss(IntEnum):
    """Who loses a class keeps what they wrote, without setuid and setgid bits.

    Who loses a key or the shell keeps ``user/`` alone: all else in a home is code that runs at
    a login, and whose hands the key was in is unknown. An operator's home has no such part.
    """

    NOTHING = 0
    RIGHTS = 1
    EVERYTHING = 2


@dataclass(frozen=True, slots=True)
class Stay:
    """A person who stays: as they are, as they should be, and what they lose."""

    entry: Person
    found: Presence
    wanted: Presence
    user: HostUser
    loss: Loss

    @classmethod
    def of(cls, entry: Person, found: Presence, layout: HostPaths, classes: Classes) -> Stay:
        wanted, user = wanted_presence(entry, layout, classes), wanted_user(entry, layout, classes)
        return cls(entry, found, wanted, user, _loss(entry, found, user, classes))

    @property
    def shut(self) -> HostUser:
        """The account while something is taken from it: nothing begins under it."""
        return replace(self.user, expired=True)


def home_drift(presence: Presence, wanted: Presence) -> tuple[dict[str, Node], tuple[str, ...]]:
    """What is missing or wrong in a home, and which links in it must go."""
    wrong = {
        path: node
        for path, node in wanted.home.items()
        if not node.accepts(presence.home.get(path))
    }
    if "user" in wrong:  # what was found in it is not what will stand in its place
        wrong |= {path: node for path, node in wanted.home.items() if path.startswith("user/")}
    ours = "server" in wanted.home  # an operator's home is all their own
    extra = presence.home.keys() - wanted.home.keys() if ours else ()
    return wrong, tuple(sorted(extra))


def sudo_drift(stays: Iterable[Person], observed: Observed, layout: HostPaths) -> bool | None:
    """Whether the rule of sudo is to be written, for an operator who may become root, or to go,
    where none may; None where it is as it should be."""
    found = observed.places.get(layout.sudoers.as_posix())
    stands = SUDO_FILE.accepts(found) and observed.sudo_rule == SUDO_RULE
    allowed = (observed.has_sudo and observed.reads_rules) and any(
        entry.sudo for entry in stays if entry.state == "present" and is_ours(entry, observed)
    )
    return None if (stands if allowed else found is None) else allowed


def _loss(entry: Person, presence: Presence, user: HostUser, classes: Classes) -> Loss:
    """What is taken from a person whose account should be ``user``.

    It is read off the host alone, so a run that is cut off is continued by the next one: the
    account stays expired, the key file marked, and the home as it was, until all is cleared.
    """
    if presence.keys is not None and shuts_out(entry, presence.keys):
        return Loss.EVERYTHING
    if not entry.shell and _planted(entry, presence):
        return Loss.EVERYTHING
    found = presence.user
    rights = {*classes.groups.values(), SHELL_GROUP, OPERATOR_GROUP, SUDO_GROUP}
    rights |= found.groups if found else set()
    groups = (presence.running or frozenset()) | (found.groups if found else set())
    if groups & rights - user.groups or (found is not None and found.expired):
        return Loss.RIGHTS
    return Loss.NOTHING


def shuts_out(entry: Person, found: KeyFile) -> bool:
    """Whether a key file opens the account with a key that has no right to, or no more."""
    if found.text is None or ENDING in found.text:
        return True
    keys, foreign = read_key_file(found.text)
    return foreign > 0 or bool({key.blob for key in keys} - entry.open_blobs)


def _planted(entry: Person, presence: Presence) -> bool:
    """Whether anything but ``user/`` in a home may be the analyst's work."""
    home, top = presence.home, {"": 0, "server": 0, "user": entry.uid}
    return bool(presence.foreign) or any(
        (found := home.get(path)) is not None and (found.kind, found.uid) != ("folder", uid)
        for path, uid in top.items()
    )
