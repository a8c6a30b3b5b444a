"""Device sign-in (RFC 8628): a program shows a code, its person approves it in the portal.

Both codes are kept as SHA-256. The code of the person is short, so a grant lives for 10 minutes,
and a person and their network have few attempts.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from .database.models import DeviceGrant, PersonState, PortalPerson
from .events import note_event
from .identity.limits import (
    CODES_BY_CLIENT,
    CODES_BY_PERSON,
    client_network,
    is_used_up,
    note_attempt,
)
from .tokens import MadeToken, Scope, make_token, parse_scopes
from .viewer import Viewer

__all__ = [
    "LIFE",
    "PollResult",
    "StartedDevice",
    "answer_device",
    "find_device",
    "poll_device",
    "start_device",
]

LIFE = timedelta(minutes=10)
_TOKEN_LIFE = timedelta(days=90)
_LETTERS = "BCDFGHJKLMNPQRSTVWXZ"  # RFC 8628, section 6.1: no vowels, so no words
_SLOWER_BY = 5  # seconds
_MOST_OPEN = 10_000


class PollResult(StrEnum):
    """Why there is no token: the error codes of RFC 8628."""

    PENDING = "authorization_pending"
    SLOW_DOWN = "slow_down"
    DENIED = "access_denied"
    EXPIRED = "expired_token"
    UNKNOWN = "invalid_grant"


@dataclass(frozen=True, slots=True)
class StartedDevice:
    """``user_code`` is what the person types, ``device_code`` the program's secret."""

    device_code: str
    user_code: str
    expires_in: int
    interval: int


def start_device(
    session: Session, client: str, scopes: Collection[Scope], address: str
) -> StartedDevice | None:
    """A new grant that waits, of a program at this address; None where too many wait already."""
    now = datetime.now(UTC)
    session.execute(delete(DeviceGrant).where(DeviceGrant.expires_at < now - LIFE))
    if (session.scalar(select(func.count()).select_from(DeviceGrant)) or 0) >= _MOST_OPEN:
        return None
    device_code = secrets.token_urlsafe(32)
    user_code = "".join(secrets.choice(_LETTERS) for _ in range(8))
    session.add(
        DeviceGrant(
            device_digest=_digest(device_code),
            user_digest=_digest(user_code),
            client=client,
            address=address[:64],
            scopes=" ".join(sorted(scopes)),
            created_at=now,
            expires_at=now + LIFE,
        )
    )
    return StartedDevice(
        device_code, f"{user_code[:4]}-{user_code[4:]}", int(LIFE.total_seconds()), 5
    )


def find_device(session: Session, viewer: Viewer, typed: str, address: str) -> DeviceGrant | None:
    """The grant of a code that waits; None where there is none, or after too many wrong codes.

    A wrong code is noted, and counts among the attempts of the person and of the network of
    ``address``, from which they sent it.
    """
    now = datetime.now(UTC)
    limits = {CODES_BY_PERSON: str(viewer.person_id), CODES_BY_CLIENT: client_network(address)}
    if is_used_up(session, limits, now):
        return None
    code = "".join(letter for letter in typed.upper() if letter in _LETTERS)
    found = session.scalars(
        select(DeviceGrant).where(DeviceGrant.user_digest == _digest(code))
    ).one_or_none()
    if found is None or found.expires_at <= now or found.is_denied or found.person_id is not None:
        note_attempt(session, limits, now)
        note_event(session, viewer.person_id, "device.code", result="refused")
        return None
    return found


def answer_device(session: Session, viewer: Viewer, grant: DeviceGrant, *, approve: bool) -> None:
    """Let the program in as this person, or not."""
    if approve:
        grant.person_id = viewer.person_id
    else:
        grant.is_denied = True
    verb = "device.approve" if approve else "device.deny"
    note_event(session, viewer.person_id, verb, grant.client, detail=grant.scopes)


def poll_device(session: Session, device_code: str, client: str) -> MadeToken | PollResult:
    """The token, once its person approved; it is given out once."""
    now = datetime.now(UTC)
    grant = session.get(DeviceGrant, _digest(device_code))
    if grant is None or grant.client != client:
        return PollResult.UNKNOWN
    if grant.expires_at <= now:
        return PollResult.EXPIRED
    if grant.is_denied:
        session.delete(grant)
        return PollResult.DENIED
    too_soon = grant.last_asked_at is not None and (
        now - grant.last_asked_at < timedelta(seconds=grant.interval_seconds)
    )
    grant.last_asked_at = now
    if grant.person_id is None:
        if too_soon:
            grant.interval_seconds += _SLOWER_BY
        return PollResult.SLOW_DOWN if too_soon else PollResult.PENDING
    return _granted(session, grant, now)


def _granted(session: Session, grant: DeviceGrant, now: datetime) -> MadeToken | PollResult:
    person = session.get(PortalPerson, grant.person_id)
    session.delete(grant)
    if person is None or person.state != PersonState.ACTIVE:
        return PollResult.DENIED
    name = f"{grant.client} {now:%Y-%m-%d %H:%M:%S}"[:100]
    scopes = parse_scopes(grant.scopes.split())
    return make_token(session, person.id, name, scopes, _TOKEN_LIFE, now)


def _digest(code: str) -> str:
    return hashlib.sha256(code.encode()).hexdigest()
