"""Who gets what of every route: a route that is not in the table fails the test."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import select

from broker.accounts.debian.observe import observe
from broker.accounts.manage import converge
from broker.accounts.records.classes import parse_classes
from broker.accounts.records.model import parse_request
from broker.portal.database.models import AccessRequest, PersonState, PortalPerson
from broker.portal.identity.sessions import sessions_of, start_session
from broker.portal.tokens import Scope, tokens_of
from tests.unit.accounts.scratch import public_key
from tests.unit.catalog.example import write_example
from tests.unit.portal.scene import Scene

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="the helper serves root alone")

# Anna reads private, Bob public alone, Fiona finance, Lost an account that is another person's.
INSIDE = ("anna", "bob", "fiona", "lost", "dora")  # Dora is an admin without an account
PEOPLE = ("anonymous", *INSIDE, "removed")
IN = {"anonymous": 303, **dict.fromkeys(INSIDE, 200), "removed": 303}
ALL = dict.fromkeys(PEOPLE, 200)
GONE_FOR_ALL = dict.fromkeys(PEOPLE, 404)  # from another host, without a token
ADMIN = {**IN, **dict.fromkeys(INSIDE, 404), "dora": 200}
# To a redirect that shows the effect, or what is missing; without a field that a form has, 400.
ACT = {**IN, **dict.fromkeys(INSIDE, 303)}
BAD = {**IN, **dict.fromkeys(INSIDE, 400)}
GONE = {**IN, **dict.fromkeys(INSIDE, 404)}
REFUSED = {**IN, **dict.fromkeys(INSIDE, 422)}
ADMIN_ACT = {**ADMIN, "dora": 303}
ADMIN_BAD = {**ADMIN, "dora": 400}
ADMIN_GONE = {**ADMIN, "dora": 404}
PRIVATE = {**GONE, "anna": 200}  # a table of the class private
DOORS = {**ALL, **dict.fromkeys(INSIDE, 303)}  # who is in already is sent on
PAGES: dict[tuple[str, str], dict[str, int]] = {
    ("GET", "/healthz"): ALL,
    ("GET", "/readyz"): GONE_FOR_ALL,
    ("GET", "/metrics"): GONE_FOR_ALL,
    ("GET", "/static/<name>"): dict.fromkeys(PEOPLE, 404),
    ("GET", "/brand/<name>"): dict.fromkeys(PEOPLE, 404),
    ("POST", "/theme"): dict.fromkeys(PEOPLE, 400),
    ("GET", "/sign-in"): DOORS,
    ("GET", "/sign-in/<name>"): dict.fromkeys(PEOPLE, 404),
    ("GET", "/sign-in/<name>/callback"): dict.fromkeys(PEOPLE, 404),
    ("POST", "/sign-in/email"): dict.fromkeys(PEOPLE, 404),  # it is not switched on
    ("GET", "/sign-in/email/sent"): ALL,
    ("GET", "/sign-in/link/"): ALL,
    ("GET", "/sign-in/link/<token>"): ALL,
    ("POST", "/sign-in/link"): dict.fromkeys(PEOPLE, 410),
    ("POST", "/sign-out"): dict.fromkeys(PEOPLE, 303),
    ("GET", "/"): {**IN, "lost": 303},
    ("GET", "/welcome"): IN,
    ("GET", "/welcome/progress"): IN,
    ("POST", "/welcome/key"): ACT,
    ("GET", "/catalog"): IN,
    ("GET", "/catalog/folder/<path:folder>"): PRIVATE,
    ("GET", "/catalog/table/<path:path>"): PRIVATE,
    ("GET", "/catalog/column/<path:path>"): GONE,
    ("GET", "/search"): dict.fromkeys(PEOPLE, 302),  # to the catalog, without a word to look for
    ("GET", "/catalog/metrics"): IN,
    ("GET", "/catalog/metrics/<name>"): GONE,
    ("GET", "/datasets"): IN,
    ("POST", "/datasets"): ACT,
    ("GET", "/keys"): IN,
    ("POST", "/keys/add"): ACT,
    ("POST", "/keys/rotate"): BAD,
    ("POST", "/keys/revoke"): ACT,
    ("POST", "/tokens/make"): ACT,
    ("POST", "/tokens/revoke"): BAD,
    ("POST", "/browsers/end"): GONE,
    ("GET", "/access"): IN,
    ("POST", "/access/request"): REFUSED,
    ("POST", "/access/withdraw"): BAD,
    ("GET", "/activity"): IN,
    ("GET", "/admin/syncs/<generation>"): ADMIN,
    ("GET", "/admin/syncs/runs/<invocation>"): ADMIN_GONE,
    ("GET", "/device"): IN,
    ("POST", "/device"): GONE,
    ("POST", "/device/answer"): BAD,
    ("POST", "/see-as/stop"): ACT,
    ("GET", "/admin/"): ADMIN,
    ("GET", "/admin/people"): ADMIN,
    ("GET", "/admin/people/<int:person_id>"): ADMIN,
    ("POST", "/admin/people/<int:person_id>/classes"): ADMIN_BAD,
    ("POST", "/admin/people/<int:person_id>/keys/revoke"): ADMIN_ACT,
    ("POST", "/admin/people/<int:person_id>/sign-out"): ADMIN_ACT,
    ("POST", "/admin/people/<int:person_id>/account"): ADMIN_BAD,
    ("POST", "/admin/people/<int:person_id>/admin"): ADMIN_BAD,
    ("POST", "/admin/people/<int:person_id>/remove"): ADMIN_ACT,
    ("POST", "/admin/people/<int:person_id>/readmit"): ADMIN_ACT,
    ("POST", "/admin/people/<int:person_id>/see-as"): ADMIN_ACT,
    (
        "GET",
        "/admin/accounts/<account>",
    ): ADMIN_GONE,
    ("POST", "/admin/accounts/<account>/classes"): ADMIN_BAD,
    ("POST", "/admin/accounts/<account>/keys/revoke"): ADMIN_ACT,
    ("POST", "/admin/accounts/<account>/remove"): ADMIN_ACT,
    ("GET", "/admin/requests"): ADMIN,
    ("POST", "/admin/requests/<int:request_id>"): ADMIN_BAD,
    ("GET", "/admin/syncs"): ADMIN,
    ("POST", "/admin/syncs/run"): ADMIN_ACT,
    ("POST", "/admin/syncs/approve"): ADMIN_ACT,
    ("GET", "/admin/generations/<generation>"): ADMIN_GONE,
    ("POST", "/admin/generations/<generation>/publish"): ADMIN_GONE,
    ("POST", "/admin/generations/<generation>/approve"): ADMIN_GONE,
    ("GET", "/admin/audit"): ADMIN,
    ("GET", "/admin/events"): ADMIN,
    ("GET", "/admin/health"): ADMIN,
}
PATHS = {
    "<name>": "none",
    "<token>": "none",
    "<path:folder>": "hr",
    "<path:path>": "hr/table_1",
    "<path:name>": "none",
    "<int:person_id>": "2",
    "<int:request_id>": "1",
    "<generation>": "2026-11-30T120000Z-0001",
    "<invocation>": "0" * 32,
    "<account>": "absent",
}
# Of the API by scope: without a token, with one of all scopes but this, Anna's, Bob's, Dora's.
# Fiona gets what Bob gets; a token that ended, was revoked or is of one removed, what none gets.
ANYONE = (400, 400, 400, 400, 400)
READS = (401, 403, 200, 200, 200)
API: dict[tuple[str, str], tuple[Scope | None, tuple[int, int, int, int, int]]] = {
    ("GET", "/me"): (Scope.ME, READS),
    ("GET", "/keys"): (Scope.ME, (401, 403, 200, 200, 404)),
    ("POST", "/keys"): (Scope.KEYS, (401, 403, 422, 422, 422)),
    ("PUT", "/keys/<key_id>"): (Scope.KEYS, (401, 403, 422, 422, 422)),
    ("DELETE", "/keys/<key_id>"): (Scope.KEYS, (401, 403, 404, 404, 404)),
    ("POST", "/certificate"): (Scope.CERTIFICATE, (401, 403, 409, 409, 404)),
    ("GET", "/settings/datasets"): (Scope.ME, READS),
    ("PUT", "/settings/datasets"): (Scope.SETTINGS, (401, 403, 422, 422, 422)),
    ("GET", "/catalog"): (Scope.CATALOG, READS),
    ("GET", "/catalog/tables/<folder>/<name>"): (Scope.CATALOG, (401, 403, 200, 404, 404)),
    ("GET", "/catalog/tables/<folder>/<name>/profile"): (Scope.CATALOG, (401, 403, 200, 404, 404)),
    ("GET", "/freshness"): (Scope.CATALOG, READS),
    ("GET", "/generations"): (Scope.CATALOG, READS),
    ("GET", "/syncs"): (Scope.SYNCS, (401, 403, 403, 403, 200)),
    ("POST", "/syncs"): (Scope.SYNCS, (401, 403, 403, 403, 202)),
    ("POST", "/device/code"): (None, ANYONE),
    ("POST", "/device/token"): (None, ANYONE),
}
API_PATHS = {"<key_id>": "SHA256:none", "<folder>": "hr", "<name>": "table_1"}


def concrete(rule: str, parts: dict[str, str]) -> str:
    for part, value in parts.items():
        rule = rule.replace(part, value)
    return rule


def test_every_route_is_in_the_table(portal: Scene) -> None:
    pages, api = set(), set()
    for rule in portal.app.url_map.iter_rules():
        path = rule.rule.removeprefix("/api/v1")
        if rule.endpoint in ("api.nothing", "api.document"):
            continue
        if rule.endpoint.startswith("api."):
            api.add(path)
        else:
            pages |= {(one, path) for one in (rule.methods or set()) - {"HEAD", "OPTIONS"}}
    assert pages ^ PAGES.keys() == set()
    assert api == {path for _, path in API}


@pytest.fixture
def removed(portal: Scene) -> Scene:
    finance = parse_classes({"finance": "data-finance"}, where="here")
    converge([], portal.door.host, classes=finance)
    portal.door.add("fiona", email="fiona@example.com", classes=["finance"])
    portal.door.add("lost", email="lost@example.com")
    for name in ("fiona", "lost"):
        portal.add(name, name)
    converge([parse_request("lost", state="absent")], portal.door.host)
    portal.door.add("lost", email="another@example.com", classes=["private"])
    portal.add("removed", "eve")
    store = portal.app.extensions["portal"].store
    write_example(store, audiences=[(), ("private",), ("finance",), ("finance", "private")])
    portal.publishing.answers |= {"run": {"started": True}, "approve": {"approved": "x"}}
    with portal.database.begin() as session:
        person = session.get(PortalPerson, portal.people["removed"])
        assert person is not None
        person.state = PersonState.REMOVED
    return portal


@pytest.mark.parametrize("who", PEOPLE)
def test_every_page_answers_each_person_as_the_table_says(removed: Scene, who: str) -> None:
    found = {}
    for (method, rule), statuses in PAGES.items():
        if who == "dora" and "/remove" in rule:
            continue  # it has a test of its own, and would take the person from the others
        browser = removed.browser(None if who == "anonymous" else who)
        address = {"REMOTE_ADDR": "192.0.2.7"}
        answer = browser.open(concrete(rule, PATHS), method=method, environ_overrides=address)
        if answer.status_code != statuses[who]:
            found[method, rule] = (answer.status_code, statuses[who])
    assert found == {}


def test_every_operation_answers_each_token_as_the_table_says(removed: Scene) -> None:
    found: dict[Any, Any] = {}
    tokens = {name: removed.token(name, *Scope) for name in ("anna", "bob", "dora", "fiona")}
    ended = {name: removed.token("anna", *Scope) for name in ("expired", "revoked")}
    ended["removed"] = removed.token("removed", *Scope)
    with removed.database.begin() as session:
        newest = tokens_of(session, removed.people["anna"])
        newest[0].revoked_at = newest[1].expires_at = datetime.now(UTC)
    for (method, rule), (scope, expected) in API.items():
        path = concrete(rule, API_PATHS)
        without = removed.token("anna", *(one for one in Scope if one is not scope))
        given = ("", without, tokens["anna"], tokens["bob"], tokens["dora"])
        more = {"json": {"x": 1}} if method in ("POST", "PUT") and scope else {}
        if path == "/certificate":
            more = {"json": {}}
        answers = tuple(removed.api(method, path, one, **more).status_code for one in given)
        if answers != expected:
            found[method, rule] = (answers, expected)
        none, _, _, as_bob, _ = expected
        others = dict.fromkeys(ended, none) | {"fiona": as_bob}
        for name, status in others.items():
            token = ended.get(name) or tokens[name]
            answer = removed.api(method, path, token, **more).status_code
            if answer != status:
                found[method, rule, name] = (answer, status)
    assert found == {}


def test_what_is_anothers_is_neither_shown_nor_changed(portal: Scene) -> None:
    """Anna's key, token, browser and request, each by its id, for Bob and for an admin as such."""
    portal.browser("anna").post("/access/request", data={"class": "finance", "reason": "x"})
    token, now = portal.token("anna", *Scope), datetime.now(UTC)
    anna, auth = portal.people["anna"], portal.app.extensions["portal"].instance.auth
    with portal.database.begin() as session:
        start_session(
            session, anna, method="company", auth=auth, now=now, agent="", address="192.0.2.1"
        )
    with portal.database.read() as session:
        (kept,) = tokens_of(session, anna)
        (browser,) = sessions_of(session, anna, auth, now)
        (request,) = session.scalars(select(AccessRequest)).all()
    (key,) = observe(portal.door.host).registry.by_name()["anna"].keys
    key_id = key.fingerprint.replace("+", "-").replace("/", "_")
    for other in ("bob", "dora"):
        own, page = portal.token(other, *Scope), portal.browser(other)
        assert page.post("/tokens/revoke", data={"id": kept.id}).status_code == 404
        assert page.post("/browsers/end", data={"digest": browser.digest}).status_code == 404
        assert page.post("/access/withdraw", data={"id": request.id}).status_code == 404
        page.post("/keys/revoke", data={"fingerprint": key.fingerprint})
        form = {"old": key.fingerprint, "grace": "0m", "key": public_key("evil")}
        page.post("/keys/rotate", data=form)
        assert portal.api("DELETE", f"/keys/{key_id}", own).status_code == 404
        body = {"key": public_key("evil"), "grace": "0m"}
        assert portal.api("PUT", f"/keys/{key_id}", own, json=body).status_code == 404
        wish = {"fingerprint": key.fingerprint}
        assert portal.api("POST", "/certificate", own, json=wish).status_code == 404
    assert portal.api("GET", "/me", token).status_code == 200
    with portal.database.read() as session:
        assert len(sessions_of(session, anna, auth, now)) == 1
        assert session.get_one(AccessRequest, request.id).decision == "pending"
    (same,) = observe(portal.door.host).registry.by_name()["anna"].keys
    assert (same.fingerprint, same.revoked, same.until) == (key.fingerprint, False, None)
