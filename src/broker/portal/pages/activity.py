"""What I did here."""

from __future__ import annotations

from flask import Blueprint, render_template

from ..events import events_of
from ..identity.current import signed_in
from ..look.pages import requested_begin, requested_pages
from .acting import database, person

__all__ = ["activity"]

activity = Blueprint("activity", __name__)
_ROWS = 50


@activity.get("/activity")
@signed_in
def own() -> str:
    """My own events, the newest first."""
    with database().read() as session:
        events, total = events_of(
            session, person().person_id, skip=requested_begin(_ROWS), count=_ROWS
        )
    return render_template("activity/own.html", events=events, pages=requested_pages(total, _ROWS))
