"""Signing in by a provider that lies, fails, or is another one."""

from __future__ import annotations

import logging
from html import unescape
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.test import TestResponse

from broker.portal.database.engine import Database
from broker.portal.database.models import LoginSession, PortalEvent, PortalPerson, SignInIdentity
from broker.portal.identity.provider_errors import CODES

from ..conftest import ORIGIN
from .provider import OTHER_KEY, Provider, answer, signed_with, signed_with_secret, unsigned

GOOGLE = "https://accounts.google.com"


@pytest.fixture
def google(monkeypatch: pytest.MonkeyPatch) -> Provider:
    provider = Provider(GOOGLE, "portal")

    def send(_adapter: object, request: requests.PreparedRequest, **options: Any) -> object:
        assert options["timeout"] == 10
        return provider.send(request)

    monkeypatch.setattr("requests.adapters.HTTPAdapter.send", send)
    return provider


def sign_in(client: FlaskClient, google: Provider, **more: str) -> TestResponse:
    begun = client.get("/sign-in/google?next=/catalog")
    assert begun.status_code == 302, begun.text
    return client.get(
        "/sign-in/google/callback", query_string=google.come_back(begun.headers["Location"], **more)
    )


def people(database: Database) -> list[str]:
    with database.read() as session:
        return list(session.scalars(select(PortalPerson.email)))


def test_a_person_of_the_company_signs_in(
    client: FlaskClient, google: Provider, database: Database
) -> None:
    done = sign_in(client, google)
    assert (done.status_code, done.headers["Location"]) == (303, "/catalog")
    with database.read() as session:
        identity = session.scalars(select(SignInIdentity)).one()
        found = session.scalars(select(LoginSession)).one()
        assert (identity.issuer, identity.subject) == (GOOGLE, "subject-1")
        assert (identity.person.email, identity.person.name) == ("ann@example.com", "Ann")
        assert found.method == "google"


def test_the_provider_is_asked_to_come_back_to_the_configured_address(
    client: FlaskClient, google: Provider
) -> None:
    location = client.get("/sign-in/google", headers={"X-Forwarded-Host": "evil.example"})
    query = parse_qs(urlsplit(location.headers["Location"]).query)
    assert query["redirect_uri"] == [f"{ORIGIN}/sign-in/google/callback"]
    assert {*query["scope"][0].split()} == {"openid", "email", "profile"}
    assert len(query["nonce"][0]) >= 20
    assert len(query["state"][0]) >= 20
    assert google.paths == ["/.well-known/openid-configuration"]


def test_an_address_that_is_only_in_userinfo_counts_for_the_same_person_alone(
    client: FlaskClient, google: Provider, database: Database
) -> None:
    google.claims = {"email": None, "email_verified": None}
    google.userinfo = {"email": "ann@example.com", "email_verified": True}
    assert sign_in(client, google).status_code == 303
    google.userinfo["sub"] = "subject-2"
    refused = sign_in(client, google)
    assert (refused.status_code, "two different people" in refused.text) == (502, True)
    assert people(database) == ["ann@example.com"]


@pytest.mark.parametrize(
    ("claims", "status", "sentence"),
    [
        ({"iss": "https://evil.example"}, 502, "signed for another issuer"),
        ({"iss": None}, 502, "signed for another issuer"),
        ({"aud": "another"}, 502, "signed for another site"),
        ({"aud": "another", "azp": "portal"}, 502, "signed for another site"),
        ({"aud": ["portal", "another"]}, 502, "signed for another site"),
        ({"aud": ["portal", "another"], "azp": "another"}, 502, "signed for another site"),
        ({"aud": None}, 502, "signed for another site"),
        ({"nonce": "another"}, 502, "another sign-in than the one"),
        ({"nonce": None}, 502, "another sign-in than the one"),
        ({"exp": 1}, 502, "is too old"),
        ({"exp": "soon"}, 502, "is not valid"),
        ({"exp": None}, 502, "is not valid"),
        ({"iat": 99999999999}, 502, "is not valid"),
        ({"sub": None}, 502, "is not valid"),
        ({"sub": ""}, 502, "did not say who you are"),
        ({"sub": "x" * 256}, 502, "did not say who you are"),
        ({"email_verified": False}, 403, "did not verify your e-mail address"),
        ({"email_verified": None}, 403, "did not verify your e-mail address"),
        ({"email_verified": "true"}, 403, "did not verify your e-mail address"),
        ({"email": "\u0430nn@example.com"}, 403, "an e-mail address that the portal can use"),
        ({"email": ["ann@example.com"]}, 403, "an e-mail address that the portal can use"),
        ({"email": "ann@elsewhere.com"}, 403, "is not one that may sign in here"),
        ({"email": "ann@example.com.evil.com"}, 403, "is not one that may sign in here"),
        ({"hd": None}, 403, "Your account is a private one"),
        ({"hd": "elsewhere.com"}, 403, "Your account is a private one"),
        ({"hd": ["example.com"]}, 403, "Your account is a private one"),
    ],
)
def test_claims_that_let_no_one_in(
    client: FlaskClient,
    google: Provider,
    database: Database,
    claims: dict[str, Any],
    status: int,
    sentence: str,
) -> None:
    google.claims = claims
    refused = sign_in(client, google)
    assert (refused.status_code, sentence in refused.text) == (status, True), refused.text
    assert people(database) == []
    assert client.get("/sign-in").status_code == 200


def test_a_person_outside_who_is_named_needs_no_hosted_domain(
    client: FlaskClient, google: Provider, database: Database
) -> None:
    google.claims = {"email": "Guest@Outside.com", "hd": None}
    assert sign_in(client, google).status_code == 303
    assert people(database) == ["guest@outside.com"]


@pytest.mark.parametrize("sign", [signed_with(OTHER_KEY), signed_with_secret, unsigned])
def test_a_signature_that_is_not_the_provider_s_lets_no_one_in(
    client: FlaskClient, google: Provider, database: Database, sign: Any
) -> None:
    google.sign = sign
    refused = sign_in(client, google)
    assert (refused.status_code, "is not valid" in refused.text) == (502, True)
    assert people(database) == []


def test_a_provider_that_offers_no_signature_of_its_own_lets_no_one_in(
    client: FlaskClient, google: Provider, database: Database
) -> None:
    google.metadata = {"id_token_signing_alg_values_supported": ["none", "HS256"]}
    for _ in range(2):
        refused = client.get("/sign-in/google")
        assert (refused.status_code, "a signature that counts" in refused.text) == (502, True)
    assert people(database) == []


def test_a_sign_in_that_was_begun_too_long_ago_is_over(
    client: FlaskClient, google: Provider
) -> None:
    begun = client.get("/sign-in/google")
    query = google.come_back(begun.headers["Location"])
    with client.session_transaction(base_url=ORIGIN) as cookies:
        (key,) = (name for name in cookies if name.startswith("_state_"))
        cookies[key] = cookies[key] | {"exp": 1}
    late = client.get("/sign-in/google/callback", query_string=query)
    assert (late.status_code, "or too long ago" in late.text) == (400, True)


def test_a_provider_without_more_to_say_of_a_person_gives_no_address(
    client: FlaskClient, google: Provider
) -> None:
    google.metadata = {"userinfo_endpoint": "http://plain.example/userinfo"}
    assert client.get("/sign-in/google").status_code == 502
    google.claims, google.metadata = {"email": None}, {}
    google.without = ("userinfo_endpoint",)
    refused = sign_in(client, google)
    assert (refused.status_code, "that the portal can use" in refused.text) == (403, True)


def _down(_path: str) -> requests.Response:
    raise requests.ConnectionError("password=hunter2")


@pytest.mark.parametrize(
    ("fault", "sentence"),
    [
        (_down, "does not answer"),
        (lambda _path: answer({}, 503), "does not answer"),
        (lambda _path: answer(b"<html>hunter2</html>"), "does not answer"),
        (lambda _path: answer([]), "is not valid"),
        (lambda _path: answer({"issuer": "https://evil.example"}), "by another issuer"),
        (lambda _path: answer({"issuer": GOOGLE}), "addresses are not encrypted"),
        (
            lambda _path: answer(
                dict.fromkeys(
                    ["authorization_endpoint", "token_endpoint", "jwks_uri"], "http://x.example/"
                )
                | {"issuer": GOOGLE}
            ),
            "addresses are not encrypted",
        ),
    ],
)
def test_a_provider_that_fails_has_its_own_page_and_is_asked_again(
    client: FlaskClient,
    google: Provider,
    caplog: pytest.LogCaptureFixture,
    fault: Any,
    sentence: str,
) -> None:
    google.fault = fault
    with caplog.at_level(logging.INFO):
        failed = client.get("/sign-in/google")
    assert (failed.status_code, sentence in unescape(failed.text)) == (502, True)
    assert "hunter2" not in caplog.text + failed.text
    assert client.get("/sign-in").status_code == 200
    google.fault = lambda _path: None
    assert sign_in(client, google).status_code == 303


@pytest.mark.parametrize("path", ["/token", "/jwks"])
def test_a_provider_that_fails_half_way_lets_no_one_in(
    client: FlaskClient, google: Provider, database: Database, path: str
) -> None:
    begun = client.get("/sign-in/google")
    google.fault = lambda now: answer(b"oops", 500) if now == path else None
    failed = client.get(
        "/sign-in/google/callback", query_string=google.come_back(begun.headers["Location"])
    )
    assert (failed.status_code, "does not answer" in failed.text) == (502, True)
    assert people(database) == []


@pytest.mark.parametrize("code", sorted(CODES))
def test_each_error_of_a_provider_has_its_sentence_and_its_text_is_not_shown(
    client: FlaskClient, google: Provider, caplog: pytest.LogCaptureFixture, code: str
) -> None:
    sentence, status, _ = CODES[code]
    with caplog.at_level(logging.DEBUG, logger="broker"):
        refused = sign_in(client, google, error=code, error_description="<b>hunter2</b>")
    assert (refused.status_code, sentence in unescape(refused.text)) == (status, True)
    assert "hunter2" not in refused.text + caplog.text


@pytest.mark.parametrize("code", ["", "made_up", "<script>", "x" * 5000])
def test_an_unknown_error_of_a_provider_has_one_sentence(
    client: FlaskClient, google: Provider, code: str
) -> None:
    refused = sign_in(client, google, error=code)
    assert (refused.status_code, "refused the sign-in" in refused.text) == (502, True)
    assert code == "" or code not in refused.text


def test_a_code_that_is_too_old_has_its_sentence(client: FlaskClient, google: Provider) -> None:
    google.token_error = {"error": "invalid_grant", "error_description": "hunter2"}
    refused = sign_in(client, google)
    assert (refused.status_code, "took too long" in refused.text) == (400, True)
    assert "hunter2" not in refused.text


@pytest.mark.parametrize("query", [{}, {"state": "x"}, {"code": "a", "state": "x"}, {"error": "a"}])
def test_who_comes_back_without_having_gone_gets_nowhere(
    client: FlaskClient, google: Provider, query: dict[str, str]
) -> None:
    refused = client.get("/sign-in/google/callback", query_string=query)
    assert (refused.status_code, "was not begun in this browser" in refused.text) == (400, True)
    assert google.paths == []


def test_another_browser_cannot_end_a_sign_in(client: FlaskClient, google: Provider) -> None:
    begun = client.get("/sign-in/google")
    query = google.come_back(begun.headers["Location"])
    other = client.application.test_client()
    assert other.get("/sign-in/google/callback", query_string=query).status_code == 400
    assert client.get("/sign-in/google/callback", query_string=query).status_code == 303
    assert client.get("/sign-in/google/callback", query_string=query).status_code == 400


def test_the_answer_of_another_provider_is_not_taken(client: FlaskClient, google: Provider) -> None:
    """Mix-up (RFC 9207): the answer names who gave it."""
    refused = sign_in(client, google, iss="https://login.other.org")
    assert (refused.status_code, "Another provider answered" in refused.text) == (400, True)
    google.metadata = {"authorization_response_iss_parameter_supported": True}
    client.application.extensions["providers"]["google"]._client.server_metadata.clear()
    assert sign_in(client, google).status_code == 400
    assert sign_in(client, google, iss=GOOGLE).status_code == 303


def test_a_state_of_one_provider_is_worth_nothing_at_another(
    client: FlaskClient, google: Provider
) -> None:
    begun = client.get("/sign-in/google")
    query = google.come_back(begun.headers["Location"])
    assert client.get("/sign-in/other/callback", query_string=query).status_code == 400


def test_many_begun_sign_ins_fit_into_a_cookie(client: FlaskClient, google: Provider) -> None:
    for _ in range(20):
        begun = client.get("/sign-in/google")
        assert len(begun.headers["Set-Cookie"]) < 4000
    query = google.come_back(begun.headers["Location"])
    assert client.get("/sign-in/google/callback", query_string=query).status_code == 303


@pytest.mark.parametrize("name", ["absent", "email", "Google", "google%00"])
def test_a_provider_that_is_not_there(client: FlaskClient, name: str) -> None:
    assert client.get(f"/sign-in/{name}").status_code == 404
    assert client.get(f"/sign-in/{name}/callback?code=a&state=b").status_code == 404


def test_refusals_are_on_record_with_the_address_and_our_own_words(
    client: FlaskClient, google: Provider, database: Database
) -> None:
    google.claims = {"email": "Mallory@elsewhere.com"}
    sign_in(client, google)
    with database.read() as session:
        event = session.scalars(select(PortalEvent)).one()
    assert (event.verb, event.target, event.result) == (
        "sign-in",
        "mallory@elsewhere.com",
        "refused",
    )
    assert event.detail == "google: Your address is not one that may sign in here."


def test_nothing_in_a_cookie_from_before_signing_in_counts_afterwards(
    client: FlaskClient, google: Provider, database: Database
) -> None:
    """Fixation: who planted the cookie knows nothing of the session, and no token of its forms."""
    client.get("/sign-in")
    with client.session_transaction(base_url=ORIGIN) as cookies:
        cookies["planted"] = "x"
        before = {**cookies}
    sign_in(client, google)
    with client.session_transaction(base_url=ORIGIN) as cookies:
        assert {*cookies} == {"login"}
        first = cookies["login"]
    assert "csrf_token" in before
    assert sign_in(client, google).status_code == 303
    with client.session_transaction(base_url=ORIGIN) as cookies:
        assert cookies["login"] != first
    with database.read() as session:
        assert len(session.scalars(select(LoginSession)).all()) == 1
