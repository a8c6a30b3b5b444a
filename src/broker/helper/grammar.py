"""The form of requests and replies: one JSON object each, a closed list of verbs. Pure.

``{"verb": "grant", "name": "anna", "classes": ["finance"], "behalf": "jan"}``; either ends with
its half of the connection.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..errors import BrokerError

__all__ = ["MAX_REQUEST", "Fields", "Grammar", "Words", "render_error", "render_reply"]

MAX_REQUEST = 65_536
_MAX_TEXT = 16_000
_MAX_ITEMS = 256
_MAX_BEHALF = 254
_PLACE = "request"


@dataclass(frozen=True, slots=True)
class Fields:
    """Names that a verb requires, and those that it may have, each with ``str`` or ``list``."""

    required: Mapping[str, type]
    optional: Mapping[str, type]


@dataclass(frozen=True, slots=True)
class Words:
    """A request that is well formed: its ``values`` are texts and lists of texts.

    ``behalf`` is the person named by the caller: written to the audit log, never trusted.
    """

    verb: str
    behalf: str | None
    values: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Grammar:
    """The verbs of one socket; ``error`` is what an invalid request raises."""

    verbs: Mapping[str, Fields]
    error: type[BrokerError]

    def parse(self, content: bytes) -> Words:
        """The words of these bytes. Raises ``error``; no message repeats a value."""
        values = self._object(content)
        behalf = values.pop("behalf", None)
        if behalf is not None and not _is_line(behalf):
            raise self.wrong(f"behalf is not one line of at most {_MAX_BEHALF} characters")
        verb = values.pop("verb", None)
        if not isinstance(verb, str) or verb not in self.verbs:
            raise self.wrong("there is no such verb", expected=", ".join(self.verbs))
        self._check_fields(values, self.verbs[verb])
        return Words(verb, behalf, values)

    def wrong(
        self, message: str, *, expected: str | None = None, found: str | None = None
    ) -> BrokerError:
        """What is wrong with a request."""
        return self.error(message, where=_PLACE, expected=expected, found=found)

    def _object(self, content: bytes) -> dict[str, Any]:
        if len(content) > MAX_REQUEST:
            raise self.wrong("the request is too long", expected=f"at most {MAX_REQUEST} bytes")
        try:
            values = json.loads(content, object_pairs_hook=self._once)
        except (ValueError, RecursionError) as error:
            raise self.wrong("the request is not JSON") from error
        if not isinstance(values, dict):
            raise self.wrong("the request is not a JSON object")
        return values

    def _once(self, pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        """Refuse repeated names: one parser takes the first value and another the last."""
        if len({name for name, _ in pairs}) != len(pairs):
            raise self.wrong("the request says something twice")
        return dict(pairs)

    def _check_fields(self, values: Mapping[str, Any], fields: Fields) -> None:
        allowed = {**fields.required, **fields.optional}
        missing = sorted(fields.required.keys() - values.keys())
        if missing:
            raise self.wrong(f"{missing[0]} is missing")
        if values.keys() - allowed.keys():
            shown = ", ".join(("verb", "behalf", *allowed))
            raise self.wrong("the request says more than this verb takes", expected=shown)
        for name, value in values.items():
            fits = _is_text(value) if allowed[name] is str else _is_list(value)
            if not fits:
                kind = "a text" if allowed[name] is str else "a list of texts"
                raise self.wrong(f"{name} is not {kind}", expected=f"{kind}, of bounded length")


def render_reply(result: Mapping[str, Any]) -> bytes:
    """A reply to a request that was met."""
    return json.dumps({"ok": True, **result}).encode()


def render_error(error: BrokerError) -> bytes:
    """A reply that refuses; the parts of the error stay apart, for the caller to raise again."""
    parts = ("message", "where", "expected", "found", "remedy")
    facts = {name: getattr(error, name) for name in parts if getattr(error, name) is not None}
    return json.dumps({"ok": False, "error": {"kind": type(error).__name__, **facts}}).encode()


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and len(value) <= _MAX_TEXT


def _is_list(value: Any) -> bool:
    return isinstance(value, list) and len(value) <= _MAX_ITEMS and all(map(_is_text, value))


def _is_line(value: Any) -> bool:
    return isinstance(value, str) and len(value) <= _MAX_BEHALF and value.isprintable()
