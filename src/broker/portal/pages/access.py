"""What I may read, and requests for more."""

from __future__ import annotations

from flask import Blueprint, abort, render_template
from werkzeug import Response

from ...classes import PUBLIC
from ...errors import AccountsError
from ..access_requests import ask_for, requests_of, withdraw
from ..acts.host import host_acts
from ..identity.current import signed_in
from ..viewer import audience_of
from .acting import database, explained, go, person, settings, typed

__all__ = ["access"]

access = Blueprint("access", __name__)


@access.get("/access")
@signed_in
def listed() -> str:
    """My classes as the host has them now, and what became of my requests."""
    return _page()


def _page(problem: str = "", **draft: str) -> str:
    """``problem`` is why a request was refused, ``draft`` what was typed for it."""
    viewer = person()
    classes = audience_of(viewer, host_acts().classes).names
    with database().read() as session:
        requests = requests_of(session, viewer.person_id)
    return render_template(
        "access/listed.html",
        classes=classes,
        others=[name for name in settings().instance.class_names if name not in classes],
        requests=requests,
        problem=problem,
        draft=draft,
    )


@access.post("/access/request")
@signed_in
def ask() -> Response | tuple[str, int]:
    """Ask for a class, with a reason."""
    known = set(settings().instance.class_names) - {PUBLIC}
    name, reason = typed("class", 31), typed("reason", 2_000)
    try:
        with database().begin() as session:
            ask_for(session, person(), name, reason, known)
    except AccountsError as error:
        return _page(explained(error), name=name, reason=reason), 422
    return go("access.listed", _anchor="requests")


@access.post("/access/withdraw")
@signed_in
def take_back() -> Response:
    """Take a request back."""
    number = typed("id", 18)
    if not number.isdecimal():
        abort(400)
    with database().begin() as session:
        if not withdraw(session, person(), int(number)):
            abort(404)
    return go("access.listed", _anchor="requests")
