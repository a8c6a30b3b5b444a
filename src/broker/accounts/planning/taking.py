"""Which acts and which actions take rights. Those are done although a disk is full; pure."""

from __future__ import annotations

from collections.abc import Sequence

from ..records.keys import Key
from ..records.model import Person, Request
from ..records.registry import Registry
from .actions import (
    Action,
    AllowSudo,
    ChangeAccount,
    ClearOutside,
    DropBits,
    EndProcesses,
    RemoveAccount,
    RemoveKeyFile,
    WriteKeys,
    WriteRevocations,
    WriteStanding,
)

__all__ = ["loses", "only_takes", "takes"]


def only_takes(requests: Sequence[Request], before: Registry, after: Registry) -> bool:
    """Whether an act only takes rights and gives none.

    A new key counts as given, except to a person who loses another by the same act: that is
    a rotation, which has to work at any time.
    """
    old, new = before.by_name(), after.by_name()
    if any(_gains(old.get(name), entry) for name, entry in new.items()):
        return False
    lost = any(loses(entry, new.get(name)) for name, entry in old.items())
    return lost or any(map(_asks_to_take, requests))


def takes(action: Action) -> bool:
    """Whether an action takes rights and gives none, so that it may follow one that failed."""
    match action:
        case RemoveKeyFile() | EndProcesses() | RemoveAccount() | DropBits() | ClearOutside():
            return True
        case WriteRevocations() | WriteStanding():
            return True
        case AllowSudo(allowed):
            return not allowed
        case WriteKeys(_, _, ending):
            return ending
        case ChangeAccount(found, wanted):
            shut = wanted.expired and not found.expired
            return shut or (wanted.groups < found.groups and wanted.expired == found.expired)
        case _:
            return False


def _asks_to_take(request: Request) -> bool:
    """The list may say so already: an interrupted request is repeated."""
    takes = request.revoke or request.retired or False in (request.shell, request.sudo)
    return request.state == "absent" or bool(takes)


def _gains(old: Person | None, new: Person) -> bool:
    if new.state == "absent":
        return False
    if old is None or old.state == "absent":
        return True
    more = (
        set(new.classes) - set(old.classes)
        or (new.shell and not old.shell)
        or (new.sudo and not old.sudo)
    )
    if more or any(_longer(old, key) for key in new.keys if not key.revoked):
        return True
    return bool(new.open_blobs - old.open_blobs) and not old.open_blobs - new.open_blobs


def _longer(old: Person, key: Key) -> bool:
    """Whether a key that stays opens the account for longer than before."""
    before = [one for one in old.keys if one.blob == key.blob and not one.revoked]
    return any(one.until and (key.until or "~") > one.until for one in before)


def loses(old: Person, new: Person | None) -> bool:
    """Whether something is taken from a person, so that what runs under the account ends."""
    if new is None or new.state == "absent":
        return old.state == "present"
    return bool(
        set(old.classes) - set(new.classes)
        or old.open_blobs - new.open_blobs
        or (old.shell and not new.shell)
        or (old.sudo and not new.sudo)
        or any(_longer(new, key) for key in old.keys if not key.revoked)
    )
