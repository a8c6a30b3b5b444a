"""Pages of what went wrong: one sentence, and where to go from there."""

from __future__ import annotations

from flask import Flask, current_app, g, make_response, render_template, request
from werkzeug import Response
from werkzeug.exceptions import HTTPException

from ...errors import CatalogError
from ..reading.catalogs import MissingCatalogError

__all__ = ["failure_page", "handle_failures"]

_WORDS = {
    400: ("This request is not complete", "Go back, load the page again, and repeat it."),
    404: ("There is no such page", "It may be gone, or be for other people."),
    405: ("This is not a page", "The address takes other requests than this one."),
    413: ("This is too much", "What was sent is larger than the portal takes."),
    429: ("Too many requests", "Wait a minute, then try again."),
    500: ("Something went wrong", "The portal could not make this page. It is in the log."),
}
_OTHER = ("This did not work", "The portal cannot answer this request.")


def handle_failures(app: Flask) -> None:
    """Give an app its pages of failures."""
    app.register_error_handler(HTTPException, _refused)
    app.register_error_handler(MissingCatalogError, _missing)
    app.register_error_handler(CatalogError, _unreadable)


def failure_page(status: int, heading: str, sentence: str, detail: str = "") -> Response:
    """A page with this status; ``detail`` is for those who can mend it."""
    has_home = request.path != "/"
    page = render_template(
        "failure.html",
        heading=heading,
        sentence=sentence,
        detail=detail,
        address="/" if has_home else request.path,
        button="Go to the first page" if has_home else "Try again",
    )
    return make_response(page, status)


def _refused(error: HTTPException) -> Response:
    if error.response is not None:
        return error.get_response()
    status = error.code or 500
    response = failure_page(status, *_WORDS.get(status, _OTHER))
    for name, value in error.get_headers():
        if name not in ("Content-Type", "Content-Length"):
            response.headers[name] = value
    return response


def _missing(error: MissingCatalogError) -> Response:
    """Not a fault of the portal: it shows the data as soon as they are there."""
    is_list = not request.view_args
    sentence = "What you may read appears here with the next sync."
    return failure_page(200 if is_list else 404, "No data yet", sentence, _detail(error))


def _unreadable(error: CatalogError) -> Response:
    current_app.logger.error("%s", error)
    sentence = "The catalog cannot be read at the moment. All other pages work."
    return failure_page(503, "The catalog is not available", sentence, _detail(error))


def _detail(error: CatalogError) -> str:
    """Places of the host are shown to admins alone."""
    viewer = g.get("viewer")
    return str(error) if viewer is not None and viewer.is_admin else ""
