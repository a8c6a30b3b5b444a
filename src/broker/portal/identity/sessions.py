"""Sessions of browsers: rows that can be ended, whatever a cookie says."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import delete, select
from sqlalchemy.orm import Session, joinedload

from ...config import Auth
from ...foreign.text import shown
from ..database.models import LoginSession, PersonState
from .tokens import digest_of, new_token

__all__ = ["end_session", "end_sessions", "live_session", "sessions_of", "start_session"]

# Times of last use are written at most this often: a page is not worth a write each.
SEEN_EVERY = timedelta(minutes=1)


def start_session(
    session: Session,
    person_id: int,
    *,
    method: str,
    auth: Auth,
    now: datetime,
    agent: str,
    address: str,
) -> str:
    """Make a session and return its token, which stands nowhere else."""
    session.execute(delete(LoginSession).where(LoginSession.expires_at <= now))
    token = new_token()
    session.add(
        LoginSession(
            digest=digest_of(token),
            person_id=person_id,
            method=method,
            created_at=now,
            last_seen_at=now,
            expires_at=now + auth.session_length,
            agent=shown(agent, 300),
            address=shown(address, 64),
        )
    )
    return token


def live_session(session: Session, token: str, auth: Auth, now: datetime) -> LoginSession | None:
    """The session of a token, with its person; None where it ended or the person was removed."""
    found = session.scalar(
        select(LoginSession)
        .options(joinedload(LoginSession.person))
        .where(LoginSession.digest == digest_of(token))
    )
    if found is None or found.person.state != PersonState.ACTIVE:
        return None
    is_over = found.expires_at <= now or found.last_seen_at + auth.session_idle <= now
    return None if is_over else found


def sessions_of(session: Session, person_id: int, auth: Auth, now: datetime) -> list[LoginSession]:
    """The sessions of a person that still count, the one used last first."""
    found: Sequence[LoginSession] = session.scalars(
        select(LoginSession)
        .where(
            LoginSession.person_id == person_id,
            LoginSession.expires_at > now,
            LoginSession.last_seen_at > now - auth.session_idle,
        )
        .order_by(LoginSession.last_seen_at.desc(), LoginSession.digest)
    ).all()
    return list(found)


def end_session(session: Session, digest: str, *, person_id: int | None = None) -> bool:
    """End one session, of this person if given; False where there is no such session."""
    found = session.get(LoginSession, digest)
    if found is None or person_id not in (None, found.person_id):
        return False
    session.delete(found)
    return True


def end_sessions(session: Session, person_id: int, *, but: str | None = None) -> int:
    """End all sessions of a person, but that of a digest if given; how many there were."""
    found = session.scalars(select(LoginSession).where(LoginSession.person_id == person_id)).all()
    ended = [one for one in found if one.digest != but]
    for one in ended:
        session.delete(one)
    return len(ended)
