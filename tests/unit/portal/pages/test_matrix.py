"""Who gets what of every route: a route that is not in the table fails the test."""

from __future__ import annotations

import os
from typing import Any

import pytest

from broker.portal.database.models import PersonState, PortalPerson
from broker.portal.tokens import Scope
from tests.unit.portal.scene import Scene

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="the helper serves root alone")

PEOPLE = ("anonymous", "anna", "bob", "dora", "removed")
IN = {"anonymous": 303, "anna": 200, "bob": 200, "dora": 200, "removed": 303}
ALL = dict.fromkeys(PEOPLE, 200)
GONE_FOR_ALL = dict.fromkeys(PEOPLE, 404)  # from another host, without a token
ADMIN = {"anonymous": 303, "anna": 404, "bob": 404, "dora": 200, "removed": 303}
# To a redirect that shows the effect, or what is missing; without a field that a form has, 400.
ACT = {**IN, "anna": 303, "bob": 303, "dora": 303}
BAD = {**IN, "anna": 400, "bob": 400, "dora": 400}
GONE = {**IN, "anna": 404, "bob": 404, "dora": 404}
ADMIN_ACT = {**ADMIN, "dora": 303}
ADMIN_BAD = {**ADMIN, "dora": 400}
ADMIN_GONE = {**ADMIN, "dora": 404}
PRIVATE = {**IN, "bob": 404, "dora": 404}  # a table of the class private
PAGES: dict[tuple[str, str], dict[str, int]] = {
    ("GET", "/healthz"): ALL,
    ("GET", "/readyz"): GONE_FOR_ALL,
    ("GET", "/metrics"): GONE_FOR_ALL,
    ("GET", "/static/<name>"): dict.fromkeys(PEOPLE, 404),
    ("GET", "/brand/<name>"): dict.fromkeys(PEOPLE, 404),
    ("POST", "/theme"): dict.fromkeys(PEOPLE, 400),
    ("GET", "/"): {**IN, "dora": 200},
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
    ("POST", "/access/request"): {**IN, "anna": 422, "bob": 422, "dora": 422},
    ("POST", "/access/withdraw"): BAD,
    ("GET", "/activity"): IN,
    ("GET", "/admin/syncs/<generation>"): ADMIN,
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
    "<path:folder>": "hr",
    "<path:path>": "hr/table_1",
    "<path:name>": "none",
    "<int:person_id>": "2",
    "<int:request_id>": "1",
    "<generation>": "2026-11-30T120000Z-0001",
}
# Of the API by scope: without a token, with one of all scopes but this, Anna's, Bob's, Dora's.
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
    signing_in = {one for one in pages if one[1].startswith("/sign-")}
    assert (pages - signing_in) ^ PAGES.keys() == set()
    assert api == {path for _, path in API}


@pytest.fixture
def removed(portal: Scene) -> Scene:
    portal.add("removed", "eve")
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
    tokens = {name: removed.token(name, *Scope) for name in ("anna", "bob", "dora")}
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
    assert found == {}
