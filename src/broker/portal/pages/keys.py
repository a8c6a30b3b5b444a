"""My SSH keys, my tokens, and the browsers in which I am signed in."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from flask import Blueprint, abort, make_response, render_template, request
from werkzeug import Response

from ...errors import AccountsError, BrokerError
from ..acts.host import host_acts
from ..acts.pasted import pasted_key
from ..events import note_event
from ..identity.current import current_session_digest, signed_in
from ..identity.sessions import end_session, sessions_of
from ..tokens import LONGEST_LIFE, Scope, make_token, parse_scopes, revoke_token, tokens_of
from ..viewer import AccountId, Viewer
from .acting import account_of, database, go, note, person, refuse, settings, typed

__all__ = ["keys"]

keys = Blueprint("keys", __name__)
_MOST_KEY = 20_000
_GRACES = {"0m": "at once", "1d": "after a day", "7d": "after 7 days", "4w": "after 4 weeks"}
_LIVES = (7, 30, 90, LONGEST_LIFE.days)


@keys.get("/keys")
@signed_in
def listed() -> str:
    """All of them. ``seen`` is a fingerprint whose state is shown first, looked up now."""
    viewer, now = person(), datetime.now(UTC)
    seen = request.args.get("seen", "")
    account, problem = account_of(person(), fresh=bool(seen))
    with database().read() as session:
        tokens = tokens_of(session, viewer.person_id)
        browsers = sessions_of(session, viewer.person_id, settings().instance.auth, now)
    return render_template(
        "keys/listed.html",
        account=account,
        problem=problem,
        seen=seen,
        seen_key=account.key(seen) if account is not None else None,
        moment_now=now,
        tokens=tokens,
        browsers=browsers,
        own_browser=current_session_digest(),
        graces=_GRACES,
        lives=_LIVES,
        scopes=[one for one in Scope if viewer.is_admin or not one.is_for_admins],
    )


@keys.post("/keys/add")
@signed_in
def add() -> Response:
    """One more key."""
    viewer = person()
    try:
        key = pasted_key(typed("key", _MOST_KEY))
        account = _required(viewer)
        host_acts().accounts.add_key(viewer.email, account, key.line, typed("label", 63))
    except BrokerError as error:
        refuse(error)
        return go("keys.listed", _anchor="add")
    note("key.add", key.fingerprint)
    return go("keys.listed", seen=key.fingerprint)


@keys.post("/keys/rotate")
@signed_in
def rotate() -> Response:
    """A new key in place of another one."""
    viewer, old, grace = person(), typed("old", 100), typed("grace", 10)
    if grace not in _GRACES:
        abort(400)
    try:
        key = pasted_key(typed("key", _MOST_KEY))
        account = _required(viewer)
        host_acts().accounts.rotate_key(viewer.email, account, old, key.line, grace)
    except BrokerError as error:
        refuse(error)
        return go("keys.listed")
    note("key.rotate", key.fingerprint, detail=f"instead of {old}, which ends {_GRACES[grace]}")
    return go("keys.listed", seen=key.fingerprint)


@keys.post("/keys/revoke")
@signed_in
def revoke() -> Response:
    """End a key at once."""
    viewer, fingerprint = person(), typed("fingerprint", 100)
    try:
        host_acts().accounts.revoke_key(viewer.email, _required(viewer), fingerprint)
    except BrokerError as error:
        refuse(error)
        return go("keys.listed")
    note("key.revoke", fingerprint)
    return go("keys.listed", seen=fingerprint)


@keys.post("/tokens/make")
@signed_in
def make() -> Response:
    """A token. It is shown in this answer alone: no page, cookie or log has it after that."""
    viewer = person()
    try:
        scopes = parse_scopes(request.form.getlist("scope"))
        days = typed("days", 4)
        life = timedelta(days=int(days) if days.isdecimal() else 0)
        with database().begin() as session:
            made = make_token(session, viewer.person_id, typed("name", 100), scopes, life)
            note_event(session, viewer.person_id, "token.make", made.name, detail=" ".join(scopes))
    except AccountsError as error:
        refuse(error)
        return go("keys.listed", _anchor="tokens")
    page = render_template(
        "keys/token.html", origin=settings().origin, made=made, scopes=sorted(scopes)
    )
    return make_response(page, 201)


@keys.post("/tokens/revoke")
@signed_in
def end_token() -> Response:
    """End a token at once."""
    token_id = typed("id", 18)
    if not token_id.isdecimal():
        abort(400)
    with database().begin() as session:
        if not revoke_token(session, person().person_id, int(token_id)):
            abort(404)
        note_event(session, person().person_id, "token.revoke", f"token {token_id}")
    return go("keys.listed", _anchor="tokens")


@keys.post("/browsers/end")
@signed_in
def end_browser() -> Response:
    """Sign out a browser."""
    with database().begin() as session:
        if not end_session(session, typed("digest", 64), person_id=person().person_id):
            abort(404)
        note_event(session, person().person_id, "session.end")
    return go("keys.listed", _anchor="browsers")


def _required(viewer: Viewer) -> AccountId:
    if viewer.account_id is None:
        raise AccountsError("you have no account yet", remedy="Begin on the page Welcome.")
    return viewer.account_id
