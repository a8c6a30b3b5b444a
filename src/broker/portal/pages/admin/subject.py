"""Whom a page of People is about: a person of the portal, or an analyst who never signed in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flask import abort
from sqlalchemy import select
from werkzeug import Response

from ....errors import AccountsError, BrokerError
from ...acts.facts import AccountFacts
from ...acts.host import host_acts
from ...database.models import PortalPerson
from ...identity.accounts import is_tied
from ...registration import account_of
from ..acting import database, go, typed

__all__ = ["Subject", "person_tied_to", "subject_of"]


@dataclass(frozen=True, slots=True)
class Subject:
    """``person`` is None for an analyst whom the operators made and who never signed in: then it
    is the host's account of this name."""

    person: PortalPerson | None
    account: str | None

    @property
    def label(self) -> str:
        """As events name them."""
        return str(self.account) if self.person is None else self.person.email

    @property
    def person_id(self) -> int | None:
        """Whose events theirs are; no one's without a person."""
        return None if self.person is None else self.person.id

    @property
    def address(self) -> dict[str, Any]:
        """What the addresses of their page and of its acts have of them."""
        if self.person is None:
            return {"account": self.account}
        return {"person_id": self.person.id}

    def account_now(self) -> AccountFacts:
        """Their account as the host has it now, for what an admin changes of it.

        Without a person it is the one whose number the admin looked at (``uid``), as long as no
        person has it by now. Raises ``BrokerError``.
        """
        accounts = host_acts().accounts
        if self.person is not None:
            return account_of(self.person, accounts)
        found = accounts.analyst_now(str(self.account))
        if found is None or str(found.uid) != typed("uid", 10):
            raise AccountsError(
                "the host does not have this account any more, or has another of its name",
                where=self.label,
            )
        if person_tied_to(found) is not None:
            raise AccountsError("the account is a person's by now", where=self.label)
        return found

    def page(self, **more: Any) -> Response:
        """To their page, which shows the effect; to the list where the account is gone."""
        if self.person is None and "proof" not in more and _is_gone(str(self.account)):
            return go("admin.people")
        return go("admin.person", **self.address, **more)


def subject_of(person_id: int | None, account: str | None) -> Subject:
    """By a person's number, else by the name of an account. 404 without such a person."""
    if person_id is None:
        return Subject(None, account)
    with database().read() as session:
        person = session.get(PortalPerson, person_id)
    if person is None:
        abort(404)
    return Subject(person, person.account)


def person_tied_to(account: AccountFacts) -> int | None:
    """The number of the person whose account this is."""
    with database().read() as session:
        claims = select(PortalPerson).where(PortalPerson.account == account.name)
        person = session.scalar(claims)
        return person.id if person is not None and is_tied(person, account.uid) else None


def _is_gone(name: str) -> bool:
    try:
        return host_acts().accounts.analyst_now(name) is None
    except BrokerError:
        return False
