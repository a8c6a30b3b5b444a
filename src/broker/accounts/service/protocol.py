"""The requests that the socket takes, and their form: a closed list of verbs. Pure.

A request is one JSON object on the way in, a reply one on the way out; both end with the
connection's half. ``{"verb": "grant", "name": "anna", "classes": ["finance"], "behalf": "jan"}``.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from ...errors import AccountsError, BrokerError
from ..records.keyrequest import key_request
from ..records.model import Request, parse_request
from ..records.names import check_address, check_name

__all__ = [
    "MAX_REQUEST",
    "VERBS",
    "CertificateRequest",
    "Command",
    "ContactRequest",
    "ListRequest",
    "parse_command",
    "render_error",
    "render_reply",
]

MAX_REQUEST = 65_536
_MAX_TEXT = 16_000
_MAX_ITEMS = 64
_PLACE = "request"


@dataclass(frozen=True, slots=True)
class CertificateRequest:
    """Sign for one key of an analyst; ``label`` says which, where there are several."""

    name: str
    label: str | None


@dataclass(frozen=True, slots=True)
class ContactRequest:
    """The lines with which an analyst begins; ``address`` is how they reach the host."""

    name: str
    address: str | None


@dataclass(frozen=True, slots=True)
class ListRequest:
    """Every analyst, or the one of this name; what their files take is measured for one alone."""

    name: str | None


AskedOfHelper = Request | CertificateRequest | ContactRequest | ListRequest


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


def _add(fields: dict[str, Any]) -> Request:
    return parse_request(
        fields["name"],
        email=fields.get("email"),
        keys=fields["keys"],
        classes=fields.get("classes"),
    )


def _remove(fields: dict[str, Any]) -> Request:
    home = fields.get("home", "archive")
    if home not in ("archive", "delete"):
        raise _wrong("home is neither archive nor delete", found=repr(str(home)[:40]))
    return parse_request(fields["name"], state="absent", home=home)


def _grant(fields: dict[str, Any]) -> Request:
    return _known(parse_request(fields["name"], grant=fields["classes"]))


def _revoke(fields: dict[str, Any]) -> Request:
    return _known(parse_request(fields["name"], revoke=fields["classes"]))


def _add_key(fields: dict[str, Any]) -> Request:
    label, expires = fields.get("label"), fields.get("expires")
    return key_request(fields["name"], "present", key=fields["key"], label=label, expires=expires)


def _rotate_key(fields: dict[str, Any]) -> Request:
    more = {name: fields[name] for name in ("label", "expires", "old", "grace") if name in fields}
    return key_request(fields["name"], "rotated", key=fields["key"], **more)


def _revoke_key(fields: dict[str, Any]) -> Request:
    return key_request(fields["name"], "absent", old=fields["old"])


def _certificate(fields: dict[str, Any]) -> CertificateRequest:
    return CertificateRequest(check_name(fields["name"]), fields.get("label"))


def _contact(fields: dict[str, Any]) -> ContactRequest:
    address = fields.get("address")
    return ContactRequest(
        check_name(fields["name"]), check_address(address) if address is not None else None
    )


def _list(fields: dict[str, Any]) -> ListRequest:
    return ListRequest(check_name(fields["name"]) if "name" in fields else None)


def _known(request: Request) -> Request:
    """A grant adds no analyst."""
    return Request(request.name, grant=request.grant, revoke=request.revoke, known=True)


_KEY = {"label": str, "expires": str}
VERBS: Mapping[str, Verb] = MappingProxyType(
    {
        "add": Verb({"name": str, "keys": list}, {"email": str, "classes": list}, _add),
        "remove": Verb({"name": str}, {"home": str}, _remove),
        "grant": Verb({"name": str, "classes": list}, {}, _grant),
        "revoke": Verb({"name": str, "classes": list}, {}, _revoke),
        "key-add": Verb({"name": str, "key": str}, _KEY, _add_key),
        "key-rotate": Verb(
            {"name": str, "key": str}, {**_KEY, "old": list, "grace": str}, _rotate_key
        ),
        "key-revoke": Verb({"name": str, "old": list}, {}, _revoke_key),
        "certificate": Verb({"name": str}, {"label": str}, _certificate),
        "contact": Verb({"name": str}, {"address": str}, _contact),
        "list": Verb({}, {"name": str}, _list),
    }
)


def parse_command(content: bytes) -> Command:
    """The command that these bytes say. Raises ``AccountsError``; no message repeats a value."""
    fields = _object(content)
    behalf = fields.pop("behalf", None)
    if behalf is not None and not _is_line(behalf, 254):
        raise _wrong("behalf is not one line of at most 254 characters")
    verb = fields.pop("verb", None)
    if not isinstance(verb, str) or verb not in VERBS:
        raise _wrong("there is no such verb", expected=", ".join(VERBS))
    known = VERBS[verb]
    _check_fields(fields, known)
    return Command(verb, fields.get("name"), behalf, known.ask(fields))


def render_reply(result: Mapping[str, Any]) -> bytes:
    """A reply to a request that was met."""
    return json.dumps({"ok": True, **result}).encode()


def render_error(error: BrokerError) -> bytes:
    """A reply that refuses; the parts of the error stay apart, for the caller to raise again."""
    parts = ("message", "where", "expected", "found", "remedy")
    facts = {name: getattr(error, name) for name in parts if getattr(error, name) is not None}
    return json.dumps({"ok": False, "error": {"kind": type(error).__name__, **facts}}).encode()


def _object(content: bytes) -> dict[str, Any]:
    if len(content) > MAX_REQUEST:
        raise _wrong("the request is too long", expected=f"at most {MAX_REQUEST} bytes")
    try:
        fields = json.loads(content, object_pairs_hook=_once)
    except (ValueError, RecursionError) as error:
        raise _wrong("the request is not JSON") from error
    if not isinstance(fields, dict):
        raise _wrong("the request is not a JSON object")
    return fields


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Refuse repeated names: one parser takes the first value and another the last."""
    if len({name for name, _ in pairs}) != len(pairs):
        raise _wrong("the request says something twice")
    return dict(pairs)


def _check_fields(fields: Mapping[str, Any], verb: Verb) -> None:
    allowed = {**verb.fields, **verb.more}
    missing = sorted(verb.fields.keys() - fields.keys())
    if missing:
        raise _wrong(f"{missing[0]} is missing")
    if fields.keys() - allowed.keys():
        shown = ", ".join(("verb", "behalf", *allowed))
        raise _wrong("the request says more than this verb takes", expected=shown)
    for name, value in fields.items():
        fits = _is_text(value) if allowed[name] is str else _is_list(value)
        if not fits:
            kind = "a text" if allowed[name] is str else "a list of texts"
            raise _wrong(f"{name} is not {kind}", expected=f"{kind}, of bounded length")


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and len(value) <= _MAX_TEXT


def _is_list(value: Any) -> bool:
    return isinstance(value, list) and len(value) <= _MAX_ITEMS and all(map(_is_text, value))


def _is_line(value: Any, length: int) -> bool:
    return isinstance(value, str) and len(value) <= length and value.isprintable()


def _wrong(message: str, *, expected: str | None = None, found: str | None = None) -> AccountsError:
    return AccountsError(message, where=_PLACE, expected=expected, found=found)
