"""Let a program in that shows a code (RFC 8628)."""

from __future__ import annotations

from flask import Blueprint, abort, flash, render_template, request
from werkzeug import Response

from ..device import answer_device, find_device
from ..identity.current import signed_in
from ..identity.limits import client_network
from ..tokens import parse_scopes
from .acting import database, go, person, typed

__all__ = ["device"]

device = Blueprint("device", __name__)


@device.get("/device")
@signed_in
def ask() -> str:
    """The field for the code; a link of the program may fill it in, and lets nothing in."""
    return render_template("device/ask.html", code=request.args.get("code", "")[:20])


@device.post("/device")
@signed_in
def show() -> tuple[str, int] | str:
    """Which program it is, and what it wants."""
    code = typed("code", 40)
    with database().begin() as session:
        grant = find_device(session, person(), code, _address())
    if grant is None:
        return render_template("device/ask.html", code=code, wrong=True), 404
    scopes = sorted(parse_scopes(grant.scopes.split()))
    is_here = client_network(grant.address) == client_network(_address())
    return render_template(
        "device/show.html", code=code, grant=grant, scopes=scopes, is_here=is_here
    )


@device.post("/device/answer")
@signed_in
def answer() -> tuple[str, int] | str | Response:
    """Let it in, or not."""
    decision = typed("answer", 10)
    if decision not in ("approve", "deny"):
        abort(400)
    with database().begin() as session:
        grant = find_device(session, person(), typed("code", 40), _address())
        if grant is not None:
            answer_device(session, person(), grant, approve=decision == "approve")
    if grant is None:
        return render_template("device/ask.html", code="", wrong=True), 404
    if decision == "approve":
        return go("keys.listed", _anchor="tokens")
    flash("The program was refused.")
    return go("home.home")


def _address() -> str:
    return request.remote_addr or ""
