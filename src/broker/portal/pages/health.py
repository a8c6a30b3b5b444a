"""Whether the process answers, and nothing more: what a load balancer asks."""

from __future__ import annotations

from flask import Blueprint, Response

__all__ = ["health"]

health = Blueprint("health", __name__)


@health.get("/healthz")
def answers() -> Response:
    """200 from a process that runs; it reads no file and no database."""
    return Response("ok\n", mimetype="text/plain")
