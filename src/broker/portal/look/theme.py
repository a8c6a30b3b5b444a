"""Light or dark: what the system has, or what a person chose, kept in a cookie of a year."""

from __future__ import annotations

from urllib.parse import urlsplit

from flask import Blueprint, abort, current_app, redirect, request
from werkzeug import Response

__all__ = ["THEMES", "chosen_theme", "theme"]

THEMES = {"system": "System", "light": "Light", "dark": "Dark"}
_COOKIE = "theme"
_SECONDS = 365 * 86_400

theme = Blueprint("theme", __name__)


def chosen_theme() -> str:
    """One of ``THEMES``: that of the request."""
    found = request.cookies.get(_COOKIE, "")
    return found if found in THEMES else "system"


@theme.post("/theme")
def choose() -> Response:
    """Keep the choice, and show the page again from which it came."""
    choice = request.form.get("theme", "")
    if choice not in THEMES:
        abort(400)
    response = redirect(_back())
    is_secure = current_app.config["SESSION_COOKIE_SECURE"]
    if choice == "system":
        response.delete_cookie(_COOKIE, secure=is_secure, samesite="Lax")
    else:
        response.set_cookie(
            _COOKIE, choice, max_age=_SECONDS, secure=is_secure, httponly=True, samesite="Lax"
        )
    return response


def _back() -> str:
    """The path of the page that was left, without its host: nothing leads elsewhere."""
    parts = urlsplit(request.headers.get("Referer", ""))
    path = "/" + parts.path.lstrip("/\\")
    return f"{path}?{parts.query}" if parts.query else path
