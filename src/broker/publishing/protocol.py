"""The requests that the socket takes: a closed list of verbs. Pure, standard library only.

``{"verb": "approve", "table": "crm.orders", "what": "deletion", "found": "9f86…"}``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from types import MappingProxyType
from typing import Any

from ..errors import PublishError
from ..foreign.paths import is_generation
from ..helper.grammar import Fields, Grammar

__all__ = [
    "FACT_PARTS",
    "PUBLISHING_VERBS",
    "PURPOSE",
    "ActCommand",
    "Approve",
    "AuditPage",
    "GoBack",
    "HostFacts",
    "RunSync",
    "SyncLog",
    "parse_act",
]

PURPOSE = "ask for acts of publishing"  # what no other account may do
FACT_PARTS = (
    *("syncs", "units", "disks", "certificates", "proof", "held", "generations", "more_readers"),
)
_MAX_NAME = 300
_MOST_EVENTS = 200
_WHATS = ("deletion", "columns", "readers")
_DIGEST = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class RunSync:
    """Start a sync now, and do not wait for it."""


@dataclass(frozen=True, slots=True)
class Approve:
    """Let a table that is held be published, or be part of ``generation`` when that is rolled to.

    ``what`` is deletion, columns (which are others, so that all rows would go) or readers;
    ``found`` is the digest of what the admin looked at.
    """

    table: str
    what: str
    found: str
    generation: str | None = None


@dataclass(frozen=True, slots=True)
class GoBack:
    """Publish an older generation again."""

    generation: str


@dataclass(frozen=True, slots=True)
class HostFacts:
    """How the host is; ``generation`` says for which one ``more_readers`` is asked."""

    parts: tuple[str, ...]
    generation: str | None = None


@dataclass(frozen=True, slots=True)
class AuditPage:
    """``count`` events after the newest ``skip``, of those that fit the filters."""

    user: str | None = None
    action: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    skip: int = 0
    count: int = 50


@dataclass(frozen=True, slots=True)
class SyncLog:
    """What the sync with this invocation id of systemd wrote to the journal."""

    invocation: str


Act = RunSync | Approve | GoBack | HostFacts | AuditPage | SyncLog


@dataclass(frozen=True, slots=True)
class ActCommand:
    """A request that is well formed.

    ``behalf`` is the person named by the caller: written to the audit log, never trusted.
    """

    verb: str
    behalf: str | None
    act: Act

    @property
    def subject(self) -> None:
        """No act is about one analyst."""

    @property
    def detail(self) -> Mapping[str, str]:
        """What an act names, for the audit log; of what only looks, which parts."""
        if isinstance(self.act, AuditPage):
            return {}
        if isinstance(self.act, HostFacts):
            return {"parts": ", ".join(self.act.parts)}
        named = {one.name: getattr(self.act, one.name) for one in fields(self.act)}
        return {name: value for name, value in named.items() if value is not None}


def _approve(values: dict[str, Any]) -> Approve:
    table, what, found = values["table"], values["what"], values["found"]
    if not 0 < len(table) <= _MAX_NAME or not table.isprintable():
        raise _GRAMMAR.wrong(f"table is not one line of at most {_MAX_NAME} characters")
    if what not in _WHATS:
        raise _GRAMMAR.wrong("there is no such thing to approve", expected=" or ".join(_WHATS))
    if not _DIGEST.fullmatch(found):
        expected = "64 digits, 0 to 9 and a to f"
        raise _GRAMMAR.wrong("found is not the digest of what waits", expected=expected)
    generation = _generation(values.get("generation"))
    if generation is not None and what != "readers":
        raise _GRAMMAR.wrong("a generation is named for readers alone")
    return Approve(table, what, found, generation)


def _go_back(values: dict[str, Any]) -> GoBack:
    return GoBack(_required_generation(values["generation"]))


def _facts(values: dict[str, Any]) -> HostFacts:
    parts, generation = tuple(values["parts"]), _generation(values.get("generation"))
    if not parts or not {*parts} <= {*FACT_PARTS} or len({*parts}) != len(parts):
        raise _GRAMMAR.wrong("parts is not a list of known facts", expected=", ".join(FACT_PARTS))
    if ("more_readers" in parts) != (generation is not None):
        raise _GRAMMAR.wrong("more_readers and a generation are asked for together")
    return HostFacts(parts, generation)


def _audit(values: dict[str, Any]) -> AuditPage:
    return AuditPage(
        _name(values, "user"),
        _name(values, "action"),
        _instant(values, "since"),
        _instant(values, "until"),
        _number(values, "skip", 0, 10**9),
        _number(values, "count", 50, _MOST_EVENTS),
    )


def _sync_log(values: dict[str, Any]) -> SyncLog:
    invocation = values["invocation"]
    if not re.fullmatch(r"[0-9a-f]{32}", invocation):
        raise _GRAMMAR.wrong("invocation is not an id of systemd", expected="32 digits of base 16")
    return SyncLog(invocation)


def _name(values: dict[str, Any], name: str) -> str | None:
    value: str | None = values.get(name)
    if value is not None and (not 0 < len(value) <= _MAX_NAME or not value.isprintable()):
        raise _GRAMMAR.wrong(f"{name} is not one line of at most {_MAX_NAME} characters")
    return value


def _instant(values: dict[str, Any], name: str) -> datetime | None:
    if name not in values:
        return None
    try:
        found = datetime.fromisoformat(values[name])
    except ValueError:
        found = datetime.min
    if found.tzinfo is None:
        expected = "such as 2026-11-22T16:30:00+00:00"
        raise _GRAMMAR.wrong(f"{name} is not an instant with its zone", expected=expected)
    return found


def _number(values: dict[str, Any], name: str, default: int, most: int) -> int:
    text = values.get(name, str(default))
    if not re.fullmatch(r"[0-9]{1,10}", text) or int(text) > most:
        raise _GRAMMAR.wrong(f"{name} is not a number", expected=f"digits, at most {most}")
    return int(text)


def _generation(value: str | None) -> str | None:
    return None if value is None else _required_generation(value)


def _required_generation(value: str) -> str:
    if not is_generation(value):
        raise _GRAMMAR.wrong("generation is not the name of a generation")
    return value


_FILTERS = dict.fromkeys(("user", "action", "since", "until", "skip", "count"), str)
PUBLISHING_VERBS: Mapping[str, Fields] = MappingProxyType(
    {
        "run": Fields({}, {}),
        "approve": Fields({"table": str, "what": str, "found": str}, {"generation": str}),
        "rollback": Fields({"generation": str}, {}),
        "facts": Fields({"parts": list}, {"generation": str}),
        "audit": Fields({}, _FILTERS),
        "log": Fields({"invocation": str}, {}),
    }
)
_READ: Mapping[str, Callable[[dict[str, Any]], Act]] = {
    "run": lambda _: RunSync(),
    "approve": _approve,
    "rollback": _go_back,
    "facts": _facts,
    "audit": _audit,
    "log": _sync_log,
}
_GRAMMAR = Grammar(PUBLISHING_VERBS, PublishError)


def parse_act(content: bytes) -> ActCommand:
    """The act that these bytes request. Raises ``PublishError``; no message repeats a value."""
    words = _GRAMMAR.parse(content)
    return ActCommand(words.verb, words.behalf, _READ[words.verb](words.values))
