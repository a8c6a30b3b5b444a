"""What a person sees where a page cannot be shown: one sentence, the right status, what to do."""

from __future__ import annotations

import logging
from typing import Any

from flask import Flask, current_app, make_response, render_template, request
from flask.typing import ResponseReturnValue
from flask_wtf.csrf import CSRFError
from werkzeug.exceptions import HTTPException

from ...errors import PortalStateError, SignInError
from ..explanations import look_it_up, new_reference
from ..identity.current import current_viewer
from ..settings import PortalSettings

__all__ = ["check_host", "register_problems", "viewer_for_templates"]

_LOG = logging.getLogger(__name__)
_FOR_MACHINES = frozenset({"/healthz", "/readyz", "/metrics"})  # called by address, on this host
_SENTENCES = {
    400: ("The request is not valid.", "Go back and try again."),
    403: (
        "You may not do this.",
        "While you see the portal as another person, nothing can be changed: stop that first.",
    ),
    404: ("There is no such page.", "It may be one that you may not see."),
    405: ("This page does not take such a request.", ""),
    413: ("The request is too large.", "Send less at once."),
    415: ("The request has the wrong format.", ""),
    429: ("There were too many requests.", "Wait for a minute, then try again."),
}
_FAILED = "The portal failed."


def register_problems(app: Flask) -> None:
    """A page for each kind of error."""
    app.register_error_handler(SignInError, _not_signed_in)
    app.register_error_handler(PortalStateError, _no_state)
    app.register_error_handler(CSRFError, _expired_form)
    app.register_error_handler(HTTPException, _http)


def check_host() -> ResponseReturnValue | None:
    """Answer under the configured address alone: 421 for any other ``Host``.

    Its page looks like the others: style, script and logo are the same under every address.
    """
    settings: PortalSettings = current_app.extensions["portal"]
    is_for_all = request.path in _FOR_MACHINES or request.blueprint == "files"
    if is_for_all or request.host.lower() == settings.host:
        return None
    return _problem("This portal has another address.", 421, origin=settings.origin)


def viewer_for_templates() -> dict[str, Any]:
    """``viewer`` in every template: the person who is signed in, or None."""
    try:
        return {"viewer": current_viewer()}
    except PortalStateError:
        return {"viewer": None}


def _problem(
    sentence: str, status: int, remedy: str = "", *, origin: str | None = None, again: bool = False
) -> ResponseReturnValue:
    text = render_template(
        "problem.html", sentence=sentence, remedy=remedy, origin=origin, again=again
    )
    return text, status


def _not_signed_in(error: SignInError) -> ResponseReturnValue:
    _LOG.warning("a person was not signed in: %s", error.message)
    return _problem(error.message, error.status, error.remedy or "", again=True)


def _no_state(error: PortalStateError) -> ResponseReturnValue:
    """The log has the place and the remedy; a visitor does not learn where things stand."""
    sentence = error.message[:1].upper() + error.message[1:] + "."
    return _problem(sentence, 503, _remedy(new_reference(error)))


def _remedy(reference: str) -> str:
    settings: PortalSettings = current_app.extensions["portal"]
    return look_it_up(reference, settings.instance)


def _expired_form(_error: CSRFError) -> ResponseReturnValue:
    return _problem(
        "This page was open for too long, or your browser keeps no cookies.",
        400,
        "Go back, load the page again, and repeat what you did.",
    )


def _http(error: HTTPException) -> ResponseReturnValue:
    if error.code is None or error.code < 400:
        return error
    sentence, remedy = _SENTENCES.get(error.code, (_FAILED, ""))
    if sentence is _FAILED:  # Flask has logged the reason with its trace
        remedy = _remedy(new_reference(f"{request.method} {request.endpoint}: {error.code}"))
    answer = make_response(_problem(sentence, error.code, remedy))
    for name, value in error.get_headers():  # such as Allow and Retry-After
        if name not in ("Content-Type", "Content-Length"):
            answer.headers[name] = value
    return answer
