"""Which events match a query; pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from .event import Event

__all__ = ["LogQuery"]


@dataclass(frozen=True, slots=True)
class LogQuery:
    """Every part that is given has to fit.

    ``user`` is whom an event is about or who did it; ``action`` is a whole verb or its beginning
    (``analyst`` for ``analyst.add``).
    """

    user: str | None = None
    action: str | None = None
    since: datetime | None = None
    until: datetime | None = None

    def fits(self, event: Event) -> bool:
        """Whether this event is asked for."""
        return (
            (self.user is None or self.user in _people(event))
            and (self.action is None or f"{event.action}.".startswith(f"{self.action}."))
            and (self.since is None or event.time >= self.since)
            and (self.until is None or event.time < self.until)
        )


def _people(event: Event) -> set[str | None]:
    claims = event.actor.claims or {}
    return {event.subject, event.actor.name, event.actor.login, *claims.values()}
