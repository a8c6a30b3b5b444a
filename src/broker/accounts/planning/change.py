"""One request and one entry into the entry that meets it, and what that takes; pure.

What the inventory declares and what was added on the host stand beside each other in an
entry. A request of one origin replaces that origin's part and leaves the other as it is.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from ...errors import AccountsError
from ..records.classes import Classes
from ..records.keys import Key
from ..records.model import ALL_OTHERS, Person, Request
from ..records.registry import Registry

__all__ = ["by_label", "changed", "loses", "only_takes"]


def changed(request: Request, known: Person, classes: Classes) -> Person:
    """The entry once the request is met. Raises ``AccountsError`` if it cannot be."""
    if known.state == "absent":
        known = Person(known.name, known.uid, known.email, role=known.role)
    keys = _keys(request, known)
    if not keys:
        raise AccountsError(
            f"a new {request.role} needs a key to log in",
            where=request.where,
            remedy=f"Give the line in the {request.role}'s .pub file.",
        )
    readable, declared = _classes(request, known, classes)
    return replace(
        known,
        email=request.email or known.email,
        keys=keys,
        classes=readable,
        declared_classes=declared,
        shell=known.is_operator or (known.shell if request.shell is None else request.shell),
        sudo=known.is_operator and _sudo(request, known),
        origin="declared" if "declared" in (request.origin, known.origin) else "registry",
    )


def _sudo(request: Request, known: Person) -> bool:
    if request.sudo is None and request.origin == "registry":
        return known.sudo
    return bool(request.sudo)


def _classes(
    request: Request, known: Person, classes: Classes
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    where = request.where
    requested = classes.check((*(request.classes or ()), *request.grant), where=where)
    taken = set(request.revoke)
    own, declared = set(known.classes) - set(known.declared_classes), set(known.declared_classes)
    if request.origin == "declared":
        declared = set(requested) - taken
    else:
        kept = own if request.classes is None else set()
        own = (kept | set(requested)) - taken
        _refuse_to_revoke(declared & taken, where)
    own -= declared
    return tuple(sorted(own | declared)), tuple(sorted(declared))


def _refuse_to_revoke(declared: set[str], where: str) -> None:
    if declared:
        raise AccountsError(
            f"the inventory grants the class {min(declared)}, and would grant it again",
            where=where,
            remedy="Take it out of broker_analysts and run site.yml.",
        )


def _keys(request: Request, known: Person) -> tuple[Key, ...]:
    keys = known.keys
    if request.keys is not None:
        keys = _replaced(request, known)
    keys = _added(keys, request.added, request.where)
    if request.retired:
        keys = _retired(keys, request)
    return keys


def _replaced(request: Request, known: Person) -> tuple[Key, ...]:
    """The other origin's keys stay, and nothing brings back a key that was revoked."""
    declares = request.origin == "declared"
    before = {key.blob: key for key in known.keys}
    new = []
    for key in request.keys or ():
        old = before.get(key.blob, key)
        if old.revoked and not declares:
            raise _was_revoked(old, request.where)
        new.append(
            replace(
                key,
                name=key.name or old.name,
                grace=old.grace,
                revoked=old.revoked,
                declared=declares or old.declared,
            )
        )
    given = {key.blob for key in new}
    rest = (key for key in known.keys if key.blob not in given)
    return (*new, *(key for key in rest if key.revoked or key.declared != declares))


def _added(keys: tuple[Key, ...], new: Iterable[Key], where: str) -> tuple[Key, ...]:
    found = {key.blob: key for key in keys}
    for key in new:
        old = found.get(key.blob)
        if old is not None and old.revoked:
            raise _was_revoked(old, where)
        _refuse_name_taken(key, found.values(), where)
        found[key.blob] = (
            key
            if old is None
            else replace(old, name=key.name or old.name, expires=key.expires or old.expires)
        )
    return tuple(found.values())


def _retired(keys: tuple[Key, ...], request: Request) -> tuple[Key, ...]:
    added = {key.blob for key in request.added}
    chosen: set[bytes] = set()
    for label in request.retired:
        if label == ALL_OTHERS:
            chosen |= {key.blob for key in keys if key.blob not in added}
        else:
            chosen.add(by_label(keys, label, request.where).blob)
    return tuple(_ended(key, request.until) if key.blob in chosen else key for key in keys)


def _ended(key: Key, until: str | None) -> Key:
    if until is None:
        return replace(key, revoked=True)
    return replace(key, grace=min(filter(None, (key.grace, until))))


def by_label(keys: Iterable[Key], label: str, where: str) -> Key:
    """The one key that a person named. Raises ``AccountsError``."""
    found = [key for key in keys if label in key.labels]
    if len(found) == 1:
        return found[0]
    known = ", ".join(key.name or key.fingerprint for key in (found or keys))
    raise AccountsError(
        "this names several keys" if found else "there is no such key",
        where=where,
        expected=f"one of: {known}",
        found=repr(label[:60]),
    )


def _refuse_name_taken(key: Key, others: Iterable[Key], where: str) -> None:
    for other in others:
        if key.name and key.name == other.name and key.blob != other.blob and not other.revoked:
            raise AccountsError(
                "another key has this name",
                where=where,
                found=f"{key.name} for {other.fingerprint}",
                remedy="Choose another name, or revoke that key first.",
            )


def _was_revoked(key: Key, where: str) -> AccountsError:
    return AccountsError(
        "this key was revoked",
        where=where,
        found=key.fingerprint,
        remedy="A revoked key stays so: ask for a new one.",
    )


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
