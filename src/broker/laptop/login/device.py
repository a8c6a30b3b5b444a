"""Device sign-in (RFC 8628): the folder shows a code, and its person approves it in a browser."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from urllib.parse import urlencode

from ...errors import LaptopError
from .memory import PortalToken
from .portal import Portal, PortalAnswer, UnreachableError, origin_of

__all__ = ["SCOPES", "sign_in"]

SCOPES = "me:read certificate:issue"
_GRANT = "urn:ietf:params:oauth:grant-type:device_code"
_SLOWER_BY = 5
_MOST_SECONDS = 1_800
_MOST_TOKEN_SECONDS = 366 * 86_400
_MOST_WORDS = 60
_REFUSED = {
    "access_denied": "you did not let this laptop in",
    "expired_token": "the code was not approved in time",
    "invalid_grant": "the portal does not know this code any more",
}


def sign_in(
    portal: Portal,
    laptop: str,
    show: Callable[[str, str, int], None],
    wait: Callable[[float], None] = time.sleep,
) -> PortalToken:
    """Wait until a person has approved, and return the token that the portal gives then.

    ``show`` gets the address to open, the code to type there and the minutes that are left.
    Raises ``LaptopError`` for each refusal.
    """
    client = client_name(laptop)
    begun = _sent(portal, "/device/code", client_id=client, scope=SCOPES)
    if begun.status != 200:
        raise _refused("the portal does not begin a sign-in", begun)
    code = begun.text("device_code", 200)
    address = begun.text("verification_uri", 300)
    if origin_of(address, bare=False) != portal.origin:
        raise LaptopError(
            "the portal names another address than its own for the sign-in",
            where=portal.origin,
            found=address,
            remedy="Nothing was changed. Ask its operator.",
        )
    left = begun.number("expires_in", 1, _MOST_SECONDS)
    pause = begun.number("interval", 1, 60)
    show(address, begun.text("user_code", 40), left // 60)
    while left > 0:
        wait(pause)
        left -= pause
        try:
            answer = _sent(
                portal, "/device/token", client_id=client, device_code=code, grant_type=_GRANT
            )
        except UnreachableError:  # RFC 8628, section 3.5: try again, later each time
            if left <= 0:
                raise
            pause += _SLOWER_BY
            continue
        if answer.status == 200:
            seconds = answer.number("expires_in", 1, _MOST_TOKEN_SECONDS)
            ends = datetime.now(UTC) + timedelta(seconds=seconds)
            return PortalToken(portal.origin, answer.text("access_token", 500), ends)
        error = answer.facts.get("error")
        if error == "slow_down" or answer.is_busy:
            pause += _SLOWER_BY
        elif error != "authorization_pending":
            raise _refused(_REFUSED.get(str(error), "the portal gives no token"), answer)
    raise _refused(_REFUSED["expired_token"])


def client_name(laptop: str) -> str:
    """How the portal calls this program to the person who lets it in."""
    plain = re.sub(r"[^A-Za-z0-9._-]+", "-", laptop).strip("-._")
    return f"laptop {plain or 'unnamed'}"[:_MOST_WORDS]


def _sent(portal: Portal, path: str, **fields: str) -> PortalAnswer:
    return portal.ask_as_form(path, urlencode(fields).encode())


def _refused(message: str, answer: PortalAnswer | None = None) -> LaptopError:
    detail = answer.detail if answer is not None else ""
    return LaptopError(
        message,
        found=detail or None,
        remedy="Nothing was changed here. Type login again to begin anew.",
    )
