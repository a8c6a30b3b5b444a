"""Signing in by e-mail: what it tells, and to whom."""

from __future__ import annotations

import hashlib
import re
import threading
from concurrent.futures import ThreadPoolExecutor
from html import unescape
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import event, select
from werkzeug.test import TestResponse

from broker.config import Instance
from broker.portal.app import create_app
from broker.portal.database.engine import Database
from broker.portal.database.models import (
    LinkPurpose,
    LoginSession,
    MagicLink,
    MailHealth,
    PortalEvent,
    PortalPerson,
    SignInAttempt,
)
from broker.portal.identity.limits import client_network
from broker.portal.identity.magic_links import new_link
from broker.portal.identity.mail import MailError, link_message
from broker.portal.identity.people import person_by_email, remove_person
from broker.portal.settings import PortalSettings

from ..conftest import ORIGIN, Browser, Clock, Post
from .test_sessions import csrf_token

KNOWN, UNKNOWN = "eva@outside.com", "who@elsewhere.com"


def request_link(
    client: FlaskClient, email: str, *, by: str = "192.0.2.1", **form: str
) -> TestResponse:
    token = csrf_token(client, "/sign-in")
    return client.post(
        "/sign-in/email",
        data={"csrf_token": token, "email": email} | form,
        headers={"Referer": f"{ORIGIN}/sign-in", "X-Forwarded-For": by},
    )


def deliver(client: FlaskClient) -> None:
    client.application.extensions["background"].run()


def link_in(post: Post) -> str:
    found = re.search(r"https://\S+", post.sent[-1].get_content())
    assert found is not None
    return found[0]


def follow(client: FlaskClient, link: str, *, by: str = "192.0.2.1") -> TestResponse:
    path = link.removeprefix(ORIGIN)
    page = client.get(path).text
    found = re.search(r'name="token" value="([^"]*)"', page)
    assert found is not None
    return client.post(
        "/sign-in/link",
        data={"csrf_token": csrf_token(client, path), "token": unescape(found[1])},
        headers={"Referer": ORIGIN + "/", "X-Forwarded-For": by},
    )


def links(database: Database) -> list[MagicLink]:
    with database.read() as session:
        return list(session.scalars(select(MagicLink)))


def test_a_person_outside_signs_in_by_a_link(
    client: FlaskClient, post: Post, database: Database
) -> None:
    sent = request_link(client, " Eva@Outside.COM ", next="/catalog?q=a")
    assert (sent.status_code, sent.headers["Location"]) == (303, "/sign-in/email/sent")
    assert post.sent == []  # the answer does not wait for it
    deliver(client)
    assert post.sent[0]["To"] == KNOWN
    link = link_in(post)
    assert link.startswith(f"{ORIGIN}/sign-in/link/")
    token = link.rpartition("/")[2]
    (kept,) = links(database)
    assert kept.digest == hashlib.sha256(token.encode()).hexdigest()
    assert len(token) >= 43
    done = follow(client, link)
    assert (done.status_code, done.headers["Location"]) == (303, "/catalog?q=a")
    with database.read() as session:
        assert session.scalars(select(PortalPerson.email)).all() == [KNOWN]


def test_looking_at_a_link_uses_nothing_up(client: FlaskClient, post: Post) -> None:
    request_link(client, KNOWN)
    deliver(client)
    path = link_in(post).removeprefix(ORIGIN)
    for method in ("get", "head", "get"):
        assert getattr(client, method)(path).status_code == 200
    assert follow(client, link_in(post)).status_code == 303


def test_a_link_works_once_and_for_fifteen_minutes(
    client: FlaskClient, post: Post, clock: Clock
) -> None:
    request_link(client, KNOWN)
    deliver(client)
    first = link_in(post)
    assert follow(client, first).status_code == 303
    again = follow(client.application.test_client(), first)
    assert (again.status_code, "was used before" in again.text) == (410, True)
    request_link(client.application.test_client(), KNOWN)
    deliver(client)
    clock.forward(minutes=15)
    late = follow(client.application.test_client(), link_in(post))
    assert (late.status_code, late.text) == (410, again.text)


@pytest.mark.parametrize("token", ["x", "../..", "<b>", "%00", "a" * 4000, "\u202e"])
def test_a_made_up_token_gets_nowhere_and_is_harmless(client: FlaskClient, token: str) -> None:
    page = client.post(
        "/sign-in/link",
        data={"csrf_token": csrf_token(client, "/sign-in/link/x"), "token": token},
        headers={"Referer": ORIGIN + "/"},
    )
    assert page.status_code == 410
    assert "<b>" not in page.text


def test_what_is_done_before_the_answer_is_the_same_for_every_address(
    client: FlaskClient, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither text nor status, nor the work: who measures time has nothing to measure."""
    request_link(client, KNOWN, by="192.0.2.9")
    deliver(client)  # the person exists now, and has a link
    seen: list[Any] = []
    event.listen(
        database.engine,
        "before_cursor_execute",
        lambda _c, _u, statement, *_rest: seen.append(statement),
    )
    monkeypatch.setattr(
        "broker.portal.identity.magic_links.arrival_by_link",
        lambda *_: seen.append("the list of addresses was looked at"),
    )
    results = []
    for email in (KNOWN, UNKNOWN, "boss@example.com", "ann@example.com"):
        seen.clear()
        answer = request_link(client, email, by="192.0.2.2")
        headers = {name: answer.headers.get(name) for name in ("Location", "Content-Length")}
        results.append((answer.status_code, answer.text, headers, [*seen]))
    assert results[0][0] == 303
    assert "the list of addresses was looked at" not in results[0][3]
    assert len(results[0][3]) >= 5
    assert all(result == results[0] for result in results)
    pages = {client.get("/sign-in/email/sent").text for _ in range(2)}
    assert len(pages) == 1


def test_an_error_of_our_own_while_sending_is_in_the_log(
    client: FlaskClient, post: Post, caplog: pytest.LogCaptureFixture
) -> None:
    post.problem = ValueError("a mistake")  # type: ignore[assignment]
    request_link(client, KNOWN)
    deliver(client)
    assert "a link by e-mail was not sent" in caplog.text
    assert "ValueError: a mistake" in caplog.text


def test_an_unknown_address_gets_no_mail_but_the_server_is_asked(
    client: FlaskClient, post: Post, database: Database
) -> None:
    request_link(client, UNKNOWN)
    deliver(client)
    assert (post.sent, post.checks, links(database)) == ([], 1, [])


def test_who_was_removed_gets_no_mail_and_no_link_from_before_works(
    client: FlaskClient, post: Post, database: Database, clock: Clock
) -> None:
    request_link(client, KNOWN)
    deliver(client)
    follow(client, link_in(post))
    request_link(client.application.test_client(), KNOWN)
    deliver(client)
    with database.begin() as session:
        person = person_by_email(session, KNOWN)
        assert person is not None
        remove_person(session, person, clock.now)
    assert follow(client.application.test_client(), link_in(post)).status_code == 410
    before = len(post.sent)
    request_link(client.application.test_client(), KNOWN)
    deliver(client)
    assert (len(post.sent), post.checks) == (before, 1)


def test_a_link_to_an_address_that_is_no_longer_listed_does_not_work(
    client: FlaskClient, database: Database, clock: Clock
) -> None:
    with database.begin() as session:
        token = new_link(session, UNKNOWN, now=clock.now)
    refused = follow(client, f"{ORIGIN}/sign-in/link/{token}")
    assert (refused.status_code, "may sign in here" in refused.text) == (403, True)


@pytest.mark.parametrize("email", [KNOWN, UNKNOWN])
def test_mail_that_does_not_work_is_shown_for_every_address_alike(
    client: FlaskClient, post: Post, database: Database, clock: Clock, email: str
) -> None:
    post.problem = MailError("The mail server cannot be reached.")
    request_link(client, email)
    deliver(client)
    page = client.get("/sign-in/email/sent").text
    assert "E-mail does not work at the moment, for any address" in page
    assert ">2026-11-30 12:00 UTC</time>" in page
    assert "is on its way" not in page
    with database.read() as session:
        health = session.scalars(select(MailHealth)).one()
        assert health.problem == "The mail server cannot be reached."
    post.problem = None
    clock.forward(minutes=1)
    request_link(client, email)
    deliver(client)
    assert "is on its way" in client.get("/sign-in/email/sent").text


def test_an_address_that_the_server_refuses_is_told_to_admins_alone(
    client: FlaskClient, post: Post, database: Database
) -> None:
    request_link(client, UNKNOWN)
    deliver(client)
    before = client.get("/sign-in/email/sent").text
    post.problem = MailError("The mail server refused the address.", is_address=True)
    request_link(client, KNOWN)
    deliver(client)
    assert client.get("/sign-in/email/sent").text == before
    with database.read() as session:
        found = session.scalars(select(PortalEvent)).one()
        assert (found.verb, found.target, found.result) == ("mail.send", KNOWN, "failed")


@pytest.mark.parametrize("email", [KNOWN, UNKNOWN])
def test_an_address_has_five_links_an_hour_wherever_they_are_requested(
    client: FlaskClient, clock: Clock, email: str
) -> None:
    for number in range(5):
        assert request_link(client, email, by=f"192.0.2.{number}").status_code == 303
    spelled = email.upper()
    refused = request_link(client, spelled, by="198.51.100.1")
    assert (refused.status_code, "too many attempts" in refused.text) == (429, True)
    clock.forward(minutes=61)
    assert request_link(client, email, by="198.51.100.1").status_code == 303


def test_a_client_has_twenty_an_hour_for_all_addresses(
    client: FlaskClient, database: Database
) -> None:
    for number in range(20):
        sent = request_link(client, f"a{number}@example.com", by=f"2001:db8::{number}")
        assert sent.status_code == 303
    assert request_link(client, "new@example.com", by="2001:db8::ffff").status_code == 429
    assert request_link(client, "new@example.com", by="2001:db8:0:1::1").status_code == 303
    with database.read() as session:
        keys = session.scalars(select(SignInAttempt.key)).all()
    assert all(re.fullmatch("[0-9a-f]{64}", key) for key in keys)


def test_a_link_says_whose_it_is_until_it_is_used(
    client: FlaskClient, post: Post, clock: Clock
) -> None:
    request_link(client, KNOWN)
    deliver(client)
    path = link_in(post).removeprefix(ORIGIN)
    for _ in range(2):  # looking at it uses nothing up
        assert f"You sign in as <strong>{KNOWN}</strong>" in client.get(path).text
    assert "You sign in as" not in client.get(f"{path}x").text
    assert "You sign in as" not in client.get("/sign-in/link/").text
    clock.forward(minutes=14)
    assert KNOWN in client.get(path).text
    clock.forward(minutes=2)
    assert "You sign in as" not in client.get(path).text
    request_link(client, KNOWN)
    deliver(client)
    path = link_in(post).removeprefix(ORIGIN)
    assert follow(client, link_in(post)).status_code == 303
    assert KNOWN not in client.application.test_client().get(path).text


def test_guesses_of_tokens_are_limited(client: FlaskClient, post: Post) -> None:
    request_link(client, KNOWN)
    deliver(client)
    link = link_in(post)
    for _ in range(30):
        token = csrf_token(client, "/sign-in/link/x")
        form = {"csrf_token": token, "token": "guess"}
        headers = {"Referer": ORIGIN + "/", "X-Forwarded-For": "192.0.2.77"}
        assert client.post("/sign-in/link", data=form, headers=headers).status_code == 410
    assert follow(client, link, by="192.0.2.77").status_code == 429
    assert follow(client, link, by="192.0.2.78").status_code == 303


def test_one_client_may_not_ask_without_end(client: FlaskClient) -> None:
    answers = [
        client.get("/sign-in", headers={"X-Forwarded-For": "192.0.2.5"}).status_code
        for _ in range(121)
    ]
    assert answers == [200] * 120 + [429]
    assert client.get("/sign-in", headers={"X-Forwarded-For": "192.0.2.6"}).status_code == 200
    # The proxy's own word counts, not what a client wrote before it.
    many = client.get("/sign-in", headers={"X-Forwarded-For": "192.0.2.6, 192.0.2.5"})
    assert (many.status_code, "Wait for a minute" in many.text) == (429, True)


@pytest.mark.parametrize(
    "email",
    ["", "eva", "eva@outside.com, x@y.com", "eva@outside.com\r\nBcc: x@y.com", "\u0435va@a.com"],
)
def test_what_is_not_an_address_is_refused_before_anything_is_counted(
    client: FlaskClient, database: Database, email: str
) -> None:
    refused = request_link(client, email)
    assert (refused.status_code, "not an e-mail address" in refused.text) == (400, True)
    kept = re.search(r'id="email"[^>]* value="([^"]*)"', refused.text)
    assert kept is not None
    assert unescape(kept[1]) == email
    with database.read() as session:
        assert session.scalars(select(SignInAttempt)).all() == []


def test_the_hosts_console_makes_an_admin_of_an_address_without_a_door(
    client: FlaskClient, database: Database, clock: Clock
) -> None:
    with database.begin() as session:
        token = new_link(session, UNKNOWN, now=clock.now, purpose=LinkPurpose.CONSOLE)
    assert follow(client, f"{ORIGIN}/sign-in/link/{token}").status_code == 303
    with database.read() as session:
        person = session.scalars(select(PortalPerson)).one()
        verbs = session.scalars(select(PortalEvent.verb)).all()
    assert (person.email, person.is_admin) == (UNKNOWN, True)
    assert "admin.add" in verbs


def test_links_that_are_over_are_removed(database: Database, clock: Clock) -> None:
    with database.begin() as session:
        new_link(session, KNOWN, now=clock.now)
    clock.forward(days=2)
    with database.begin() as session:
        new_link(session, UNKNOWN, now=clock.now)
    assert [link.email for link in links(database)] == [UNKNOWN]


def test_a_hostile_name_of_the_instance_is_inert_in_mails(instance: Instance) -> None:
    name = "Acme\r\nBcc: x@y.com\u202e <b>"
    message = link_message(instance.email, name, KNOWN, "https://x/y", 15)
    assert message["Subject"] == "Sign in to Acme Bcc: x@y.com\\u202e <b>"
    assert message["Bcc"] is None
    assert message.get_content_type() == "text/plain"
    assert "\u202e" not in message.as_string()


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("", "unknown"),
        (None, "unknown"),
        ("x", "unknown"),
    ],
)
def test_whose_attempts_count_together(address: str | None, network: str) -> None:
    assert client_network(address) == network


def test_of_many_who_use_a_link_at_once_one_gets_in(
    app: Flask, client: FlaskClient, post: Post, database: Database
) -> None:
    request_link(client, KNOWN)
    deliver(client)
    link = link_in(post)
    begin = threading.Barrier(6)

    def use(number: int) -> int:
        browser = app.test_client()
        token = csrf_token(browser, "/sign-in/link/x")
        form = {"csrf_token": token, "token": link.rpartition("/")[2]}
        begin.wait(timeout=60)
        by = {"Referer": ORIGIN + "/", "X-Forwarded-For": f"192.0.2.{number}"}
        return browser.post("/sign-in/link", data=form, headers=by).status_code

    with ThreadPoolExecutor(6) as threads:
        statuses = sorted(threads.map(use, range(6)))
    assert statuses == [303, *[410] * 5]
    with database.read() as session:
        assert len(session.scalars(select(LoginSession)).all()) == 1


def test_limits_outlast_a_restart(
    client: FlaskClient, settings: PortalSettings, clock: Clock
) -> None:
    for number in range(5):
        request_link(client, KNOWN, by=f"192.0.2.{number}")
    again = create_app(settings)
    again.test_client_class = Browser
    again.extensions["clock"] = clock
    assert request_link(again.test_client(), KNOWN, by="192.0.2.9").status_code == 429
