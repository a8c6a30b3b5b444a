"""What needs a person, before anything else."""

from __future__ import annotations

from datetime import UTC, datetime

from flask import render_template
from sqlalchemy import func, select

from ....catalog.reader import read_operators
from ....catalog.standing import OperatorsIndex
from ....errors import BrokerError, CatalogError
from ...access_requests import pending_requests
from ...acts.facts import AccountFacts
from ...acts.host import host_acts
from ...attention import Matter, matters_of
from ...database.backup_note import BackupStanding
from ...database.models import PersonState, PortalPerson
from ...identity.accounts import tied_account
from ..acting import database, settings
from .blueprint import admin

__all__ = ["standing_now"]

_PARTS = ("syncs", "units", "disks", "certificates", "proof")


def standing_now() -> tuple[OperatorsIndex | None, str]:
    """How every table stands, or why that is not known."""
    try:
        return read_operators(settings().store), ""
    except CatalogError as error:
        return None, str(error)


@admin.get("/")
def overview() -> str:
    """All matters that wait, with a link to each."""
    now = datetime.now(UTC)
    analysts, problem = _analysts()
    standing, catalog_problem = standing_now()
    with database().read() as session:
        pending = len(pending_requests(session))
        active = select(func.count()).select_from(PortalPerson)
        people = session.scalar(active.where(PortalPerson.state == PersonState.ACTIVE)) or 0
        tied = select(PortalPerson).where(
            PortalPerson.state == PersonState.ACTIVE, PortalPerson.account_uid.is_not(None)
        )
        owners = list(session.scalars(tied.order_by(PortalPerson.email)))
    accounts = host_acts().classes
    lost = [one.email for one in owners if tied_account(one, accounts) is None]
    facts = host_acts().publishing.facts(*_PARTS)
    backup = BackupStanding.of(database().path, now)
    matters = matters_of(facts, standing, analysts, pending, now, backup=backup, lost=lost)
    matters += [Matter("bad", one, "admin.health") for one in (problem, catalog_problem) if one]
    return render_template(
        "admin/overview.html",
        matters=matters,
        standing=standing,
        analysts=analysts,
        people=people,
    )


def _analysts() -> tuple[tuple[AccountFacts, ...] | None, str]:
    """None and why, where the host does not say."""
    try:
        return host_acts().accounts.analysts(), ""
    except BrokerError as error:
        return None, str(error)
