"""Requests for access: granted on the host, or refused, with a word to the person."""

from __future__ import annotations

from flask import abort, render_template
from sqlalchemy import select
from sqlalchemy.orm import joinedload
from werkzeug import Response

from ....errors import BrokerError
from ...access_requests import decide, waiting_request
from ...acts.host import host_acts
from ...database.models import AccessRequest, Decision
from ...identity.accounts import tied_account
from ...registration import account_of
from ..acting import database, go, refuse, typed
from ..acting import person as acting_admin
from .blueprint import admin

__all__: list[str] = []

_SHOWN = 100
_ANSWERS = {"grant": Decision.GRANTED, "refuse": Decision.REFUSED}


@admin.get("/requests")
def requests() -> str:
    """Those that wait, then those that were decided last."""
    chosen = select(AccessRequest).options(joinedload(AccessRequest.person))
    with database().read() as session:
        waiting = chosen.where(AccessRequest.decision == Decision.PENDING)
        decided = chosen.where(AccessRequest.decision != Decision.PENDING)
        pending = list(session.scalars(waiting.order_by(AccessRequest.id)))
        last = list(
            session.scalars(decided.order_by(AccessRequest.decided_at.desc()).limit(_SHOWN))
        )
    accounts = host_acts().classes
    tied = {one.person_id: tied_account(one.person, accounts) for one in [*pending, *last]}
    classes = {
        number: accounts.classes(name) or () if name is not None else ()
        for number, name in tied.items()
    }
    return render_template(
        "admin/requests.html", pending=pending, last=last, tied=tied, classes=classes
    )


@admin.post("/requests/<int:request_id>")
def answer(request_id: int) -> Response:
    """Decide; the host grants first, so that no decision is on record that does not count."""
    decision = _ANSWERS.get(typed("answer", 10))
    if decision is None:
        abort(400)
    try:
        if decision is Decision.GRANTED:
            _grant(request_id)
        with database().begin() as session:
            decide(session, acting_admin(), request_id, decision, typed("comment"))
    except BrokerError as error:
        refuse(error)
    return go("admin.requests")


def _grant(request_id: int) -> None:
    """Ask the host for the class. Raises ``BrokerError`` where it may not, or does not, give it."""
    with database().read() as session:
        found = waiting_request(session, request_id)
        person, access_class = found.person, found.access_class
    accounts = host_acts().accounts
    accounts.grant(acting_admin().email, account_of(person, accounts).name, access_class)
