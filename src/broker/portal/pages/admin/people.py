"""Everybody: who signed in, and the analysts of the host."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from flask import render_template, request
from sqlalchemy import or_, select

from ....errors import BrokerError
from ...acts.facts import AccountFacts
from ...acts.host import host_acts
from ...database.models import PersonState, PortalPerson
from ...identity.accounts import is_tied
from ..acting import database
from .blueprint import admin

__all__ = ["PersonRow"]

_MOST = 500


@dataclass(frozen=True, slots=True)
class PersonRow:
    """A person of the portal, an analyst of the host, or both in one."""

    person: PortalPerson | None
    account: AccountFacts | None


@admin.get("/people")
def people() -> str:
    """By address; ``q`` is a part of an address, a name or an account."""
    sought = request.args.get("q", "").strip()[:100]
    try:
        analysts, problem = host_acts().accounts.analysts(), ""
    except BrokerError as error:
        analysts, problem = (), str(error)
    by_name = {one.name: one for one in analysts}
    with database().read() as session:
        chosen = select(PortalPerson).order_by(PortalPerson.email).limit(_MOST + 1)
        if sought:
            columns = (PortalPerson.email, PortalPerson.name, PortalPerson.account)
            chosen = chosen.where(or_(*(one.icontains(sought, autoescape=True) for one in columns)))
        known = list(session.scalars(chosen))
        claims = session.execute(select(PortalPerson.account, PortalPerson.account_uid)).all()
    linked = {name for name, uid in claims if name in by_name and by_name[name].uid == uid}
    rows = [PersonRow(one, _account_of(one, by_name)) for one in known[:_MOST]]
    rows += [
        PersonRow(None, one)
        for one in analysts
        if one.name not in linked and sought.lower() in f"{one.name} {one.email}".lower()
    ]
    return render_template(
        "admin/people.html",
        rows=rows,
        sought=sought,
        problem=problem,
        is_cut=len(known) > _MOST,
        removed=PersonState.REMOVED,
    )


def _account_of(person: PortalPerson, analysts: Mapping[str, AccountFacts]) -> AccountFacts | None:
    found = analysts.get(person.account or "")
    return found if found is not None and is_tied(person, found.uid) else None
