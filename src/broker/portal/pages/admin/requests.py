"""Requests for access: granted on the host, or refused, with a word to the person."""

from __future__ import annotations

from collections.abc import Mapping

from flask import abort, render_template
from sqlalchemy import select
from sqlalchemy.orm import joinedload
from werkzeug import Response

from ....errors import BrokerError
from ...access_requests import grant_request, refuse_request
from ...acts.host import host_acts
from ...database.models import AccessRequest, Decision
from ...identity.accounts import tied_account
from ..acting import database, explained, go, typed
from ..acting import person as acting_admin
from .blueprint import admin

__all__: list[str] = []

_SHOWN = 100


@admin.get("/requests")
def requests() -> str:
    """Those that wait, then those that were decided last."""
    return _page()


def _page(problem: str = "", drafts: Mapping[int, str] | None = None) -> str:
    """``problem`` is why one was not decided, ``drafts`` the words typed to its person."""
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
        "admin/requests.html",
        pending=pending,
        last=last,
        tied=tied,
        classes=classes,
        problem=problem,
        drafts=drafts or {},
    )


@admin.post("/requests/<int:request_id>")
def answer(request_id: int) -> Response | tuple[str, int]:
    """Grant or refuse; the page shows what the host has then."""
    choice, comment = typed("answer", 10), typed("comment")
    if choice not in ("grant", "refuse"):
        abort(400)
    person = acting_admin()
    try:
        if choice == "grant":
            grant_request(database(), host_acts().accounts, person, request_id, comment)
        else:
            with database().begin() as session:
                refuse_request(session, person, request_id, comment)
    except BrokerError as error:
        return _page(explained(error), {request_id: comment}), 409
    return go("admin.requests")
