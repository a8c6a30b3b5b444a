"""What a person may see of accounts: properties and fingerprints, never the bytes of a file."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..records.certificates import Mode
from ..records.classes import Classes
from ..records.host import HostUser, KeyFile, Observed, Presence
from ..records.keyfile import read_key_file
from ..records.keys import Key
from ..records.model import Person, Role
from ..records.node import Node
from ..records.paths import HostPaths
from ..records.registry import Registry
from .authority import ended
from .describe_certificates import AUTHORITY, authority_sides, certificate_line
from .goal import impostor
from .stay import home_drift, sudo_drift
from .wanted import CLASSES_FILE, REGISTRY_FILE, SUDO_FILE, wanted_places, wanted_presence

__all__ = ["CLASSES", "PLACES", "deviation", "differences", "facts", "listing"]

# Parts of the host in a diff by account: no account has a blank in its name.
CLASSES = "access classes"
PLACES = "files and folders"


def facts(person: Person) -> dict[str, Any]:
    """One person as plain values for a report."""
    return {
        "name": person.name,
        "uid": person.uid,
        "email": person.email,
        **({} if person.is_operator else {"private": person.private}),
        **person.rights,
        "keys": [_key_facts(key) for key in person.keys],
        "state": person.state,
        "origin": person.origin,
    }


def _key_facts(key: Key) -> dict[str, Any]:
    return {
        "type": key.type,
        "fingerprint": key.fingerprint,
        "comment": key.comment,
        "name": key.name,
        "until": key.until,
        "revoked": key.revoked,
        "origin": "declared" if key.declared else "registry",
    }


def listing(observed: Observed, layout: HostPaths, role: Role) -> list[dict[str, Any]]:
    """Every account in this role, with ``host``: what stands of them, and a ``problem`` with it.

    ok; drift (the next run mends it); leaving (the next run ends it); or taken (there is
    another account in its place, which only an operator can resolve).
    """
    rows = []
    void = {one.analyst for one in ended(observed, observed.registry.people)}
    for entry in observed.registry.people:
        if entry.role != role:
            continue
        state = _on_host(entry, observed, layout)
        if state == "ok" and entry.name in void:
            state = "drift"
        broken = observed.presence(entry.name).broken
        rows.append({**facts(entry), "host": state, "problem": broken})
    return rows


def _on_host(entry: Person, observed: Observed, layout: HostPaths) -> str:
    presence = observed.presence(entry.name)
    if impostor(entry, presence):
        return "taken"
    if entry.state == "absent":
        return "leaving"
    before, after = _sides(entry, entry, presence, layout, observed.classes)
    return "ok" if before == after and not presence.broken else "drift"


def differences(
    observed: Observed,
    target: Registry,
    layout: HostPaths,
    declared: Classes | None = None,
    certificates: Mode | None = None,
) -> tuple[dict[str, Any], dict[str, Any]]:
    """What stands, and what will: of those analysts and places alone where the two differ."""
    before: dict[str, Any] = {}
    after: dict[str, Any] = {}
    classes = declared or observed.classes
    old_entries, new_entries = observed.registry.by_name(), target.by_name()
    void = ended(observed, target.people)
    people = (*observed.registry.people, *target.people)
    operators = {person.name for person in people if person.is_operator}
    for name in sorted(old_entries.keys() | new_entries.keys() | observed.key_files):
        presence = observed.presence(name)
        old, new = _sides(old_entries.get(name), new_entries.get(name), presence, layout, classes)
        if name in observed.key_files and name not in new_entries:
            old["keys"] = "a file of an account that the broker does not keep"
        old["certificates"] = [certificate_line(one) for one in void if one.analyst == name]
        new["certificates"] = []
        changed = sorted(part for part in old.keys() | new.keys() if old.get(part) != new.get(part))
        if changed:
            before[name] = {part: old.get(part) for part in changed}
            after[name] = {part: new.get(part) for part in changed}
            if name in operators:
                before[name]["role"] = after[name]["role"] = "operator"
    if classes != observed.classes:
        old_groups, new_groups = observed.classes.groups, classes.groups
        names = {one for one, _ in old_groups.items() ^ new_groups.items()}
        before[CLASSES] = {name: old_groups.get(name) for name in sorted(names)}
        after[CLASSES] = {name: new_groups.get(name) for name in sorted(names)}
    authority = authority_sides(observed.authority, certificates, layout)
    if authority[0] != authority[1]:
        before[AUTHORITY], after[AUTHORITY] = authority
    if target.people:
        _differing_places(observed, target, layout, before, after)
    return before, after


def deviation(before: Mapping[str, Any], after: Mapping[str, Any]) -> str | None:
    """What of one person's two sides differs, in a few words: ``groups adm, …, instead of …``."""
    found = []
    for part, old in before.items():
        new = after.get(part)
        if part == "account" and old and new:
            wrong = (key for key in old if old[key] != new[key])
            found += [f"{key} {_words(old[key])} instead of {_words(new[key])}" for key in wrong]
        elif old != new:
            found.append(f"{part} {_words(old)} instead of {_words(new)}")
    return "; ".join(found)[:500] or None


def _words(value: Any) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list | dict) else str(value)


def _sides(
    old: Person | None,
    new: Person | None,
    presence: Presence,
    layout: HostPaths,
    classes: Classes,
) -> tuple[dict[str, Any], dict[str, Any]]:
    before: dict[str, Any] = {"entry": _entry(old), **_account_facts(presence)}
    if new is None or new.state == "absent":
        home = presence.home.get("")
        return before | {"home": _node(home)}, {"home": f"{new.home}d" if new and home else None}
    wanted = wanted_presence(new, layout, classes)
    wrong, extra = home_drift(presence, wanted)
    before["home"] = {path or "itself": _node(presence.home.get(path)) for path in (*wrong, *extra)}
    after: dict[str, Any] = {"entry": _entry(new), **_account_facts(wanted)}
    after["home"] = {path or "itself": _node(node) for path, node in wrong.items()} | dict.fromkeys(
        extra
    )
    if presence.foreign and not new.shell:
        before["home"] |= dict.fromkeys(presence.foreign, "not the broker's")
        after["home"] |= dict.fromkeys(presence.foreign, "archived")
    return before, after


def _differing_places(
    observed: Observed,
    target: Registry,
    layout: HostPaths,
    before: dict[str, Any],
    after: dict[str, Any],
) -> None:
    wishes: Mapping[str, Node] = {
        **wanted_places(layout),
        str(layout.registry): REGISTRY_FILE,
        **({str(layout.classes): CLASSES_FILE} if str(layout.classes) in observed.places else {}),
    }
    wrong = {
        path: node for path, node in wishes.items() if not node.accepts(observed.places.get(path))
    }
    allowed, rule = sudo_drift(target.people, observed, layout), str(layout.sudoers)
    if wrong or allowed is not None:
        before[PLACES] = {path: _node(observed.places.get(path)) for path in wrong}
        after[PLACES] = {path: _node(node) for path, node in wrong.items()}
    if allowed is not None:
        found = observed.places.get(rule)
        altered = allowed and SUDO_FILE.accepts(found)
        before[PLACES][rule] = "another text" if altered else _node(found)
        after[PLACES][rule] = _node(SUDO_FILE) if allowed else None


def _entry(person: Person | None) -> dict[str, Any] | None:
    if person is None:
        return None
    rights: dict[str, Any] = {
        "classes": list(person.classes),
        "declared": list(person.declared_classes),
        "shell": person.shell,
    }
    return {
        "uid": person.uid,
        "email": person.email,
        **({"sudo": person.sudo} if person.is_operator else rights),
        "origin": person.origin,
        "keys": [_key_state(key) for key in person.keys],
    }


def _account(presence: Presence) -> dict[str, Any] | None:
    user = presence.user
    if user is None:
        return None
    return {
        "uid": user.uid,
        "gid": user.gid,
        "own group": presence.group,
        "groups": sorted(user.groups),
        "comment": user.gecos,
        "home": user.home,
        "shell": user.shell,
        "state": _state(user),
    }


def _state(user: HostUser) -> str:
    words = [
        "expired" if user.expired else "",
        "with a password" if user.password else "",
        "" if user.shadow else "without a line in shadow",
    ]
    return ", ".join(filter(None, words)) or "keys only"


def _account_facts(presence: Presence) -> dict[str, Any]:
    return {
        "account": _account(presence),
        "keys": _keys(presence.keys),
        "limits": "those of analysts" if presence.limited else None,
        "user units": "masked" if presence.masked else None,
    }


def _keys(file: KeyFile | None) -> list[str] | None:
    if file is None:
        return None
    if file.text is None:
        return ["no plain file"]
    keys, foreign = read_key_file(file.text)
    lines = [_key(key) for key in keys]
    lines += [f"{foreign} lines that the broker did not write"] if foreign else []
    return [*lines, f"mode {file.mode:04o}, owner {file.uid}"]


def _key(key: Key) -> str:
    until = f", until {key.until}" if key.until else ""
    return f"{key.type} {key.fingerprint} {key.comment}".rstrip() + until


def _key_state(key: Key) -> str:
    words = [
        key.name,
        "declared" if key.declared else "",
        f"until {key.until}" if key.until else "",
        "revoked" if key.revoked else "",
    ]
    return ", ".join([key.fingerprint, *filter(None, words)])


def _node(node: Node | None) -> str | None:
    if node is None:
        return None
    if node.kind == "link":
        return f"-> {node.target}"
    mode = "" if node.mode is None else f" {node.mode:04o}"
    owner = "" if node.uid is None else f" of {node.uid}"
    owner += "" if node.gid is None else f":{node.gid}"
    return f"{node.kind or 'folder'}{mode}{owner}"
