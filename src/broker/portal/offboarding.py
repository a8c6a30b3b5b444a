"""A person leaves in one act, and what is left of them is looked up afterwards."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import func, select

from ..errors import AccountsError, BrokerError
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
from .events import note_event
from .identity.accounts import is_tied, tied_account
from .identity.people import remove_person
from .registration import own_account
from .viewer import Viewer

__all__ = ["RemovalProof", "off_board", "proof_of"]


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
    account, result, detail = person.account, "done", ""
    try:
        found = _facts(host, person)
        if found is not None:
            account = found.name
            host.accounts.remove(admin.email, found.id)
    except BrokerError as error:
        result, detail = "refused", str(error)
        raise
    finally:
        if account is not None:
            with database.begin() as session:
                note_event(
                    session,
                    admin.person_id,
                    "account.remove",
                    account,
                    result=result,
                    detail=detail,
                    subject=person_id,
                )


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
