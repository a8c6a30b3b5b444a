"""The two ends of the device sign-in that a program asks (RFC 8628, in the form of RFC 6749)."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

from flask import current_app, request
from pydantic import BaseModel, Field

from ...errors import AccountsError
from ..device import PollResult, poll_device, start_device
from ..tokens import Scope, parse_scopes
from .caller import database
from .problem import ApiProblem, OAuthRefusal

__all__ = [
    "DeviceAnswer",
    "DeviceWish",
    "TokenAnswer",
    "TokenWish",
    "device_code",
    "device_token",
]

_GRANT = "urn:ietf:params:oauth:grant-type:device_code"
# For the document alone: what does not fit is refused as RFC 6749 says it.
_SCOPES = rf"^((?:{'|'.join(Scope)})(?: (?:{'|'.join(Scope)}))*)?$"
_USUAL = (Scope.ME, Scope.CATALOG, Scope.CERTIFICATE)
ClientName = Annotated[
    str, Field(min_length=1, max_length=60, pattern=r"^[A-Za-z0-9][A-Za-z0-9 ._-]*$")
]


class DeviceWish(BaseModel):
    """``client_id`` is the name that the person reads; ``scope`` are words with spaces between."""

    client_id: ClientName
    scope: Annotated[str, Field(max_length=300, json_schema_extra={"pattern": _SCOPES})] = ""


class DeviceAnswer(BaseModel):
    """Show ``user_code`` and ``verification_uri``, then ask for the token."""

    device_code: str
    user_code: str
    verification_uri: str
    verification_uri_complete: str
    expires_in: int
    interval: int


class TokenWish(BaseModel):
    """``grant_type`` is that of RFC 8628."""

    grant_type: Annotated[str, Field(max_length=100, json_schema_extra={"const": _GRANT})]
    device_code: Annotated[str, Field(max_length=100)]
    client_id: ClientName


class TokenAnswer(BaseModel):
    """A personal token."""

    access_token: str
    token_type: str
    expires_in: int


def device_code(body: DeviceWish) -> DeviceAnswer:
    """Begin: nothing is allowed until a person approves the code in the portal."""
    try:
        scopes = parse_scopes(body.scope.split() or [str(one) for one in _USUAL])
    except AccountsError as error:
        raise OAuthRefusal("invalid_scope", str(error)) from error
    with database().begin() as session:
        address = request.remote_addr or ""
        started = start_device(session, body.client_id, scopes, address)
    if started is None:
        raise ApiProblem(503, "Too many programs wait to be let in.", {"Retry-After": "600"})
    page = f"{current_app.extensions['portal'].origin}/device"
    return DeviceAnswer(
        device_code=started.device_code,
        user_code=started.user_code,
        verification_uri=page,
        verification_uri_complete=f"{page}?code={started.user_code}",
        expires_in=started.expires_in,
        interval=started.interval,
    )


def device_token(body: TokenWish) -> TokenAnswer:
    """The token, once the person has approved."""
    if body.grant_type != _GRANT:
        raise OAuthRefusal("unsupported_grant_type", f"expected {_GRANT}")
    try:
        with database().begin() as session:
            found = poll_device(session, body.device_code, body.client_id)
    except AccountsError as error:  # such as too many tokens, which the person can mend
        raise OAuthRefusal("access_denied", str(error)) from error
    if isinstance(found, PollResult):
        raise OAuthRefusal(str(found), _SENTENCES[found])
    left = int((found.expires_at - datetime.now(UTC)).total_seconds())
    return TokenAnswer(access_token=found.text, token_type="Bearer", expires_in=left)  # noqa: S106 - the kind of the token


_SENTENCES = {
    PollResult.PENDING: "The person has not answered yet.",
    PollResult.SLOW_DOWN: "Wait 5 seconds longer between two requests.",
    PollResult.DENIED: "The person refused.",
    PollResult.EXPIRED: "The code has expired. Begin anew.",
    PollResult.UNKNOWN: "There is no such code of this client.",
}
