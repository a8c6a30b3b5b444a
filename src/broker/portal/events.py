"""What happened in the portal, as rows that are only added."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from sqlalchemy import func, or_, select
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
    subject: int | None = None,
) -> None:
    """Add an event; what is too long is cut. ``subject`` is the person to whom it was done."""
    session.add(
        PortalEvent(
            at=datetime.now(UTC),
            person_id=person_id,
            subject_id=subject,
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
    """A page of events, the newest first, and how many there are.

    Of a person: what they did, and what others did to them. None is those of all people.
    """
    chosen = select(PortalEvent, func.coalesce(PortalPerson.email, "")).outerjoin(
        PortalPerson, PortalPerson.id == PortalEvent.person_id
    )
    counted = select(func.count()).select_from(PortalEvent)
    if person_id is not None:
        theirs = or_(PortalEvent.person_id == person_id, PortalEvent.subject_id == person_id)
        chosen, counted = chosen.where(theirs), counted.where(theirs)
    if verb:
        chosen = chosen.where(PortalEvent.verb == verb)
        counted = counted.where(PortalEvent.verb == verb)
    page = chosen.order_by(PortalEvent.id.desc()).offset(skip).limit(count)
    rows = [(event, str(email)) for event, email in session.execute(page)]
    return rows, session.scalar(counted) or 0


def event_verbs(session: Session) -> list[str]:
    """Every kind of event that was noted."""
    return list(session.scalars(select(PortalEvent.verb).distinct().order_by(PortalEvent.verb)))
