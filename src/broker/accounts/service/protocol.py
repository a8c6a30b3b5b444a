"""The requests that the socket takes: a closed list of verbs. Pure.

``{"verb": "grant", "name": "anna", "uid": "2001", "classes": ["finance"], "behalf": "jan"}``.
``uid`` is the number of the account that the caller looked at: where the name has another one by
now the request is refused, so nothing is done to an account that was made anew for another person.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any

from ...errors import AccountsError
from ...helper.grammar import Fields, Grammar
from ..records.keyrequest import key_request
from ..records.model import Request, parse_request
from ..records.names import check_host_address, check_name

__all__ = [
    "PURPOSE",
    "VERBS",
    "CertificateRequest",
    "ChoiceRequest",
    "Command",
    "ContactRequest",
    "ListRequest",
    "parse_command",
]

PURPOSE = "ask for changes of analysts"  # what no other account may do


@dataclass(frozen=True, slots=True)
class CertificateRequest:
    """Sign for one key of an analyst; ``label`` says which, where there are several."""

    name: str
    label: str | None
    uid: int | None


@dataclass(frozen=True, slots=True)
class ContactRequest:
    """The lines with which an analyst begins; ``address`` is how they reach the host."""

    name: str
    address: str | None
    uid: int | None


@dataclass(frozen=True, slots=True)
class ListRequest:
    """Every analyst, or the one of this name; what their files take is measured for one alone.

    With ``uid`` none where the name has another number.
    """

    name: str | None
    uid: int | None


@dataclass(frozen=True, slots=True)
class ChoiceRequest:
    """The datasets that the laptops of an analyst leave out from now on.

    ``seen`` is the id of the choice before, as the caller read it; None where that does not matter.
    """

    name: str
    without: tuple[str, ...]
    seen: str | None
    uid: int | None


AskedOfHelper = Request | CertificateRequest | ChoiceRequest | ContactRequest | ListRequest


@dataclass(frozen=True, slots=True)
class Verb:
    """``fields`` are the required names, ``more`` the optional ones, each with text or a list."""

    fields: Mapping[str, type]
    more: Mapping[str, type]
    ask: Callable[[dict[str, Any]], AskedOfHelper]


@dataclass(frozen=True, slots=True)
class Command:
    """A request that is well formed.

    ``behalf`` is the person named by the caller: written to the audit log, never trusted.
    """

    verb: str
    name: str | None
    behalf: str | None
    request: AskedOfHelper

    @property
    def subject(self) -> str | None:
        """Whom it is about."""
        return self.name

    @property
    def detail(self) -> Mapping[str, str]:
        """The line of a request says no more: that of the act does."""
        return {}


def _add(fields: dict[str, Any]) -> Request:
    """Of a name that an inventory declared meanwhile it changes nothing."""
    request = parse_request(
        fields["name"],
        email=fields.get("email"),
        keys=fields["keys"],
        classes=fields.get("classes"),
    )
    return replace(request, new=True)


def _remove(fields: dict[str, Any]) -> Request:
    home = fields.get("home", "archive")
    if home not in ("archive", "delete"):
        raise _GRAMMAR.wrong("home is neither archive nor delete", found=repr(str(home)[:40]))
    request = parse_request(fields["name"], state="absent", home=home)
    return replace(request, uid=_uid(fields))


def _grant(fields: dict[str, Any]) -> Request:
    return _known(parse_request(fields["name"], grant=fields["classes"]), fields)


def _revoke(fields: dict[str, Any]) -> Request:
    return _known(parse_request(fields["name"], revoke=fields["classes"]), fields)


def _add_key(fields: dict[str, Any]) -> Request:
    label, expires = fields.get("label"), fields.get("expires")
    request = key_request(
        fields["name"], "present", key=fields["key"], label=label, expires=expires
    )
    return replace(request, uid=_uid(fields))


def _rotate_key(fields: dict[str, Any]) -> Request:
    more = {name: fields[name] for name in ("label", "expires", "old", "grace") if name in fields}
    request = key_request(fields["name"], "rotated", key=fields["key"], **more)
    return replace(request, uid=_uid(fields))


def _revoke_key(fields: dict[str, Any]) -> Request:
    request = key_request(fields["name"], "absent", old=fields["old"])
    return replace(request, uid=_uid(fields))


def _certificate(fields: dict[str, Any]) -> CertificateRequest:
    return CertificateRequest(check_name(fields["name"]), fields.get("label"), _uid(fields))


def _contact(fields: dict[str, Any]) -> ContactRequest:
    address = fields.get("address")
    checked = check_host_address(address) if address is not None else None
    return ContactRequest(check_name(fields["name"]), checked, _uid(fields))


def _choice(fields: dict[str, Any]) -> ChoiceRequest:
    name, without = check_name(fields["name"]), tuple(fields["without"])
    return ChoiceRequest(name, without, fields.get("seen"), _uid(fields))


def _list(fields: dict[str, Any]) -> ListRequest:
    if "uid" in fields and "name" not in fields:
        raise _GRAMMAR.wrong("uid is given without a name")
    return ListRequest(check_name(fields["name"]) if "name" in fields else None, _uid(fields))


def _known(request: Request, fields: dict[str, Any]) -> Request:
    """A grant adds no analyst."""
    return Request(
        request.name, grant=request.grant, revoke=request.revoke, known=True, uid=_uid(fields)
    )


def _uid(fields: dict[str, Any]) -> int | None:
    """The number of the account that the request is about; None for any of the name."""
    text = fields.get("uid")
    if text is not None and not _UID.fullmatch(text):
        raise _GRAMMAR.wrong("uid is not a number of an account", expected="digits")
    return None if text is None else int(text)


_UID = re.compile(r"[0-9]{1,10}")
_OF = {"uid": str}
_KEY = {"label": str, "expires": str, **_OF}
VERBS: Mapping[str, Verb] = MappingProxyType(
    {
        "add": Verb({"name": str, "keys": list}, {"email": str, "classes": list}, _add),
        "remove": Verb({"name": str}, {"home": str, **_OF}, _remove),
        "grant": Verb({"name": str, "classes": list}, _OF, _grant),
        "revoke": Verb({"name": str, "classes": list}, _OF, _revoke),
        "key-add": Verb({"name": str, "key": str}, _KEY, _add_key),
        "key-rotate": Verb(
            {"name": str, "key": str}, {**_KEY, "old": list, "grace": str}, _rotate_key
        ),
        "key-revoke": Verb({"name": str, "old": list}, _OF, _revoke_key),
        "certificate": Verb({"name": str}, {"label": str, **_OF}, _certificate),
        "choose-datasets": Verb({"name": str, "without": list}, {"seen": str, **_OF}, _choice),
        "contact": Verb({"name": str}, {"address": str, **_OF}, _contact),
        "list": Verb({}, {"name": str, **_OF}, _list),
    }
)

_GRAMMAR = Grammar(
    {name: Fields(verb.fields, verb.more) for name, verb in VERBS.items()}, AccountsError
)


def parse_command(content: bytes) -> Command:
    """The command that these bytes say. Raises ``AccountsError``; no message repeats a value."""
    words = _GRAMMAR.parse(content)
    request = VERBS[words.verb].ask(words.values)
    return Command(words.verb, words.values.get("name"), words.behalf, request)
