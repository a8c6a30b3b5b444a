"""The host's own list of analysts and operators: requests, and what the inventory declares.

It is written before the host is changed, so that the next run after a crash knows the goal.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from ...classes import FIRST_PERSON_UID
from ...errors import AccountsError, BrokerError
from .classes import check_class
from .keys import Key, parse_key
from .model import Person, Role
from .names import check_email, check_name, person_in_error
from .times import parse_time

__all__ = ["Registry", "make_registry", "parse_registry", "render_registry"]

_VERSION = 1


@dataclass(frozen=True, slots=True)
class Registry:
    """People by name, sorted. ``last_uid`` only grows, so no uid is ever used twice."""

    people: tuple[Person, ...] = ()
    last_uid: int = 0

    def by_name(self) -> dict[str, Person]:
        """All entries, keyed by name."""
        return {person.name: person for person in self.people}


def make_registry(people: Iterable[Person], last_uid: int) -> Registry:
    """A registry in its one canonical order."""
    ordered = tuple(sorted(people, key=lambda person: person.name))
    return Registry(ordered, max([last_uid, *(person.uid for person in ordered)]))


def render_registry(registry: Registry) -> str:
    """The registry as the text of its file; the same registry gives the same text."""
    operators = [person for person in registry.people if person.is_operator]
    document = {
        "version": _VERSION,
        "last_uid": registry.last_uid,
        "analysts": [_to_json(person) for person in registry.people if not person.is_operator],
        **({"operators": [_to_json(person) for person in operators]} if operators else {}),
    }
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def parse_registry(text: str, *, where: str) -> Registry:
    """The registry that a file says. Raises ``BrokerError``: unreadable is not empty."""
    try:
        document = json.loads(text)
        if document["version"] != _VERSION:
            raise ValueError(f"version {document['version']!r} instead of {_VERSION}")
        people = [_from_json(entry, "analyst") for entry in document["analysts"]]
        people += [_from_json(entry, "operator") for entry in document.get("operators", ())]
        if len({person.name for person in people}) != len(people):
            raise ValueError("a name stands in it twice")
        return make_registry(people, int(document["last_uid"]))
    except (AccountsError, AttributeError, KeyError, TypeError, ValueError) as error:
        raise BrokerError(
            "the list of analysts cannot be read, so nothing was changed",
            where=where,
            found=f"{type(error).__name__}: {error}",
            remedy="Restore the file from a backup; or move it away, and it is rebuilt from the "
            "accounts and keys that stand on the host.",
        ) from error


def _to_json(person: Person) -> dict[str, Any]:
    return {
        "name": person.name,
        "uid": person.uid,
        "email": person.email,
        **person.rights,
        "keys": [_key_to_json(key) for key in person.keys],
        "state": person.state,
        "origin": person.origin,
        "home": person.home,
    }


def _from_json(entry: Mapping[str, Any], role: Role) -> Person:
    name = check_name(entry["name"], role)
    where = person_in_error(name, role)
    operates = role == "operator"
    return Person(
        name=name,
        uid=_people_uid(entry["uid"]),
        email=check_email(entry["email"], where=where) if entry["email"] else None,
        keys=tuple(_key_from_json(key, where) for key in entry["keys"]),
        classes=() if operates else _class_names(entry["classes"], where),
        declared_classes=() if operates else _class_names(entry["declared_classes"], where),
        shell=operates or entry["shell"] is True,
        state=_one_of(("present", "absent"), entry["state"]),
        origin=_one_of(("declared", "registry"), entry["origin"]),
        home=_one_of(("archive", "delete"), entry["home"]),
        role=role,
        sudo=operates and entry["sudo"] is True,
    )


def _class_names(names: Iterable[str], where: str) -> tuple[str, ...]:
    return tuple(sorted(check_class(str(name), where=where) for name in names))


def _key_to_json(key: Key) -> dict[str, Any]:
    return {
        "key": key.line,
        "name": key.name,
        "expires": key.expires,
        "grace": key.grace,
        "revoked": key.revoked,
        "declared": key.declared,
    }


def _key_from_json(entry: Mapping[str, Any], where: str) -> Key:
    return replace(
        parse_key(entry["key"], where=where),
        name=str(entry["name"]),
        expires=parse_time(entry["expires"], where=where) if entry["expires"] else None,
        grace=parse_time(entry["grace"], where=where) if entry["grace"] else None,
        revoked=entry["revoked"] is True,
        declared=entry["declared"] is True,
    )


def _people_uid(value: Any) -> int:
    """A wrong uid here would end the processes of, or give a home to, a system account."""
    if not isinstance(value, int) or not FIRST_PERSON_UID <= value < 65_534:
        raise ValueError(f"{value!r} is not a uid of a person")
    return value


def _one_of(allowed: Iterable[str], value: Any) -> Any:
    if value not in list(allowed):
        raise ValueError(f"{value!r} is not one of {', '.join(allowed)}")
    return value
