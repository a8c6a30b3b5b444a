"""What happened in the portal, as rows that are only added."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from .database.models import PortalEvent, PortalPerson

__all__ = ["EventRow", "event_verbs", "events_of", "note_event"]

EventRow = tuple[PortalEvent, str]
"""An event, and the address of the person who caused it."""


def note_event(
    session: Session,
    person_id: int | None,
    verb: str,
    target: str = "",
    *,
    result: str = "done",
    detail: str = "",
) -> None:
    """Add an event; what is too long is cut."""
    session.add(
        PortalEvent(
            at=datetime.now(UTC),
            person_id=person_id,
            verb=verb,
            target=target[:254],
            result=result,
            detail=detail[:1000],
        )
    )


def events_of(
    session: Session,
    person_id: int | None = None,
    *,
    verb: str = "",
    skip: int = 0,
    count: int = 50,
) -> tuple[Sequence[EventRow], int]:
    """A page of events, the newest first, and how many there are; None is those of all people."""
    chosen = select(PortalEvent, func.coalesce(PortalPerson.email, "")).outerjoin(
        PortalPerson, PortalPerson.id == PortalEvent.person_id
    )
    counted = select(func.count()).select_from(PortalEvent)
    if person_id is not None:
        chosen = chosen.where(PortalEvent.person_id == person_id)
        counted = counted.where(PortalEvent.person_id == person_id)
    if verb:
        chosen = chosen.where(PortalEvent.verb == verb)
        counted = counted.where(PortalEvent.verb == verb)
    page = chosen.order_by(PortalEvent.id.desc()).offset(skip).limit(count)
    rows = [(event, str(email)) for event, email in session.execute(page)]
    return rows, session.scalar(counted) or 0


def event_verbs(session: Session) -> list[str]:
    """Every kind of event that was noted."""
    return list(session.scalars(select(PortalEvent.verb).distinct().order_by(PortalEvent.verb)))
