"""From the requests to the list of people it makes, with the refusals that need the whole list,
before anything is changed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence, Set
from dataclasses import replace

from ...classes import SERVICE, SUDO_GROUP
from ...errors import AccountsError
from ..records.classes import Classes
from ..records.host import Observed, Presence
from ..records.model import Person, Request
from ..records.names import listed_by, person_in_error, unknown_person
from ..records.registry import Registry, make_registry
from .change import changed
from .wanted import SUDO_RULE

__all__ = [
    "goal",
    "impostor",
    "is_ours",
    "present_analyst",
    "refuse_impostor",
    "refuse_other_account",
]

MIN_FREE_BYTES = 8 * 2**20


def goal(
    requests: Sequence[Request], observed: Observed, classes: Classes | None = None
) -> Registry:
    """The registry once all requests are met. Raises ``AccountsError`` if one cannot be.

    ``classes`` are those that will be declared, the host's own unless they are given.
    A person who leaves stays in it with state absent: the last step of removal deletes the entry.
    """
    _refuse_twice(requests)
    entries = observed.registry.by_name()
    last_uid = max(observed.registry.last_uid, _highest(observed))
    known = classes or observed.classes
    for request in requests:
        free = _free(last_uid + 1, observed)
        entry = _entry(request, entries.get(request.name), observed, free, known)
        if entry is not None:
            entries[entry.name] = entry
            last_uid = max(last_uid, entry.uid)
    _refuse_impostors(requests, observed)
    _refuse_full(entries.keys() - observed.registry.by_name().keys(), observed)
    _refuse_shared_keys(entries.values())
    _refuse_no_sudo([entries.get(request.name) for request in requests], observed)
    _refuse_strangers(
        requests, [one for one in entries.values() if is_ours(one, observed)], observed, classes
    )
    if classes is not None:
        _refuse_lost_classes(entries.values(), classes)
    return make_registry(entries.values(), max(observed.registry.last_uid, _given(entries)))


def _given(entries: dict[str, Person]) -> int:
    return max((entry.uid for entry in entries.values()), default=0)


def _highest(observed: Observed) -> int:
    """The highest id in people's range, of users and groups: a user's own group has its uid."""
    low, high = observed.accounts.uid_range
    ids = {user.uid for user in observed.accounts.users.values()}
    ids |= set(observed.accounts.groups.values())
    return max((number for number in ids if low <= number <= high), default=low - 1)


def _free(uid: int, observed: Observed) -> int:
    """The first uid from this one on that owns nothing on the host."""
    while uid in observed.remains:
        uid += 1
    return uid


def _entry(
    request: Request, known: Person | None, observed: Observed, free_uid: int, classes: Classes
) -> Person | None:
    if known is None and request.known:
        names = [one.name for one in observed.registry.people if one.role == request.role]
        raise unknown_person(request.name, names, request.role)
    if known is not None and known.role != request.role:
        raise AccountsError(
            f"this name already belongs to an {known.role}",
            where=request.where,
            remedy=f"Choose another name, or look at them with: {listed_by(known.role)}.",
        )
    if known is not None:
        refuse_other_account(known, request.uid)
    if request.state == "absent":
        return _leaver(request, known, observed)
    if known is not None:
        after = changed(request, known, classes)
        if request.new and after != known:
            raise AccountsError(
                f"there is an {known.role} of this name already",
                where=request.where,
                remedy="Choose another name.",
            )
        return after
    _refuse_taken(request, observed)
    if free_uid > observed.accounts.uid_range[1]:
        raise AccountsError(
            "no uid is free for a new account",
            where=request.where,
            expected=f"a uid up to {observed.accounts.uid_range[1]}, the UID_MAX of login.defs",
            remedy="Raise UID_MAX in /etc/login.defs.",
        )
    return changed(request, Person(request.name, free_uid, role=request.role), classes)


def _leaver(request: Request, known: Person | None, observed: Observed) -> Person | None:
    if known is not None:
        return replace(known, state="absent", home=request.home)
    user = observed.accounts.users.get(request.name)
    if user is not None:
        raise AccountsError(
            "this account was not made by the data broker, which therefore does not remove it",
            where=request.where,
            found=f"an account with uid {user.uid}",
            remedy=f"Look at the names with {listed_by(request.role)}; use userdel for others.",
        )
    return None


def _refuse_twice(requests: Sequence[Request]) -> None:
    for name, count in Counter(request.name for request in requests).items():
        roles = {request.role for request in requests if request.name == name}
        if len(roles) > 1:
            raise AccountsError(
                "the lists name this person as an analyst and as an operator",
                where=person_in_error(name, "person"),
                remedy="A person who also pulls data needs a second account, as an analyst.",
            )
        if count > 1:
            raise AccountsError(
                f"the list names this person {count} times",
                where=person_in_error(name, *roles),
                remedy="Put everything about one person into one entry.",
            )


def _refuse_taken(request: Request, observed: Observed) -> None:
    name = request.name
    user = observed.accounts.users.get(name)
    group = observed.accounts.groups.get(name)
    home = observed.presence(name).home.get("")
    if user is not None and user.uid < observed.accounts.uid_range[0]:
        found = f"a system account with uid {user.uid}"
    elif user is not None:
        found = f"an account with uid {user.uid} that the data broker did not make"
    elif group is not None:
        found = f"a group with gid {group}"
    elif home is not None:
        found = "a home with that name, left by another account"
    else:
        return
    raise AccountsError(
        "this name is taken on the host",
        where=request.where,
        found=found,
        remedy="Choose another name, or rename what has it on the host.",
    )


def is_ours(entry: Person, observed: Observed) -> bool:
    """An account that was re-made by hand is left alone, and its key file is removed."""
    return impostor(entry, observed.presence(entry.name)) is None


def impostor(entry: Person, presence: Presence) -> str | None:
    """What stands where the analyst's account should, when it is not that account."""
    user, home = presence.user, presence.home.get("")
    if user is not None and user.uid != entry.uid:
        return f"an account with uid {user.uid} instead of {entry.uid}"
    if user is None and presence.other is not None:
        return f"no account of this name, and the account {presence.other!r} with uid {entry.uid}"
    if presence.group not in (None, entry.uid):
        return f"a group with gid {presence.group} instead of {entry.uid}"
    if home is not None and (home.kind != "folder" or home.uid not in (0, entry.uid)):
        return f"a home that is not a folder of uid {entry.uid}"
    return None


def refuse_impostor(entry: Person, observed: Observed) -> None:
    """Refuse to change an account re-made by hand: an operator has to decide whose it is.

    Raises ``AccountsError``.
    """
    other = impostor(entry, observed.presence(entry.name))
    if other is not None:
        raise AccountsError(
            "the account is not the one that the data broker made",
            where=entry.where,
            found=other,
            remedy="Move it away, then try again.",
        )


def refuse_other_account(entry: Person, uid: int | None) -> None:
    """Refuse what was requested of the account with the number ``uid``; None is any.

    Numbers are never given twice, so an account that was made anew under the same name has
    another one. Raises ``AccountsError``.
    """
    if uid is not None and uid != entry.uid:
        raise AccountsError(
            "the account of this name was made anew meanwhile, perhaps for another person",
            where=entry.where,
            expected=f"uid {uid}",
            found=f"uid {entry.uid}",
            remedy="Look at it again. Nothing was changed.",
        )


def present_analyst(name: str, observed: Observed, uid: int | None) -> Person:
    """The analyst of this name, whose account is the one that the broker made.

    Raises ``AccountsError`` where there is none, and where the account is another one than that
    with the number ``uid`` (None is any).
    """
    entry = observed.registry.by_name().get(name)
    if entry is None or entry.is_operator or entry.state != "present":
        people = observed.registry.people
        raise unknown_person(name, [one.name for one in people if not one.is_operator])
    refuse_other_account(entry, uid)
    refuse_impostor(entry, observed)
    return entry


def _refuse_impostors(requests: Sequence[Request], observed: Observed) -> None:
    names = {request.name for request in requests}
    for entry in observed.registry.people:
        if entry.name in names:
            refuse_impostor(entry, observed)


def _refuse_full(new: Set[str], observed: Observed) -> None:
    free = observed.free_bytes
    if new and free is not None and free < MIN_FREE_BYTES:
        raise AccountsError(
            f"the disk is too full to add {len(new)} accounts",
            where="/etc or /home",
            expected=f"{MIN_FREE_BYTES // 2**20} MiB free",
            found=f"{free // 2**10} KiB",
            remedy="Free some space, then try again: nothing was changed.",
        )


def _refuse_shared_keys(entries: Iterable[Person]) -> None:
    owners: dict[bytes, str] = {}
    for entry in entries:
        for key in entry.keys if entry.state == "present" else ():
            other = owners.setdefault(key.blob, entry.name)
            if other != entry.name:
                raise AccountsError(
                    f"the same key is given for {other!r} and {entry.name!r}",
                    where=entry.where,
                    found=key.fingerprint,
                    remedy="Every person has a key of their own: ask one of them for a new one. "
                    "A person with a new name leaves under the old one first (state: absent).",
                )


def _refuse_no_sudo(entries: Iterable[Person | None], observed: Observed) -> None:
    if not observed.has_sudo:
        problem, way = "this host has no sudo", "Install it (apt install sudo)"
    elif not observed.reads_rules:
        problem = "sudo on this host does not read the folder /etc/sudoers.d"
        way = "Add the line @includedir /etc/sudoers.d to /etc/sudoers (visudo)"
    else:
        return
    for entry in entries:
        if entry and entry.state == "present" and entry.sudo:
            raise AccountsError(
                f"{problem}, so this operator could not become root",
                where=entry.where,
                remedy=f"{way}, or take sudo from the operator.",
            )


def _refuse_lost_classes(entries: Iterable[Person], classes: Classes) -> None:
    for entry in entries:
        lost = set(entry.classes) - classes.groups.keys() if entry.state == "present" else set()
        if lost:
            raise AccountsError(
                f"an analyst still has the class {min(lost)}, which is no longer declared",
                where=entry.where,
                remedy="Revoke it first, or keep it in broker_access_classes.",
            )


def _refuse_strangers(
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
        _refuse_others(SUDO_GROUP, {*ours}, "become root", "broker_operators", observed)
    known = observed.classes.groups.values() if observed.has_classes else ()
    for name, group in classes.groups.items() if classes else ():
        if group not in known:
            right = f"read the class {name}"
            _refuse_others(group, {*ours, SERVICE}, right, "broker_analysts", observed)


def _allows_sudo(requests: Sequence[Request], kept: Iterable[Person], observed: Observed) -> bool:
    named = {request.name for request in requests}
    allowed = {entry.name for entry in kept if entry.sudo and entry.state == "present"}
    is_to_come = observed.has_sudo and observed.sudo_rule != SUDO_RULE
    return bool(allowed if is_to_come else allowed & named)


def _refuse_others(
    group: str, ours: Set[str], right: str, setting: str, observed: Observed
) -> None:
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
