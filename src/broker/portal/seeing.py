"""An admin sees what another person sees: the same pages for their audience, and no act.

So an admin may look into classes that they do not have. It is an event, which the person sees.
"""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Flask, abort, current_app, g, redirect, request, session, url_for
from werkzeug import Response

from .acts.host import host_acts
from .database.engine import Database
from .database.models import PersonState, PortalPerson
from .identity.current import current_viewer, viewer_of
from .viewer import Viewer

__all__ = ["see_as", "seeing", "watch"]

seeing = Blueprint("seeing", __name__)
_KEY = "see_as"
_STOP = ("seeing.stop", "signing_in.sign_out")
_FREE = ("static", "files.static", "files.brand")


def see_as(person_id: int) -> None:
    """From the next request on; the caller has checked that this is an admin."""
    session[_KEY] = person_id


def watch(app: Flask) -> None:
    """Put the other person in place of the admin at each request, and refuse whatever acts."""
    app.register_blueprint(seeing)
    app.before_request(_replaced)
    app.context_processor(_shown)


@seeing.post("/see-as/stop")
def stop() -> Response:
    """Be oneself again."""
    session.pop(_KEY, None)
    return redirect(url_for("admin.people"), 303)


def _replaced() -> None:
    g.pop("seen_as", None)
    if _KEY not in session or request.endpoint in _FREE or _is_api():
        return
    admin = current_viewer()
    if admin is None or not admin.is_admin:
        session.pop(_KEY, None)
        return
    if request.endpoint in _STOP:
        return
    other = _person(session[_KEY])
    if other is None:
        session.pop(_KEY, None)
        return
    g.real_viewer, g.viewer, g.seen_as = admin, other, other.email
    if request.method not in ("GET", "HEAD"):
        abort(403)


def _is_api() -> bool:
    return request.blueprint == "api"


def _person(person_id: Any) -> Viewer | None:
    """Without the rights of an admin: what only admins see is not what is looked at."""
    database: Database = current_app.extensions["database"]
    with database.read() as reading:
        found = reading.get(PortalPerson, person_id) if isinstance(person_id, int) else None
        if found is None or found.state != PersonState.ACTIVE:
            return None
    instance, accounts = current_app.extensions["portal"].instance, host_acts().classes
    return viewer_of(found, instance, accounts, is_trusted=False)


def _shown() -> dict[str, Any]:
    return {"seen_as": g.get("seen_as")}
