"""What a person who stays loses, and how much of what they left has to go with it; pure."""

from __future__ import annotations

from enum import IntEnum

from ...classes import OPERATOR_GROUP, SHELL_GROUP, SUDO_GROUP
from ..records.classes import Classes
from ..records.host import HostUser, KeyFile, Presence
from ..records.keyfile import ENDING, read_key_file
from ..records.model import Person

__all__ = ["Loss", "loss", "shuts_out"]


class Loss(IntEnum):
    """Who loses a class keeps what they wrote, without setuid and setgid bits.

    Who loses a key or the shell keeps ``user/`` alone: all else in a home is code that runs at
    a login, and whose hands the key was in is unknown. An operator's home has no such part.
    """

    NOTHING = 0
    RIGHTS = 1
    EVERYTHING = 2


def loss(entry: Person, presence: Presence, user: HostUser, classes: Classes) -> Loss:
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
    held = (presence.running or frozenset()) | (found.groups if found else set())
    if held & rights - user.groups or (found is not None and found.expired):
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
