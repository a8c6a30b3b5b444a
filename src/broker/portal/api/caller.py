"""Who sends a request of the API: the holder of a personal token, whatever cookies it has."""

from __future__ import annotations

from flask import current_app, g, request

from ..acts.host import host_acts
from ..database.engine import Database
from ..tokens import Bearer, Scope, bearer_of
from ..viewer import Viewer
from .problem import ApiProblem

__all__ = ["api_viewer", "authenticate", "database", "require"]

_REALM = 'Bearer realm="data-broker"'


def database() -> Database:
    """That of the app which serves the request."""
    found: Database = current_app.extensions["database"]
    return found


def authenticate() -> Bearer:
    """Whose token the request has. Raises ``ApiProblem``: 401 without a valid one."""
    kind, _, token = request.headers.get("Authorization", "").partition(" ")
    if kind.lower() != "bearer" or not token:
        raise ApiProblem(
            401,
            "Send a personal token: Authorization: Bearer broker_pat_…",
            {"WWW-Authenticate": _REALM},
        )
    instance, accounts = current_app.extensions["portal"].instance, host_acts().classes
    bearer = bearer_of(database(), token.strip(), instance, accounts)
    if bearer is None:
        raise ApiProblem(
            401,
            "This token is unknown, expired or revoked.",
            {"WWW-Authenticate": f'{_REALM}, error="invalid_token"'},
        )
    g.bearer = bearer
    return bearer


def require(scope: Scope, *, admin: bool) -> None:
    """Raise ``ApiProblem``: 401 without a valid token, 403 where it is not for this."""
    bearer = authenticate()
    if scope not in bearer.scopes:
        header = f'{_REALM}, error="insufficient_scope", scope="{scope}"'
        raise ApiProblem(
            403, f"This token has not the scope {scope}.", {"WWW-Authenticate": header}
        )
    if admin and not bearer.viewer.is_admin:
        raise ApiProblem(403, "Only admins may do this.")


def api_viewer() -> Viewer:
    """Who sends the request that is being served."""
    bearer: Bearer = g.bearer
    return bearer.viewer
