"""Whatever is sent to the doors: no one gets in who should not, and nothing fails."""

from __future__ import annotations

from typing import Any

import pytest
import requests
from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from broker.portal.database.models import LoginSession

from ..conftest import ORIGIN
from .provider import Provider
from .test_sessions import csrf_token

FEW = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
HOSTILE = st.one_of(
    st.text(max_size=40),
    st.sampled_from(
        ["\x00", "\u202e", "<script>", "' OR 1=1 --", "//evil.example", "../..", "a" * 9000, "%"]
    ),
)
PATHS = st.sampled_from(
    [
        *("/sign-in", "/sign-in/google/callback", "/sign-in/other/callback", "/sign-in/email"),
        *("/sign-in/email/sent", "/sign-in/link", "/sign-in/link/", "/sign-out", "/sign-in/"),
    ]
)
NAMES = st.sampled_from(["state", "code", "error", "iss", "email", "token", "next", "csrf_token"])


def sessions(app: Flask) -> int:
    with app.extensions["database"].read() as session:
        return len(session.scalars(select(LoginSession)).all())


@FEW
@given(
    path=PATHS,
    more=st.one_of(st.just(""), HOSTILE),
    method=st.sampled_from(["GET", "POST", "HEAD", "PUT", "DELETE", "OPTIONS"]),
    fields=st.dictionaries(NAMES, HOSTILE, max_size=4),
    has_token=st.booleans(),
    number=st.integers(0, 2**32 - 1),
)
def test_no_request_signs_anyone_in_or_fails(
    app: Flask,
    path: str,
    more: str,
    method: str,
    fields: dict[str, str],
    has_token: bool,
    number: int,
) -> None:
    client = app.test_client()
    headers = {"X-Forwarded-For": f"2001:db8:{number >> 16:x}:{number & 0xFFFF:x}::1"}
    if has_token:
        fields = fields | {"csrf_token": csrf_token(client, "/sign-in/link/x")}
        headers["Referer"] = ORIGIN + "/"
    is_form = {"data": fields} if method == "POST" else {"query_string": fields}
    answer = client.open(path + more.replace("?", ""), method=method, headers=headers, **is_form)
    assert answer.status_code < 500
    assert "Location" not in answer.headers or answer.headers["Location"].startswith(
        ("/", ORIGIN + "/")
    )
    assert not answer.headers.get("Location", "").startswith("//")
    assert "<script>" not in answer.text
    assert sessions(app) == 0


RIGHT = {
    "iss": "https://accounts.google.com",
    "aud": "portal",
    "nonce": "right",
    "sub": "1",
    "email": "ann@example.com",
    "email_verified": True,
    "hd": "example.com",
}
OTHERS: dict[str, list[Any]] = {
    "iss": ["https://login.other.org", "https://accounts.google.com/", None],
    "aud": ["portal-other", ["portal"], ["other", "portal"], None],
    "nonce": ["wrong", None],
    "sub": ["2", "", None, 7],
    "email": [
        *("ANN@example.com", "guest@outside.com", "x@elsewhere.com", None, 7),
        *("ann@example.com@elsewhere.com", "\u0430nn@example.com"),
    ],
    "email_verified": [False, "true", 1, None],
    "hd": ["Example.COM", "other.com", None, 7],
}
CHANGES = st.lists(
    st.sampled_from([(name, value) for name, values in OTHERS.items() for value in values]),
    max_size=2,
)


@FEW
@given(changes=CHANGES)
def test_of_all_claims_only_right_ones_let_in(app: Flask, changes: list[tuple[str, Any]]) -> None:
    """Right claims with a change or two, beside the rules of the page written once more."""
    claims = RIGHT | dict(changes)
    with pytest.MonkeyPatch.context() as patch:
        google = Provider("https://accounts.google.com", "portal")
        patch.setattr("requests.adapters.HTTPAdapter.send", lambda _a, r, **_o: google.send(r))
        app.extensions["providers"]["google"]._client.server_metadata.clear()
        before, client = sessions(app), app.test_client()
        begun = client.get("/sign-in/google", headers=unique())
        query = google.come_back(begun.headers["Location"])
        google.claims = {name: value for name, value in claims.items() if name != "nonce"}
        if claims["nonce"] != "right":
            google.claims["nonce"] = claims["nonce"]
        answer = client.get("/sign-in/google/callback", query_string=query, headers=unique())
    is_in = sessions(app) == before + 1
    is_guest = claims["email"] == "guest@outside.com"
    is_company = claims["email"] in ("ann@example.com", "ANN@example.com")
    is_hosted = str(claims["hd"]).lower() == "example.com"
    is_right = (
        claims["iss"] == "https://accounts.google.com"
        and claims["aud"] in ("portal", ["portal"])
        and claims["nonce"] == "right"
        and claims["sub"] in ("1", "2")
        and claims["email_verified"] is True
        and (is_guest or (is_company and is_hosted))
    )
    # A right one may still be refused: its address is that of another account by now.
    assert (is_in, answer.status_code) == (True, 303) or not is_right or answer.status_code == 409
    assert is_right or not is_in
    assert answer.status_code < 500 or answer.status_code == 502


_NUMBERS = iter(range(1, 2**32))


def unique() -> dict[str, str]:
    """A client that no limit has met."""
    number = next(_NUMBERS)
    return {"X-Forwarded-For": f"2001:db8:{number >> 16:x}:{number & 0xFFFF:x}::1"}


@FEW
@given(body=st.binary(max_size=60), path=st.sampled_from(["discovery", "jwks", "token"]))
def test_whatever_a_provider_answers_is_a_page_and_no_session(
    app: Flask, body: bytes, path: str
) -> None:
    where = {"discovery": "/.well-known/openid-configuration"}.get(path, f"/{path}")

    def garbled(now: str) -> requests.Response | None:
        if now != where:
            return None
        made = requests.Response()
        made.status_code, made._content = 200, body
        return made

    with pytest.MonkeyPatch.context() as patch:
        google = Provider("https://accounts.google.com", "portal", fault=garbled)
        patch.setattr("requests.adapters.HTTPAdapter.send", lambda _a, r, **_o: google.send(r))
        app.extensions["providers"]["google"]._client.server_metadata.clear()
        client = app.test_client()
        begun = client.get("/sign-in/google", headers=unique())
        if path == "discovery":
            assert begun.status_code == 502
            return
        query = google.come_back(begun.headers["Location"])
        answer = client.get("/sign-in/google/callback", query_string=query, headers=unique())
    assert answer.status_code in (400, 502)
    assert sessions(app) == 0
