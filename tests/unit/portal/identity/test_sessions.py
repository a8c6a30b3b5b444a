"""Sessions: what a cookie is worth, and for how long."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from flask import Flask, abort
from flask.testing import FlaskClient
from flask.typing import ResponseReturnValue
from sqlalchemy import event, select
from werkzeug.test import TestResponse

from broker.config import Instance
from broker.portal.database.engine import Database
from broker.portal.database.models import LoginSession, PortalPerson
from broker.portal.identity.current import (
    COOKIE_KEY,
    admin_only,
    current_session_digest,
    current_viewer,
    signed_in,
)
from broker.portal.identity.people import person_by_email, remove_person
from broker.portal.identity.sessions import end_session, end_sessions, sessions_of
from broker.portal.settings import PortalSettings

from ..conftest import ORIGIN, Clock, sign_in

EVA = "eva@outside.com"


@pytest.fixture
def app(app: Flask) -> Flask:
    """Three pages: for anyone, for who is signed in, for admins."""

    @app.get("/who")
    def who() -> ResponseReturnValue:
        viewer = current_viewer()
        return "no one" if viewer is None else f"{viewer.email} {viewer.name} {viewer.is_admin}"

    @app.route("/mine", methods=["GET", "POST"])
    @signed_in
    def mine() -> ResponseReturnValue:
        return "mine"

    @app.get("/admin-page")
    @admin_only
    def for_admins() -> ResponseReturnValue:
        return "admin"

    @app.get("/fails")
    def fails() -> ResponseReturnValue:
        abort(418)

    return app


def csrf_token(client: FlaskClient, path: str) -> str:
    found = re.search(r'name="csrf_token" value="([^"]+)"', client.get(path).text)
    assert found is not None
    return found[1]


def rows(database: Database) -> list[LoginSession]:
    with database.read() as session:
        return list(session.scalars(select(LoginSession)))


def cookie(client: FlaskClient) -> str | None:
    with client.session_transaction(base_url=ORIGIN) as cookies:
        return cookies.get(COOKIE_KEY)


def post(client: FlaskClient, path: str, **form: str) -> TestResponse:
    with client.session_transaction(base_url=ORIGIN) as cookies:
        signed = {**cookies}
    token = csrf_token(client, "/sign-in/link/x")
    with client.session_transaction(base_url=ORIGIN) as cookies:
        assert {**cookies}.items() >= signed.items()
    return client.post(path, data=form | {"csrf_token": token}, headers={"Referer": ORIGIN + "/"})


def test_a_session_says_who_it_is(app: Flask, client: FlaskClient) -> None:
    assert client.get("/who").text == "no one"
    sign_in(app, client, EVA)
    assert client.get("/who").text == f"{EVA} eva False"
    assert app.test_client().get("/who").text == "no one"


def test_the_cookie_s_properties(app: Flask, client: FlaskClient) -> None:
    made = client.get("/sign-in").headers["Set-Cookie"]
    parts = made.split("; ")
    assert parts[0].startswith("__Host-portal=")
    assert {"Secure", "HttpOnly", "SameSite=Lax", "Path=/"} <= {*parts}
    assert not any(part.startswith("Domain") for part in parts)
    assert app.config["SESSION_COOKIE_DOMAIN"] is None


def test_a_cookie_that_was_changed_or_made_up_is_worth_nothing(
    app: Flask, client: FlaskClient
) -> None:
    sign_in(app, client, EVA)
    real = client.get_cookie("__Host-portal", domain="data.example.com")
    assert real is not None
    for forged in (real.value[:-2] + "xx", "x", "", '{"login": "x"}', real.value.split(".")[0]):
        other = app.test_client()
        other.set_cookie("__Host-portal", forged, domain="data.example.com", secure=True)
        assert other.get("/who").text == "no one"
    for value in ("x", "", 7, None, ["x"], {"a": "b"}):
        with client.session_transaction(base_url=ORIGIN) as cookies:
            cookies[COOKIE_KEY] = value
        assert client.get("/who").text == "no one"


def test_it_ends_when_its_time_is_over(app: Flask, client: FlaskClient, clock: Clock) -> None:
    sign_in(app, client, EVA)
    for _ in range(13):
        clock.forward(hours=12)
        assert client.get("/who").text != "no one"
    clock.forward(hours=12)  # seven days
    assert client.get("/who").text == "no one"


def test_it_ends_when_it_was_not_used(
    app: Flask, client: FlaskClient, clock: Clock, database: Database, instance: Instance
) -> None:
    number = sign_in(app, client, EVA)
    clock.forward(hours=23)
    assert client.get("/who").text != "no one"
    clock.forward(hours=23)
    assert client.get("/who").text != "no one"
    clock.forward(hours=24)
    assert client.get("/who").text == "no one"
    with database.read() as session:
        assert sessions_of(session, number, instance.auth, clock.now) == []
        earlier = clock.now - timedelta(hours=1)
        assert len(sessions_of(session, number, instance.auth, earlier)) == 1


def test_a_page_costs_no_write_within_the_same_minute(
    app: Flask, client: FlaskClient, clock: Clock, database: Database
) -> None:
    sign_in(app, client, EVA)
    statements: list[str] = []
    event.listen(
        database.engine,
        "before_cursor_execute",
        lambda _c, _u, statement, *_rest: statements.append(statement.split()[0]),
    )
    client.get("/who")
    assert {*statements} == {"BEGIN", "SELECT"}
    clock.forward(seconds=61)
    client.get("/who")
    assert "UPDATE" in statements


def test_signing_out_ends_it_also_for_a_copy_of_the_cookie(
    app: Flask, client: FlaskClient, database: Database
) -> None:
    sign_in(app, client, EVA)
    token = cookie(client)
    assert client.get("/sign-out").status_code == 405
    assert client.get("/who").text != "no one"
    done = post(client, "/sign-out")
    assert done.headers["Clear-Site-Data"] == '"cache"'
    assert (done.status_code, done.headers["Location"]) == (303, "/sign-in?out=1")
    assert "You are signed out" in client.get(done.headers["Location"]).text
    assert (client.get("/who").text, rows(database)) == ("no one", [])
    assert cookie(client) is None
    copy = app.test_client()
    with copy.session_transaction(base_url=ORIGIN) as cookies:
        cookies[COOKIE_KEY] = token
    assert copy.get("/who").text == "no one"


def test_signing_out_needs_a_token_of_the_form(app: Flask, client: FlaskClient) -> None:
    sign_in(app, client, EVA)
    refused = client.post("/sign-out")
    assert (refused.status_code, "was open for too long" in refused.text) == (400, True)
    assert client.get("/who").text != "no one"


def test_an_admin_or_a_removal_ends_sessions(
    app: Flask, client: FlaskClient, database: Database, instance: Instance, clock: Clock
) -> None:
    number = sign_in(app, client, EVA)
    other = app.test_client()
    sign_in(app, other, EVA)
    with database.begin() as session:
        digests = [one.digest for one in sessions_of(session, number, instance.auth, clock.now)]
        assert len(digests) == 2
        assert not end_session(session, digests[0], person_id=number + 1)
        assert not end_session(session, "absent")
        assert end_sessions(session, number, but=digests[0]) == 1
    answers = {client.get("/who").text, other.get("/who").text}
    assert answers == {"no one", f"{EVA} eva False"}
    with database.begin() as session:
        assert end_session(session, digests[0], person_id=number)
    assert {client.get("/who").text, other.get("/who").text} == {"no one"}
    sign_in(app, client, EVA)
    with database.begin() as session:
        person = person_by_email(session, EVA)
        assert person is not None
        remove_person(session, person, clock.now)
    assert client.get("/who").text == "no one"


def test_who_is_removed_in_the_database_alone_has_no_session_either(
    app: Flask, client: FlaskClient, database: Database
) -> None:
    sign_in(app, client, EVA)
    with database.begin() as session:
        session.scalars(select(PortalPerson)).one().state = "removed"  # type: ignore[assignment]
    assert client.get("/who").text == "no one"


def test_an_address_that_the_configuration_no_longer_names_ends_its_sessions(
    app: Flask, client: FlaskClient, settings: PortalSettings, database: Database
) -> None:
    sign_in(app, client, EVA)
    assert client.get("/who").text != "no one"
    links = settings.instance.auth.magic_link.model_copy(update={"allowed": ("x@outside.com",)})
    auth = settings.instance.auth.model_copy(update={"magic_link": links})
    object.__setattr__(settings, "instance", settings.instance.model_copy(update={"auth": auth}))
    assert (client.get("/who").text, rows(database)) == ("no one", [])


def test_who_is_an_admin_counts_at_each_request(
    app: Flask, client: FlaskClient, database: Database
) -> None:
    sign_in(app, client, "boss@example.com")
    assert client.get("/who").text.endswith("True")  # by the configuration
    sign_in(app, client, "ann@example.com", admin=True)
    assert client.get("/who").text.endswith("True")
    with database.begin() as session:
        person = person_by_email(session, "ann@example.com")
        assert person is not None
        person.is_admin = False
    assert client.get("/who").text == "no one"  # the session was one of the console


def test_pages_for_some(app: Flask, client: FlaskClient) -> None:
    for path in ("/mine", "/admin-page"):
        sent = client.get(path + "?a=b")
        assert sent.status_code == 303
        assert sent.headers["Location"] == f"/sign-in?next={path}?a%3Db"
    sign_in(app, client, EVA)
    assert client.get("/mine").text == "mine"
    absent, hidden = client.get("/absent"), client.get("/admin-page")
    assert (hidden.status_code, hidden.text) == (404, absent.text)
    sign_in(app, client, "boss@example.com")
    assert client.get("/admin-page").text == "admin"


def test_an_act_is_not_repeated_after_signing_in(client: FlaskClient) -> None:
    sent = post(client, "/mine?a=b")
    assert (sent.status_code, sent.headers["Location"]) == (303, "/sign-in")


def test_this_browser_knows_which_session_is_its_own(app: Flask, client: FlaskClient) -> None:
    @app.get("/digest")
    def digest() -> ResponseReturnValue:
        return str(current_session_digest())

    assert client.get("/digest").text == "None"
    sign_in(app, client, EVA)
    assert client.get("/digest").text == rows(app.extensions["database"])[0].digest


def test_who_is_signed_in_does_not_sign_in_again(app: Flask, client: FlaskClient) -> None:
    sign_in(app, client, EVA)
    there = client.get("/sign-in?next=/catalog")
    assert (there.status_code, there.headers["Location"]) == (303, "/catalog")
    away = client.get("/sign-in?next=//evil.example")
    assert away.headers["Location"] == "/"
