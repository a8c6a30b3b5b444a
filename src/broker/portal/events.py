"""What happened in the portal, as rows that are only added."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from ..errors import AccountsError, BrokerError, LockedError, PublishError, UnansweredError
from .database.engine import Database
from .database.models import PortalEvent, PortalPerson

__all__ = ["ActEnd", "EventRow", "event_verbs", "events_of", "note_event", "noted_act"]

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


@dataclass(slots=True)
class ActEnd:
    """How an act on the host ended, where the host did not refuse it."""

    result: str = "done"


@contextmanager
def noted_act(
    database: Database,
    person_id: int | None,
    verb: str,
    target: str = "",
    *,
    detail: str = "",
    subject: int | None = None,
) -> Iterator[ActEnd]:
    """Add an event before the host is asked, ``begun``, and another for how that ended.

    So the host does nothing for the portal of which no event tells, wherever the portal is killed:
    what cannot be noted is not asked. The second is ``done`` or what ``ActEnd`` says, ``refused``
    where the host surely did nothing, and ``not known`` where no answer came, or not in time.
    """

    def add(result: str, detail: str) -> None:
        with database.begin() as session:
            note_event(
                session, person_id, verb, target, result=result, detail=detail, subject=subject
            )

    add("begun", detail)
    end = ActEnd()
    try:
        yield end
    except BrokerError as error:
        add(_result_of(error), f"{detail}; {error}" if detail else str(error))
        raise
    add(end.result, detail)


def _result_of(error: BrokerError) -> str:
    is_lost = isinstance(error, UnansweredError)
    is_refusal = isinstance(error, AccountsError | LockedError | PublishError) and not is_lost
    return "refused" if is_refusal else "not known"


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
