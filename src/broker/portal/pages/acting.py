"""What pages that change something share: who acts, what they typed, how a refusal is shown."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Any

from flask import abort, current_app, flash, redirect, request, url_for
from werkzeug import Response

from ...errors import BrokerError
from ...foreign.text import shown
from ..acts.facts import AccountFacts
from ..acts.host import host_acts
from ..database.engine import Database
from ..events import ActEnd, note_event, noted_act
from ..explanations import explain
from ..identity.current import current_viewer
from ..settings import PortalSettings
from ..viewer import Viewer

__all__ = [
    "account_of",
    "database",
    "explained",
    "go",
    "note",
    "noted",
    "person",
    "refuse",
    "settings",
    "typed",
]

_MOST_WORDS = 600  # of a message, which travels in a cookie


def person() -> Viewer:
    """Who sends this request; the page is for people who are signed in."""
    viewer = current_viewer()
    if viewer is None:
        abort(401)
    return viewer


def account_of(viewer: Viewer, *, fresh: bool = False) -> tuple[AccountFacts | None, str]:
    """The account of a person as the host has it, or why the host does not say.

    ``fresh`` looks it up now, for the page that shows an effect.
    """
    try:
        return host_acts().accounts.analyst(viewer.account_id, fresh=fresh), ""
    except BrokerError as error:
        return None, explained(error)


def database() -> Database:
    """That of the app which serves the request."""
    found: Database = current_app.extensions["database"]
    return found


def settings() -> PortalSettings:
    """What the app was started with."""
    found: PortalSettings = current_app.extensions["portal"]
    return found


def typed(name: str, most: int = 2_000) -> str:
    """What was typed into a field, without white space around it. 400 for what no form sends.

    A browser counts a line break as one character, and sends it as two: here it is one.
    """
    text = request.form.get(name, "").replace("\r\n", "\n").strip()
    if len(text) > most or "\0" in text:
        abort(400)
    return text


def explained(error: BrokerError) -> str:
    """What this person reads of an error."""
    return explain(error, person(), settings().instance)


def refuse(error: BrokerError) -> None:
    """Show why something was not done, on the next page."""
    flash(shown(explained(error), _MOST_WORDS), "error")


def go(endpoint: str, **arguments: Any) -> Response:
    """To the page that shows the effect, looked up anew."""
    return redirect(url_for(endpoint, **arguments), 303)


def note(verb: str, target: str = "", **more: Any) -> None:
    """Note what this person did; ``more`` is that of ``note_event``."""
    with database().begin() as session:
        note_event(session, person().person_id, verb, target, **more)


def noted(verb: str, target: str = "", **more: Any) -> AbstractContextManager[ActEnd]:
    """An act of this person on the host; ``more`` is that of ``noted_act``."""
    return noted_act(database(), person().person_id, verb, target, **more)
