"""Whether the process answers, whether it can serve, and figures for monitoring."""

from __future__ import annotations

import logging
from ipaddress import ip_address

from flask import Blueprint, Response, abort, request
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from sqlalchemy import text

from ...catalog.reader import current_generation
from ...errors import BrokerError
from ..acts.host import host_acts
from ..gauges import PortalGauges
from ..tokens import Scope, bearer_of
from .acting import database, settings

__all__ = ["health"]

health = Blueprint("health", __name__)
_LOG = logging.getLogger(__name__)


@health.get("/healthz")
def answers() -> Response:
    """200 from a process that runs; it reads no file and no database."""
    return Response("ok\n", mimetype="text/plain")


@health.get("/readyz")
def ready() -> Response:
    """Whether the database and the catalog can be read: for this host, and for operators."""
    _for_operators()
    problems = {}
    try:
        with database().read() as session:
            session.execute(text("SELECT 1"))
    except BrokerError as error:
        problems["database"] = _sentence(error)
    try:
        current_generation(settings().store)
    except BrokerError as error:
        problems["catalog"] = _sentence(error)
    lines = [f"{part}: {problems.get(part, 'ok')}\n" for part in ("database", "catalog")]
    return Response("".join(lines), 503 if problems else 200, mimetype="text/plain")


@health.get("/metrics")
def figures() -> Response:
    """In the format of Prometheus: for this host, and for operators."""
    _for_operators()
    registry = CollectorRegistry()
    registry.register(PortalGauges(settings(), database(), host_acts()))
    return Response(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)


def _for_operators() -> None:
    """404 for others: a request from this host, or one with a token of an admin's for this."""
    if _is_local(request.remote_addr):
        return
    kind, _, token = request.headers.get("Authorization", "").partition(" ")
    bearer = None
    if kind.lower() == "bearer":
        bearer = bearer_of(database(), token, settings().instance, host_acts().classes)
    if bearer is None or Scope.OPERATIONS not in bearer.scopes or not bearer.viewer.is_admin:
        abort(404)


def _sentence(error: BrokerError) -> str:
    """The log has the place; any account of the host may ask."""
    _LOG.error("%s", error)
    return error.message


def _is_local(address: str | None) -> bool:
    """No address at all is a caller at the socket itself, which only nginx's group may open."""
    if not address:
        return True
    try:
        return ip_address(address).is_loopback
    except ValueError:
        return False
