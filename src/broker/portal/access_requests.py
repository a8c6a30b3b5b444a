"""Requests for access classes: a person gives a reason, an admin decides.

The database says what was requested and decided. Who may read what, the host alone says.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import UTC, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from ..classes import PUBLIC
from ..errors import AccountsError
from .acts.accounts import AccountActs
from .database.engine import Database
from .database.models import AccessRequest, Decision, PersonState
from .events import note_event, noted_act
from .registration import account_of
from .viewer import Viewer

__all__ = [
    "ask_for",
    "grant_request",
    "pending_requests",
    "refuse_request",
    "requests_of",
    "withdraw",
]

_MOST_TEXT = 2_000
_MOST_PENDING = 10


def ask_for(
    session: Session, viewer: Viewer, access_class: str, reason: str, known: Collection[str]
) -> AccessRequest:
    """A new request. Raises ``AccountsError`` without a reason, and for a class that there is not.

    A second request for a class replaces the first one that is pending.
    """
    if access_class not in known or access_class == PUBLIC:
        raise AccountsError("there is no such access class", where="class")
    if not reason.strip() or len(reason) > _MOST_TEXT:
        raise AccountsError(
            "a reason is missing" if not reason.strip() else "the reason is too long",
            where="reason",
            expected=f"1 to {_MOST_TEXT} characters",
        )
    mine = [one for one in requests_of(session, viewer.person_id) if _waits(one)]
    same = next((one for one in mine if one.access_class == access_class), None)
    if same is not None:
        same.reason = reason.strip()
    elif len(mine) >= _MOST_PENDING:
        raise AccountsError("there are too many requests without a decision", where="class")
    else:
        same = AccessRequest(
            person_id=viewer.person_id,
            access_class=access_class,
            reason=reason.strip(),
            created_at=datetime.now(UTC),
        )
        session.add(same)
    session.flush()
    note_event(session, viewer.person_id, "access.request", access_class, detail=reason)
    return same


def withdraw(session: Session, viewer: Viewer, request_id: int) -> bool:
    """Take back a request of one's own; False where there is none that waits."""
    found = session.get(AccessRequest, request_id)
    if found is None or found.person_id != viewer.person_id or not _waits(found):
        return False
    found.decision, found.decided_at = Decision.WITHDRAWN, datetime.now(UTC)
    note_event(session, viewer.person_id, "access.withdraw", found.access_class)
    return True


def refuse_request(session: Session, admin: Viewer, request_id: int, comment: str) -> None:
    """Refuse. Raises ``AccountsError`` for one that was decided meanwhile."""
    found = _decided(session, admin, request_id, Decision.REFUSED, comment)
    target, subject = _target(found), found.person_id
    note_event(session, admin.person_id, "access.refuse", target, detail=comment, subject=subject)


def grant_request(
    database: Database, accounts: AccountActs, admin: Viewer, request_id: int, comment: str
) -> None:
    """Grant, in the database first, so that no other admin decides while the host is asked.

    Where the host refuses, the request is pending again. Raises ``BrokerError``. A process that is
    killed meanwhile leaves a request that is granted, of a class that the person may not hold:
    what the host says stands beside it.
    """
    with database.begin() as session:
        found = _decided(session, admin, request_id, Decision.GRANTED, comment)
        person, access_class = found.person, found.access_class
    act = (database, admin.person_id, "access.grant", _target(found))
    try:
        account = account_of(person, accounts)
        with noted_act(*act, detail=comment, subject=person.id):
            accounts.grant(admin.email, account.id, access_class)
    except Exception:
        with database.begin() as session:
            _put_back(session, found)
        raise


def requests_of(session: Session, person_id: int) -> Sequence[AccessRequest]:
    """All requests of a person, the newest first."""
    chosen = select(AccessRequest).where(AccessRequest.person_id == person_id)
    return session.scalars(chosen.order_by(AccessRequest.id.desc())).all()


def pending_requests(session: Session) -> Sequence[AccessRequest]:
    """Those that wait for a decision, the oldest first."""
    chosen = select(AccessRequest).where(AccessRequest.decision == Decision.PENDING)
    return session.scalars(chosen.order_by(AccessRequest.id)).all()


def _waits(request: AccessRequest) -> bool:
    return request.decision == Decision.PENDING


def _decided(
    session: Session, admin: Viewer, request_id: int, decision: Decision, comment: str
) -> AccessRequest:
    found = _waiting_request(session, request_id)
    found.decision, found.decided_at = decision, datetime.now(UTC)
    found.decided_by, found.comment = admin.email, comment.strip()[:_MOST_TEXT]
    return found


def _put_back(session: Session, granted: AccessRequest) -> None:
    """As if it had not been granted; of a person who was removed meanwhile, nothing waits."""
    found = session.get_one(AccessRequest, granted.id)
    if found.person.state == PersonState.REMOVED:
        found.decision = Decision.REFUSED
    else:
        found.decision, found.decided_at = Decision.PENDING, None
        found.decided_by, found.comment = None, ""


def _target(request: AccessRequest) -> str:
    """As events name it."""
    return f"{request.access_class} for {request.person.email}"


def _waiting_request(session: Session, request_id: int) -> AccessRequest:
    """The request. Raises ``AccountsError`` for one that was decided or withdrawn meanwhile."""
    found = session.get(AccessRequest, request_id)
    if found is None or not _waits(found):
        raise AccountsError(
            "this request does not wait for a decision any more", where=f"request {request_id}"
        )
    return found
