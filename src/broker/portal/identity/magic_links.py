"""Links by e-mail and from the console: single use, short-lived, kept as a hash."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete
from sqlalchemy.orm import Session

from ...config import Instance
from ...errors import PortalStateError, SignInError
from ..database.engine import Database
from ..database.models import (
    LinkPurpose,
    MagicLink,
    MailHealth,
    PersonState,
    PortalEvent,
    PortalPerson,
)
from .doors import CONSOLE, ProvenArrival, arrival_by_link
from .local_path import local_path
from .mail import MailError, MailTransport, link_message
from .people import person_by_email, person_who_arrived
from .tokens import digest_of, new_token

__all__ = ["LINK_LIFE", "LinkRequest", "deliver_link", "link_address", "mail_problem", "new_link"]
__all__ += ["use_link"]

LINK_LIFE = timedelta(minutes=15)
_KEPT = timedelta(days=1)
_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class LinkRequest:
    """What a person typed; ``email`` is folded, ``link_base`` what the token is added to."""

    email: str
    address: str
    next_path: str
    link_base: str
    at: datetime


def deliver_link(
    request: LinkRequest, instance: Instance, database: Database, transport: MailTransport
) -> None:
    """Send a link, if the address may have one; after the answer, so that it tells nothing.

    For another address the mail server is asked all the same, so that the page which says that
    mail does not work says it for every address. No error leaves: there is no one to see it.
    """
    try:
        _deliver(request, instance, database, transport)
    except PortalStateError as error:
        _LOG.error("a link by e-mail could not be kept: %s", error)
    except Exception:
        _LOG.exception("a link by e-mail was not sent")


def _deliver(
    request: LinkRequest, instance: Instance, database: Database, transport: MailTransport
) -> None:
    token = _token_for(request, instance, database)
    problem = None
    try:
        if token is None:
            transport.check()
        else:
            name = instance.instance.name
            minutes = int(LINK_LIFE.total_seconds() // 60)
            link = f"{request.link_base}{token}"
            transport.send(link_message(instance.email, name, request.email, link, minutes))
    except MailError as error:
        problem = error
        _LOG.error("a link by e-mail was not sent: %s", error)
    with database.begin() as session:
        if problem is not None and problem.is_address:
            session.add(_refused(request, problem))
        else:
            _note_health(session, request.at, problem)


def _token_for(request: LinkRequest, instance: Instance, database: Database) -> str | None:
    """A new link for an address that may have one; None for another one."""
    try:
        arrival_by_link(instance.auth, request.email)
    except SignInError:
        return None
    with database.begin() as session:
        person = person_by_email(session, request.email)
        if person is not None and person.state == PersonState.REMOVED:
            return None
        return new_link(
            session,
            request.email,
            now=request.at,
            address=request.address,
            next_path=request.next_path,
        )


def new_link(
    session: Session,
    email: str,
    *,
    now: datetime,
    purpose: LinkPurpose = LinkPurpose.SIGN_IN,
    address: str = "",
    next_path: str = "/",
) -> str:
    """Keep a link for a folded address, and return its token."""
    session.execute(delete(MagicLink).where(MagicLink.expires_at <= now - _KEPT))
    token = new_token()
    session.add(
        MagicLink(
            digest=digest_of(token),
            email=email,
            purpose=purpose,
            address=address,
            next_path=local_path(next_path),
            created_at=now,
            expires_at=now + LINK_LIFE,
        )
    )
    return token


def link_address(session: Session, token: str, now: datetime) -> str | None:
    """Whose link this is, which stays as it is; None for one that opens nothing."""
    link = session.get(MagicLink, digest_of(token))
    return link.email if link is not None and _is_open(link, now) else None


def _is_open(link: MagicLink, now: datetime) -> bool:
    return link.used_at is None and link.expires_at > now


def use_link(
    session: Session, token: str, instance: Instance, now: datetime
) -> tuple[PortalPerson, ProvenArrival, str]:
    """Use a link up: the person, how they came, and where they wanted to go.

    In a transaction that may write, so that of two who use it one gets in. Raises ``SignInError``.
    """
    link = session.get(MagicLink, digest_of(token))
    if link is None or not _is_open(link, now):
        raise SignInError(
            "This link was used before, is too old, or is not complete.",
            status=410,
            remedy="Request a new one.",
        )
    link.used_at = now
    if link.purpose == LinkPurpose.CONSOLE:
        arrival = ProvenArrival(email=link.email, name="", method=CONSOLE)
    else:
        arrival = arrival_by_link(instance.auth, link.email)
    person = person_who_arrived(session, arrival, instance.auth, now)
    if link.purpose == LinkPurpose.CONSOLE and not person.is_admin:
        person.is_admin = True
        session.add(
            PortalEvent(
                at=now, person_id=person.id, verb="admin.add", target=person.email, detail=CONSOLE
            )
        )
    return person, arrival, link.next_path


def mail_problem(session: Session) -> MailHealth | None:
    """How mail failed, where the last attempt for any address did; None where mail works."""
    health = session.get(MailHealth, 1)
    if health is None or health.failed_at is None:
        return None
    is_mended = health.succeeded_at is not None and health.succeeded_at > health.failed_at
    return None if is_mended else health


def _note_health(session: Session, at: datetime, problem: MailError | None) -> None:
    health = session.get(MailHealth, 1)
    if health is None:
        health = MailHealth(id=1)
        session.add(health)
    if problem is None:
        health.succeeded_at = at
    else:
        health.failed_at, health.problem = at, problem.message


def _refused(request: LinkRequest, problem: MailError) -> PortalEvent:
    return PortalEvent(
        at=request.at,
        verb="mail.send",
        target=request.email,
        result="failed",
        detail=problem.message,
    )
