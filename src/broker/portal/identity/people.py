"""From who stands at a door to the person that the portal knows."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from ...config import Auth
from ...errors import SignInError
from ..database.models import (
    DeviceGrant,
    LoginSession,
    MagicLink,
    PersonalToken,
    PersonState,
    PortalEvent,
    PortalPerson,
    SignInIdentity,
)
from .accounts import UNTIED
from .doors import ProvenArrival

__all__ = [
    "forget_identities",
    "person_by_email",
    "person_who_arrived",
    "remove_person",
    "restore_person",
]

_ASK = "Ask an administrator of the portal."


def person_by_email(session: Session, email: str) -> PortalPerson | None:
    """The person of a folded address, also one who was removed."""
    return session.scalar(select(PortalPerson).where(PortalPerson.email == email))


def person_who_arrived(
    session: Session, arrival: ProvenArrival, auth: Auth, now: datetime
) -> PortalPerson:
    """The person, made if they are new, in a transaction that may write.

    Who they are is (issuer, subject) where a provider says so, whatever their address is now.
    Raises ``SignInError`` for who was removed, and where an address is another person's.
    """
    known = _identity(session, arrival)
    person = known.person if known is not None else person_by_email(session, arrival.email)
    if person is not None and person.state == PersonState.REMOVED:
        raise SignInError("Your access to this portal was ended.", remedy=_ASK)
    if known is not None:
        _refuse_untrusted_admin(arrival, auth)
        known.last_used_at, known.is_trusted = now, arrival.is_trusted
        _follow_address(session, known.person, arrival, auth, now)
    elif person is None:
        _refuse_untrusted_admin(arrival, auth)
        person = PortalPerson(email=arrival.email, created_at=now)
        session.add(person)
        session.flush()
        session.add(_event(person, "person.add", arrival, now))
    else:
        _check_link(session, person, arrival)
        if arrival.is_trusted:
            _shut_untrusted_doors(session, person, arrival, now)
    assert person is not None  # noqa: S101 - each branch has one
    if known is None and arrival.issuer is not None and arrival.subject is not None:
        session.add(
            SignInIdentity(
                person=person,
                issuer=arrival.issuer,
                subject=arrival.subject,
                is_trusted=arrival.is_trusted,
                created_at=now,
                last_used_at=now,
            )
        )
        session.add(_event(person, "identity.add", arrival, now))
    person.name = arrival.name or person.name
    return person


def _identity(session: Session, arrival: ProvenArrival) -> SignInIdentity | None:
    if arrival.issuer is None:
        return None
    return session.scalar(
        select(SignInIdentity).where(
            SignInIdentity.issuer == arrival.issuer, SignInIdentity.subject == arrival.subject
        )
    )


def _check_link(session: Session, person: PortalPerson, arrival: ProvenArrival) -> None:
    """Whether this door may be a further one of a person who has the address already.

    The same provider with another subject is another account there: an address that was given to
    a new colleague must not open what the one before had.
    """
    if arrival.issuer is None:
        return
    issuers = session.scalars(
        select(SignInIdentity.issuer).where(SignInIdentity.person_id == person.id)
    ).all()
    if arrival.issuer in issuers:
        raise SignInError(
            "Your address belonged to another account of this provider before.",
            status=409,
            remedy=f"{_ASK} They can let the new account in.",
        )
    if not arrival.is_trusted:
        raise SignInError(
            "Your address belongs to a person who signs in another way.",
            status=409,
            remedy="Sign in the way that you did before.",
        )


def _shut_untrusted_doors(
    session: Session, person: PortalPerson, arrival: ProvenArrival, now: datetime
) -> None:
    """A trusted door says whose address it is: who came by another one before may be a stranger.

    So what they came in by is forgotten, and their sessions and tokens end. An account that they
    got stands with a key of theirs: it is the person's only when an admin says so.
    """
    doubtful = [one for one in person.identities if not one.is_trusted]
    if not doubtful:
        return
    for identity in doubtful:
        session.delete(identity)
    session.flush()
    session.expire(person, ["identities"])
    _end_sessions_and_tokens(session, person, now)
    if person.account is not None:
        person.account_uid = UNTIED
    session.add(_event(person, "identity.forget", arrival, now, detail="its provider is untrusted"))


def _refuse_untrusted_admin(arrival: ProvenArrival, auth: Auth) -> None:
    if not arrival.is_trusted and arrival.email in auth.admins:
        raise SignInError(
            "An administrator cannot sign in by this provider.",
            remedy="Sign in another way.",
        )


def _follow_address(
    session: Session, person: PortalPerson, arrival: ProvenArrival, auth: Auth, now: datetime
) -> None:
    """Keep the address that a provider has now, unless it is another person's."""
    if arrival.email == person.email:
        return
    _refuse_untrusted_admin(arrival, auth)
    if person_by_email(session, arrival.email) is not None:
        raise SignInError(
            "Your new address belongs to another person of this portal.",
            status=409,
            remedy=_ASK,
        )
    before, person.email = person.email, arrival.email
    _end_links(session, before, now)
    session.add(_event(person, "person.address", arrival, now, detail=f"before: {before}"))


def _event(
    person: PortalPerson, verb: str, arrival: ProvenArrival, now: datetime, detail: str = ""
) -> PortalEvent:
    return PortalEvent(
        at=now,
        person_id=person.id,
        verb=verb,
        target=person.email,
        detail=detail or f"by {arrival.method}",
    )


def forget_identities(session: Session, person: PortalPerson) -> None:
    """Let the next account with the person's address be theirs: their provider made it anew."""
    for identity in list(person.identities):
        session.delete(identity)


def remove_person(session: Session, person: PortalPerson, now: datetime) -> None:
    """End all that lets a person in, now and later; what they did stays on record."""
    person.state = PersonState.REMOVED
    person.removed_at = now
    person.is_admin = False
    _end_sessions_and_tokens(session, person, now)
    _end_links(session, person.email, now)


def _end_sessions_and_tokens(session: Session, person: PortalPerson, now: datetime) -> None:
    """Also those of programs that wait to be let in."""
    session.execute(delete(LoginSession).where(LoginSession.person_id == person.id))
    session.execute(delete(DeviceGrant).where(DeviceGrant.person_id == person.id))
    session.execute(
        update(PersonalToken)
        .where(PersonalToken.person_id == person.id, PersonalToken.revoked_at.is_(None))
        .values(revoked_at=now)
    )


def restore_person(person: PortalPerson) -> None:
    """Let a person who was removed sign in again, as no admin and with no session of before."""
    person.state = PersonState.ACTIVE
    person.removed_at = None


def _end_links(session: Session, email: str, now: datetime) -> None:
    session.execute(
        update(MagicLink)
        .where(MagicLink.email == email, MagicLink.used_at.is_(None))
        .values(used_at=now)
    )
