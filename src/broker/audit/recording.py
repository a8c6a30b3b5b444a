"""Acts that take time: written before they begin, and again when they have ended."""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ..errors import BrokerError
from .actor import current_actor
from .event import Event
from .log import append, append_or_keep

__all__ = ["Change", "Trail", "recording"]

END = "act.end"


@dataclass(frozen=True, slots=True)
class Change:
    """What is about to happen to one person, or to the host itself (no subject)."""

    action: str
    subject: str | None
    detail: Mapping[str, Any]


@dataclass(slots=True)
class Trail:
    """``problem`` is one sentence where lines of the act are missing in the log's file."""

    problem: str | None = None

    @property
    def warnings(self) -> tuple[str, ...]:
        """What the caller shows to the person who acts."""
        return (self.problem,) if self.problem else ()


@contextmanager
def recording(planned: Sequence[Change], log: Path, *, needed: bool = True) -> Iterator[Trail]:
    """Write what begins, let it happen, and write how it ended, under one random number.

    What is killed in between stays without an end, and is shown so. Where the log's file cannot
    be written, ``needed`` raises ``BrokerError`` before anything happens; an act that only takes
    rights happens all the same, and its lines are kept (see ``append_or_keep``).
    """
    act, actor = secrets.token_hex(8), current_actor()
    begun = [
        Event(datetime.now(UTC), one.action, actor, one.subject, "begun", act, one.detail)
        for one in planned
    ]
    trail = Trail()
    if needed:
        append(begun, log)
    else:
        trail.problem = append_or_keep(begun, log)
    try:
        yield trail
    except BaseException as error:
        found = str(error) if isinstance(error, BrokerError) else type(error).__name__
        append_or_keep(
            [Event(datetime.now(UTC), END, actor, None, "failed", act, {"error": found[:500]})], log
        )
        raise
    trail.problem = append_or_keep([Event(datetime.now(UTC), END, actor, None, "done", act)], log)
