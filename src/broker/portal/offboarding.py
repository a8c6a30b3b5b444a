"""A person leaves in one act, and what is left of them is looked up afterwards."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import func, select

from ..errors import AccountsError, BrokerError
from ..foreign.addresses import folded_address
from .acts.facts import AccountFacts
from .acts.host import HostActs
from .database.engine import Database
from .database.models import (
    AccessRequest,
    Decision,
    LoginSession,
    PersonalToken,
    PersonState,
    PortalPerson,
)
from .events import note_event, noted_act
from .identity.accounts import is_tied, tied_account
from .identity.people import person_by_email, remove_person
from .registration import own_account
from .viewer import Viewer

__all__ = ["RemovalProof", "off_board", "off_board_account", "proof_of", "proof_of_account"]


@dataclass(frozen=True, slots=True)
class RemovalProof:
    """What of a person is still there, looked up now. ``account`` is None without one, and the
    name where the host still has it; ``problem`` is why the host does not say."""

    is_removed: bool
    sessions: int
    tokens: int
    account: str | None
    classes: tuple[str, ...]
    keys: int
    problem: str = ""

    @property
    def is_complete(self) -> bool:
        """Nothing is left that opens anything."""
        is_out = self.is_removed and not (self.sessions or self.tokens)
        return is_out and self.account is None and not self.classes and not self.problem


def off_board(database: Database, host: HostActs, admin: Viewer, person_id: int) -> None:
    """End sessions and tokens, close every door, then remove the account of the host.

    The portal's side counts whatever the host answers: raises ``BrokerError`` after it where the
    account is still there, and ``AccountsError`` before anything where an admin would remove
    themselves.
    """
    if person_id == admin.person_id:
        raise AccountsError(
            "you cannot remove yourself", remedy="Let another admin do it.", where=admin.email
        )
    now = datetime.now(UTC)
    with database.begin() as session:
        person = session.get(PortalPerson, person_id)
        if person is None:
            raise AccountsError("there is no such person", where=f"person {person_id}")
        remove_person(session, person, now)
        for one in session.scalars(
            select(AccessRequest).where(
                AccessRequest.person_id == person_id, AccessRequest.decision == Decision.PENDING
            )
        ):
            one.decision, one.decided_at, one.decided_by = Decision.REFUSED, now, admin.email
        note_event(session, admin.person_id, "person.remove", person.email, subject=person_id)
    try:
        found = _facts(host, person)
    except BrokerError as error:  # so the host was not asked to remove it
        with database.begin() as session:
            act = (admin.person_id, "account.remove", person.account or person.email)
            note_event(session, *act, result="refused", detail=str(error), subject=person_id)
        raise
    if found is not None:
        _remove_account(database, host, admin, found, person_id)


def off_board_account(
    database: Database, host: HostActs, admin: Viewer, account: AccountFacts
) -> int | None:
    """The same for an analyst who never signed in: no door lets their address in, then the account
    goes.

    Returns the number of the person who is on record as removed from then on. It is None where no
    address is known, and where a person with this address did sign in: they stay, and leave on
    their own page. Raises ``BrokerError`` after all that where the account is still there.
    """
    now, email = datetime.now(UTC), folded_address(account.email)
    person_id = None
    with database.begin() as session:
        if email is not None and person_by_email(session, email) is None:
            person = PortalPerson(email=email, created_at=now)
            session.add(person)
            session.flush()
            remove_person(session, person, now)
            person_id = person.id
            note_event(session, admin.person_id, "person.remove", email, subject=person_id)
    _remove_account(database, host, admin, account, person_id)
    return person_id


def _remove_account(
    database: Database,
    host: HostActs,
    admin: Viewer,
    account: AccountFacts,
    person_id: int | None,
) -> None:
    act = (database, admin.person_id, "account.remove", account.name)
    with noted_act(*act, subject=person_id):
        host.accounts.remove(admin.email, account.id)


def proof_of_account(host: HostActs, name: str) -> RemovalProof:
    """What is left of an account without a person, of which the portal keeps nothing."""
    try:
        facts, problem = host.accounts.analyst_now(name), ""
    except BrokerError as error:
        facts, problem = None, str(error)
    classes = host.classes.classes(name)
    account = name if facts is not None or classes is not None else None
    keys = len(facts.accepted(datetime.now(UTC))) if facts is not None else 0
    return RemovalProof(True, 0, 0, account, tuple(sorted(classes or ())), keys, problem)


def proof_of(database: Database, host: HostActs, person_id: int) -> RemovalProof | None:
    """What is left of a person; None for one whom the portal never had."""
    now = datetime.now(UTC)
    with database.read() as session:
        person = session.get(PortalPerson, person_id)
        if person is None:
            return None
        sessions = select(func.count()).select_from(LoginSession)
        tokens = select(func.count()).select_from(PersonalToken)
        open_tokens = (PersonalToken.revoked_at.is_(None), PersonalToken.expires_at > now)
        counts = (
            session.scalar(sessions.where(LoginSession.person_id == person_id)) or 0,
            session.scalar(tokens.where(PersonalToken.person_id == person_id, *open_tokens)) or 0,
        )
    is_removed = person.state == PersonState.REMOVED
    try:
        facts, problem = _facts(host, person), ""
    except BrokerError as error:
        facts, problem = None, str(error)
    account = facts.name if facts is not None else tied_account(person, host.classes)
    classes = tuple(sorted(host.classes.classes(account) or ())) if account is not None else ()
    keys = len(facts.accepted(now)) if facts is not None else 0
    return RemovalProof(is_removed, *counts, account, classes, keys, problem)


def _facts(host: HostActs, person: PortalPerson) -> AccountFacts | None:
    """The account of a person as the host has it now: the one that they were given.

    Else the one that the operators made for their address, which they never took over. An account
    of their name that was made anew for another person is neither.
    """
    if person.account is not None:
        found = host.accounts.analyst_now(person.account)
        if found is not None and is_tied(person, found.uid):
            return found
    return own_account(person.email, host.accounts.analysts(fresh=True))
