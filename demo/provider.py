"""Who signs in to the demo's portal: made-up people of a real, certified identity provider.

It listens on this machine's loopback, where browsers find it, and, for the broker's host, on the
bridge between both. The host hands its own loopback on to there, so that the issuer is one address.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from json import dumps
from typing import Any

from .background import Background
from .commands import DemoError

__all__ = ["ADMIN", "ANALYST_EMAIL", "NO_PROVIDER", "PEOPLE", "SECRET", "auth", "end", "serve"]

SECRET = "DEMO_SECRET"  # noqa: S105 - the name under which the secret is known
ANALYST_EMAIL, ADMIN = "anna@example.com", "boss@example.com"
# By subject, the claims of each.
PEOPLE: Mapping[str, Mapping[str, Any]] = {
    "anna": {"name": "Anna", "email": ANALYST_EMAIL, "email_verified": True},
    "boss": {"name": "Boss", "email": ADMIN, "email_verified": True},
    "guest": {"name": "Guest", "email": "guest@example.com", "email_verified": True},
}
NO_PROVIDER = "no provider, so people get in by the admin's link alone"
_BACKGROUND = Background("provider", "rig.identity_provider", "Start an identity provider")


def serve(origin: str, *beside: str) -> tuple[str, str]:
    """Its issuer, and the secret of the portal there; one that serves this already is kept.

    ``origin`` is where the portal is, ``beside`` are addresses of this machine beside loopback.
    Raises ``DemoError`` where it cannot be had.
    """
    found, wanted = _BACKGROUND.facts(), {"origin": origin, "beside": [*beside]}
    if _BACKGROUND.stands() and wanted.items() <= found.items():
        return found["issuer"], found["secret"]
    _BACKGROUND.end()
    secret = found.get("secret") or secrets.token_urlsafe(24)
    try:
        issuer = _start(origin, beside, secret, int(found.get("port", 0)))
    except DemoError:
        if not found.get("port"):
            raise
        issuer = _start(origin, beside, secret, 0)  # another program has the port by now
    facts = {**wanted, "issuer": issuer, "secret": secret, "port": issuer.rpartition(":")[2]}
    _BACKGROUND.remember(facts)
    return issuer, secret


def _start(origin: str, beside: Sequence[str], secret: str, port: int) -> str:
    settings = {
        "redirect_uris": [f"{origin}/sign-in/demo/callback"],
        "client_secret": secret,
        "people": PEOPLE,
        "port": port,
        "beside": beside,
    }
    return _BACKGROUND.start([], lines=1, stdin=dumps(settings))[0]


def end() -> None:
    """No provider serves any more."""
    _BACKGROUND.end()


def auth(issuer: str) -> dict[str, Any]:
    """Section ``auth`` of an instance whose people sign in there."""
    provider = {
        "name": "demo",
        "title": "the demo",
        "issuer": issuer,
        "client_id": "portal",
        "client_secret": f"${{{SECRET}}}",
        "trusted": True,
    }
    return {
        "allowed_domain": ADMIN.partition("@")[2],
        "admins": ADMIN,
        "providers": [provider],
    }
