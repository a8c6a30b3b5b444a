"""One event of the audit log: a line of JSON, and back."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal, get_args

from .actor import Actor

__all__ = ["Event", "Result", "parse_event", "render_event"]

Result = Literal["begun", "done", "refused", "failed"]
_TIME = "%Y-%m-%dT%H:%M:%S.%fZ"
_MAX_LINE = 65_536


@dataclass(frozen=True, slots=True)
class Event:
    """``action`` is a verb such as ``analyst.add``; ``subject`` the person whom it is about.

    An act that takes time has two: ``begun``, and later how it ended, under the same ``act``.
    """

    time: datetime
    action: str
    actor: Actor
    subject: str | None = None
    result: Result = "done"
    act: str | None = None
    detail: Mapping[str, Any] = field(default_factory=dict)


def render_event(event: Event) -> str:
    """The event as one line, without its end."""
    document = {
        "time": event.time.astimezone(UTC).strftime(_TIME),
        "action": event.action,
        "subject": event.subject,
        "result": event.result,
        "act": event.act,
        "actor": _without_empty(asdict(event.actor)),
        "detail": dict(event.detail),
    }
    return json.dumps(_without_empty(document), ensure_ascii=True, separators=(",", ":"))


def parse_event(line: str) -> Event:
    """The event that a line tells. Raises ``ValueError`` for one that we cannot have written."""
    document = json.loads(line[:_MAX_LINE])
    try:
        actor = document["actor"]
        if document["result"] not in get_args(Result):
            raise ValueError("an unknown result")
        return Event(
            time=datetime.strptime(document["time"], _TIME).replace(tzinfo=UTC),
            action=str(document["action"]),
            subject=document.get("subject"),
            result=document["result"],
            act=document.get("act"),
            actor=Actor(
                int(actor["uid"]),
                str(actor["name"]),
                str(actor["via"]),
                actor.get("login"),
                actor.get("claims"),
            ),
            detail=dict(document.get("detail", {})),
        )
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"{type(error).__name__}: {error}") from error


def _without_empty(values: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value not in (None, {})}
