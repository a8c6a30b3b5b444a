"""Requests for access: granted on the host, or refused, with a word to the person."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import abort, render_template
from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session, joinedload
from werkzeug import Response

from ....errors import BrokerError
from ...access_requests import grant_request, refuse_request
from ...acts.host import host_acts
from ...database.models import AccessRequest, Decision
from ...identity.accounts import tied_account
from ...look.pages import Pages, requested_pages
from ..acting import database, explained, go, typed
from ..acting import person as acting_admin
from .blueprint import admin

__all__: list[str] = []

_ROWS = 50


@admin.get("/requests")
def requests() -> str:
    """Those that wait, then those that were decided last."""
    return _page()


def _page(problem: str = "", drafts: Mapping[int, str] | None = None) -> str:
    """``problem`` is why one was not decided, ``drafts`` the words typed to its person."""
    is_pending = AccessRequest.decision == Decision.PENDING
    with database().read() as session:
        pending, pages = _part(session, is_pending, AccessRequest.id.asc(), "page")
        last, pages_of_decided = _part(
            session, ~is_pending, AccessRequest.decided_at.desc(), "decided"
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
        pages=pages,
        last=last,
        pages_of_decided=pages_of_decided,
        tied=tied,
        classes=classes,
        problem=problem,
        drafts=drafts or {},
    )


def _part(
    session: Session, which: ColumnElement[bool], order: ColumnElement[Any], parameter: str
) -> tuple[list[AccessRequest], Pages]:
    """The part of a list of requests that the address asks for."""
    total = session.scalar(select(func.count()).select_from(AccessRequest).where(which)) or 0
    pages = requested_pages(total, _ROWS, parameter)
    chosen = select(AccessRequest).options(joinedload(AccessRequest.person)).where(which)
    chosen = chosen.order_by(order, AccessRequest.id).offset(pages.begin).limit(_ROWS)
    return list(session.scalars(chosen)), pages


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
