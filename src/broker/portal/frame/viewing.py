"""The catalog of who looks at a page, and pages that a browser need not fetch twice."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any

from flask import Response, abort, make_response, render_template, request, session
from markupsafe import Markup

from ... import __version__
from ..audience_catalog import catalog_for
from ..identity.current import current_viewer, signed_in, time_now
from ..look.theme import chosen_theme
from ..reading.catalogs import AudienceCatalog

__all__ = ["catalog_page", "shared_part"]

_SECONDS = 60  # that ages on a page may be behind


def _catalog() -> AudienceCatalog:
    """That of the person who is signed in; raises ``CatalogError``."""
    viewer = current_viewer()
    if viewer is None:  # which no page lets happen
        abort(401)
    return catalog_for(viewer)


def catalog_page(page: Callable[..., str]) -> Callable[..., Response]:
    """A view that shows nothing but the catalog, which it gets as its first argument.

    Who is not signed in is sent to do so.
    A browser that has the page of this generation, person and minute is answered with 304.
    """

    @signed_in
    @wraps(page)
    def answered(**arguments: Any) -> Response:
        """The page, or that it is the same."""
        catalog = _catalog()
        etag = _etag(catalog)
        has_it = request.if_none_match.contains_weak(etag) and "_flashes" not in session
        response = Response(status=304) if has_it else make_response(page(catalog, **arguments))
        response.set_etag(etag, weak=True)
        response.headers["Cache-Control"] = "private, no-cache"
        response.vary.add("Cookie")
        return response

    return answered


def shared_part(
    catalog: AudienceCatalog,
    template: str,
    key: tuple[object, ...],
    context: Callable[[], Mapping[str, Any]],
    *,
    has_ages: bool = False,
) -> Markup:
    """HTML that everyone of an audience gets alike, made once for a generation.

    ``key`` names the part and all of the request that it depends on; nothing in it is of the
    person. One that ``has_ages`` is made anew each minute.
    """
    made = catalog.part(
        (template, *key, _minute() if has_ages else None),
        lambda: render_template(template, catalog=catalog, **context()),
    )
    return Markup(made)  # noqa: S704 (the template has escaped it)


def _minute() -> int:
    """Another number in each minute: ages on pages are no older than that."""
    return int(time_now().timestamp() // _SECONDS)


def _etag(catalog: AudienceCatalog) -> str:
    parts = (
        __version__,
        catalog.tag,
        current_viewer(),
        chosen_theme(),
        request.full_path,
        _minute(),
    )
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:24]
