"""Pages where there is no catalog, or one that cannot be read: the others work."""

from __future__ import annotations

from flask import Flask, current_app, make_response, render_template, request
from werkzeug import Response

from ...errors import CatalogError
from ..explanations import NOT_YET, look_it_up, new_reference
from ..identity.current import current_viewer
from ..reading.catalogs import MissingCatalogError

__all__ = ["handle_missing_catalogs"]


def handle_missing_catalogs(app: Flask) -> None:
    """Give an app its pages for ``CatalogError``."""
    app.register_error_handler(MissingCatalogError, _missing)
    app.register_error_handler(CatalogError, _unreadable)


def _missing(error: MissingCatalogError) -> Response:
    """Not a fault of the portal: it shows the data as soon as they are there."""
    is_list = not request.view_args
    return _page(200 if is_list else 404, "No data yet", NOT_YET, error)


def _unreadable(error: CatalogError) -> Response:
    instance = current_app.extensions["portal"].instance
    remedy = f"All other pages work. {look_it_up(new_reference(error), instance)}"
    return _page(503, "The catalog cannot be read at the moment.", remedy, error)


def _page(status: int, sentence: str, remedy: str, error: CatalogError) -> Response:
    """Places of the host are shown to admins alone."""
    viewer = current_viewer()
    detail = str(error) if viewer is not None and viewer.is_admin else ""
    page = render_template("problem.html", sentence=sentence, remedy=remedy, detail=detail)
    return make_response(page, status)
