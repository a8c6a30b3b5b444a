"""Limits of attempts that outlast a restart and count for all processes."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from ...errors import SignInError
from ..database.models import SignInAttempt
from .tokens import digest_of

__all__ = ["LINKS_BY_ADDRESS", "LINKS_BY_CLIENT", "LINKS_IN_ALL", "USES_BY_CLIENT", "AttemptLimit"]
__all__ += ["CODES_BY_CLIENT", "CODES_BY_PERSON", "client_network", "count_attempts"]
__all__ += ["is_used_up", "note_attempt"]

_KEPT = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class AttemptLimit:
    """At most ``most`` attempts within ``window``."""

    name: str
    most: int
    window: timedelta


LINKS_BY_ADDRESS = AttemptLimit("link-address", 5, timedelta(hours=1))
LINKS_BY_CLIENT = AttemptLimit("link-client", 20, timedelta(hours=1))
LINKS_IN_ALL = AttemptLimit("link-all", 500, timedelta(hours=1))
USES_BY_CLIENT = AttemptLimit("use-client", 30, timedelta(hours=1))
CODES_BY_PERSON = AttemptLimit("code-person", 10, timedelta(minutes=10))  # wrong ones
CODES_BY_CLIENT = AttemptLimit("code-client", 30, timedelta(minutes=10))


def count_attempts(session: Session, limits: Mapping[AttemptLimit, str], now: datetime) -> None:
    """Count one attempt against each limit, by its key, in a transaction that may write.

    Raises ``SignInError`` of status 429 where one is used up; the attempt does not count then, so
    that who goes on trying waits for no longer. The work is the same for every key.
    """
    if is_used_up(session, limits, now):
        raise SignInError(
            "There were too many attempts to sign in.",
            status=429,
            remedy="Wait for an hour, then try again.",
        )
    note_attempt(session, limits, now)


def is_used_up(session: Session, limits: Mapping[AttemptLimit, str], now: datetime) -> bool:
    """Whether one of these limits, by its key, leaves no attempt."""
    counts = {limit: _count(session, limit, digest_of(key), now) for limit, key in limits.items()}
    return any(count >= limit.most for limit, count in counts.items())


def note_attempt(session: Session, limits: Mapping[AttemptLimit, str], now: datetime) -> None:
    """One attempt more against each of them."""
    session.execute(delete(SignInAttempt).where(SignInAttempt.at <= now - _KEPT))
    session.add_all(
        SignInAttempt(limit=limit.name, key=digest_of(key), at=now) for limit, key in limits.items()
    )


def _count(session: Session, limit: AttemptLimit, key: str, now: datetime) -> int:
    statement = select(func.count()).where(
        SignInAttempt.limit == limit.name,
        SignInAttempt.key == key,
        SignInAttempt.at > now - limit.window,
    )
    return session.execute(statement).scalar_one()


def client_network(address: str | None) -> str:
    """Whose attempts count together: an address of IPv4, a network of 64 bits of IPv6."""
    try:
        found = ipaddress.ip_address(address or "")
    except ValueError:
        return "unknown"
    if isinstance(found, ipaddress.IPv6Address):
        if found.ipv4_mapped is not None:
            return str(found.ipv4_mapped)
        return str(ipaddress.ip_network((found, 64), strict=False))
    return str(found)
