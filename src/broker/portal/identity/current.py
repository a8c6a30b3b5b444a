"""Who made this request: the one place where a cookie becomes a person."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from functools import wraps
from typing import Any, TypeVar, cast

from flask import abort, current_app, g, redirect, request, session, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import update

from ...config import Instance
from ..database.engine import Database
from ..database.models import LoginSession, PortalPerson
from ..settings import PortalSettings
from ..viewer import AccountClasses, Viewer
from .accounts import tied_account
from .doors import is_still_admitted, is_trusted_door
from .local_path import HOME, local_path
from .sessions import SEEN_EVERY, end_session, live_session
from .tokens import digest_of

__all__ = [
    "COOKIE_KEY",
    "admin_only",
    "current_session_digest",
    "current_viewer",
    "forget_viewer",
    "signed_in",
    "time_now",
    "viewer_of",
]

COOKIE_KEY = "login"
View = TypeVar("View", bound=Callable[..., Any])


def time_now() -> datetime:
    """The time of this request, by the clock of the app."""
    clock: Callable[[], datetime] = current_app.extensions.get("clock", lambda: datetime.now(UTC))
    return clock()


def current_viewer() -> Viewer | None:
    """The person who is signed in; None where there is none. Looked up once in each request.

    Raises ``PortalStateError`` where the database cannot be read.
    """
    if "viewer" not in g:
        g.viewer = _looked_up()
    return cast("Viewer | None", g.viewer)


def current_session_digest() -> str | None:
    """Which row of ``session`` this browser has, to mark it in a list; None without any."""
    token = session.get(COOKIE_KEY)
    return digest_of(token) if isinstance(token, str) else None


def forget_viewer() -> None:
    """Look again: this request signed a person in or out."""
    g.pop("viewer", None)


def viewer_of(
    person: PortalPerson, instance: Instance, accounts: AccountClasses, *, is_trusted: bool
) -> Viewer:
    """What pages know of a person. Who is an admin by the configuration is so at each request."""
    is_admin = person.is_admin or person.email in instance.auth.admins
    account = tied_account(person, accounts)
    user = instance.users.get(account) if account is not None else None
    return Viewer(
        person_id=person.id,
        email=person.email,
        name=(user.name if user else "") or person.name or person.email.partition("@")[0],
        account=account,
        is_admin=is_admin and is_trusted,
        is_trusted=is_trusted,
        lost_account=person.account if account is None and person.account_uid is not None else None,
        account_uid=person.account_uid if account is not None else None,
    )


def _looked_up() -> Viewer | None:
    token = session.get(COOKIE_KEY)
    if not isinstance(token, str):
        return None
    settings: PortalSettings = current_app.extensions["portal"]
    database: Database = current_app.extensions["database"]
    auth, now = settings.instance.auth, time_now()
    with database.read() as reading:
        found = live_session(reading, token, auth, now)
        if found is None:
            return None
        is_unseen = now - found.last_seen_at >= SEEN_EVERY
    method, digest = found.method, found.digest
    accounts: AccountClasses = current_app.extensions["accounts"]
    is_trusted = is_trusted_door(auth, method)
    viewer = viewer_of(found.person, settings.instance, accounts, is_trusted=is_trusted)
    if not is_still_admitted(auth, method, viewer.email, is_admin=viewer.is_admin):
        with database.begin() as writing:
            end_session(writing, digest)
        return None
    if is_unseen:
        with database.begin() as writing:
            # Nothing but the time: a session that was ended meanwhile stays ended.
            writing.execute(
                update(LoginSession).where(LoginSession.digest == digest).values(last_seen_at=now)
            )
    return viewer


def signed_in(view: View) -> View:
    """A page for people who are signed in; others are sent to sign in, and back afterwards."""

    @wraps(view)
    def guarded(*args: Any, **kwargs: Any) -> ResponseReturnValue:
        if current_viewer() is None:
            return _to_sign_in()
        return cast("ResponseReturnValue", view(*args, **kwargs))

    return cast("View", guarded)


def admin_only(view: View) -> View:
    """A page for admins; for other people who are signed in it does not exist."""

    @wraps(view)
    def guarded(*args: Any, **kwargs: Any) -> ResponseReturnValue:
        viewer = current_viewer()
        if viewer is None:
            return _to_sign_in()
        if not viewer.is_admin:
            abort(404)
        return cast("ResponseReturnValue", view(*args, **kwargs))

    return cast("View", guarded)


def _to_sign_in() -> ResponseReturnValue:
    """An act is not repeated after signing in: its page is gone to instead."""
    is_page = request.method in ("GET", "HEAD")
    path = local_path(request.full_path.rstrip("?")) if is_page else HOME
    target = url_for("signing_in.choose", next=path) if path != HOME else None
    return redirect(target or url_for("signing_in.choose"), 303)
