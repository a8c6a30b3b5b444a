"""Everybody: who signed in, and the analysts of the host who never did."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from flask import render_template, request
from sqlalchemy import select

from ....errors import BrokerError
from ...acts.facts import AccountFacts
from ...acts.host import host_acts
from ...database.models import PersonState, PortalPerson
from ...identity.accounts import is_tied
from ...look.pages import requested_page
from ..acting import database
from .blueprint import admin

__all__ = ["PersonRow"]

_ROWS = 100


@dataclass(frozen=True, slots=True)
class PersonRow:
    """A person of the portal, an analyst of the host, or both in one."""

    person: PortalPerson | None
    account: AccountFacts | None


@admin.get("/people")
def people() -> str:
    """By address, then those who never signed in by account; ``q`` is a part of an address, a name
    or an account."""
    sought = request.args.get("q", "").strip()[:100]
    try:
        analysts, problem = host_acts().accounts.analysts(), ""
    except BrokerError as error:
        analysts, problem = (), str(error)
    found: list[int | AccountFacts] = [*_persons(sought), *_never_here(sought, analysts)]
    shown, pages = requested_page(found, _ROWS)
    return render_template(
        "admin/people.html",
        rows=_rows(shown, {one.name: one for one in analysts}),
        pages=pages,
        sought=sought,
        problem=problem,
        removed=PersonState.REMOVED,
    )


def _persons(sought: str) -> list[int]:
    """The numbers of those who fit, by address. Names are compared in any letters, which SQLite
    does with those of ASCII alone."""
    columns = (PortalPerson.id, PortalPerson.email, PortalPerson.name, PortalPerson.account)
    with database().read() as session:
        everybody = session.execute(select(*columns).order_by(PortalPerson.email)).all()
    return [number for number, *texts in everybody if _fits(sought, *texts)]


def _never_here(sought: str, analysts: Sequence[AccountFacts]) -> list[AccountFacts]:
    with database().read() as session:
        claims = session.execute(select(PortalPerson.account, PortalPerson.account_uid)).all()
    tied = {(name, uid) for name, uid in claims if uid is not None}
    others = (one for one in analysts if (one.name, one.uid) not in tied)
    return [one for one in others if _fits(sought, one.name, one.email)]


def _fits(sought: str, *texts: str | None) -> bool:
    return any(sought.casefold() in (text or "").casefold() for text in texts)


def _rows(
    shown: Sequence[int | AccountFacts], by_name: Mapping[str, AccountFacts]
) -> list[PersonRow]:
    numbers = [one for one in shown if isinstance(one, int)]
    with database().read() as session:
        known = session.scalars(select(PortalPerson).where(PortalPerson.id.in_(numbers)))
        by_number = {one.id: one for one in known}
    persons = [by_number[one] for one in numbers if one in by_number]
    accounts = [one for one in shown if not isinstance(one, int)]
    return [
        *(PersonRow(one, _account_of(one, by_name)) for one in persons),
        *(PersonRow(None, one) for one in accounts),
    ]


def _account_of(person: PortalPerson, analysts: Mapping[str, AccountFacts]) -> AccountFacts | None:
    found = analysts.get(person.account or "")
    return found if found is not None and is_tied(person, found.uid) else None
