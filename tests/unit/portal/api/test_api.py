"""The API as programs use it, over real helpers of a host in a folder."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta

import pytest

from broker.audit.reading import read_log
from broker.hostpaths import AUDIT_LOG
from broker.portal.database.models import PersonState, PortalPerson
from broker.portal.tokens import Scope, tokens_of
from tests.unit.accounts.scratch import public_key
from tests.unit.catalog.example import GENERATION, write_example
from tests.unit.portal.scene import Scene

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="the helper serves root, and no other uid")


def test_without_a_token_nothing_is_told(portal: Scene) -> None:
    for header in ("", "Basic YTpi", "Bearer", "Bearer x", f"Bearer broker_pat_{'0' * 64}"):
        answer = portal.app.test_client().get("/api/v1/me", headers={"Authorization": header})
        assert (answer.status_code, answer.mimetype) == (401, "application/problem+json")
        assert answer.headers["WWW-Authenticate"].startswith("Bearer ")
        assert answer.json["status"] == 401
        assert "Set-Cookie" not in answer.headers


def test_a_session_of_a_browser_opens_nothing_of_the_api(portal: Scene) -> None:
    assert portal.browser("anna").get("/api/v1/me").status_code == 401


def test_a_token_is_for_its_scopes_alone(portal: Scene) -> None:
    answer = portal.api("GET", "/catalog", portal.token("anna", Scope.ME))
    assert answer.status_code == 403
    assert 'scope="catalog:read"' in answer.headers["WWW-Authenticate"]


@as_root
def test_who_holds_a_token_is_looked_up_at_each_request(portal: Scene) -> None:
    token = portal.token("anna")
    found = portal.api("GET", "/me", token).json
    assert (found["email"], found["account"]) == ("anna@example.com", "anna")
    assert found["classes"] == ["private", "public"]
    paths = {one["path"] for one in portal.api("GET", "/catalog", token).json["tables"]}
    assert "hr/table_1" in paths
    portal.app.extensions["host_acts"].accounts.revoke("ops", portal.door.id("anna"), "private")
    assert portal.api("GET", "/me", token).json["classes"] == ["public"]
    paths = {one["path"] for one in portal.api("GET", "/catalog", token).json["tables"]}
    assert "hr/table_1" not in paths


def test_a_forbidden_table_is_one_that_there_is_not(portal: Scene) -> None:
    token = portal.token("bob")
    forbidden = portal.api("GET", "/catalog/tables/hr/table_1", token)
    absent = portal.api("GET", "/catalog/tables/hr/table_9999", token)
    assert (forbidden.status_code, forbidden.data) == (absent.status_code, absent.data)
    assert forbidden.status_code == 404
    assert portal.api("GET", "/catalog/tables/hr/table_1/profile", token).data == absent.data
    known = portal.api("GET", "/catalog/tables/shop/table_0/profile", token)
    assert known.json["path"] == "shop/table_0"


def test_a_token_ends_when_it_says_when_it_is_revoked_and_with_its_person(portal: Scene) -> None:
    token = portal.token("bob", days=1)
    assert portal.api("GET", "/me", token).status_code == 200
    with portal.database.begin() as session:
        (one,) = tokens_of(session, portal.people["bob"])
        assert one.last_used_at is not None
        assert one.digest not in token
        one.expires_at = datetime.now(UTC) - timedelta(seconds=1)
    assert portal.api("GET", "/me", token).status_code == 401
    other = portal.token("bob")
    with portal.database.begin() as session:
        person = session.get(PortalPerson, portal.people["bob"])
        assert person is not None
        person.state = PersonState.REMOVED
    assert portal.api("GET", "/me", other).status_code == 401


@as_root
def test_a_first_key_makes_the_account_and_further_ones_change_it(portal: Scene) -> None:
    token = portal.token("cleo")
    assert portal.api("GET", "/keys", token).status_code == 404
    made = portal.api("POST", "/keys", token, json={"key": public_key("cleo")})
    assert (made.status_code, made.json["account"]) == (201, "cleo")
    (key,) = made.json["keys"]
    assert key["state"] == "accepted"
    replaced = portal.api(
        "PUT", f"/keys/{key['id']}", token, json={"key": public_key("new"), "grace": "1d"}
    )
    states = {one["fingerprint"]: one["state"] for one in replaced.json["keys"]}
    assert states.pop(key["fingerprint"]) == "ends"
    assert [*states.values()] == ["accepted"]
    assert portal.api("DELETE", f"/keys/{key['id']}", token).status_code == 204
    states = {
        one["fingerprint"]: one["state"] for one in portal.api("GET", "/keys", token).json["keys"]
    }
    assert states[key["fingerprint"]] == "revoked"
    other = {"json": {"key": public_key("other")}}
    assert portal.api("PUT", f"/keys/{key['id']}", token, **other).status_code == 404
    absent = f"/keys/SHA256:{'A' * 43}"
    assert portal.api("DELETE", absent, token).status_code == 404
    events = read_log(portal.door.layout.at(AUDIT_LOG)).events
    assert {(one.actor.claims or {}).get("behalf") for one in events if one.subject == "cleo"} >= {
        "cleo@example.com"
    }


@as_root
@pytest.mark.parametrize(
    ("key", "sentence"),
    [
        ("-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNz", "this is a private key"),
        ("ssh-dss AAAA", "too weak"),
        ("", "empty"),
    ],
)
def test_a_key_that_is_none_is_refused_and_not_repeated(
    portal: Scene, key: str, sentence: str
) -> None:
    answer = portal.api("POST", "/keys", portal.token("cleo"), json={"key": key})
    assert answer.status_code == 409
    assert sentence in answer.json["detail"]
    assert "b3BlbnNz" not in answer.text


def test_a_host_that_does_not_answer_is_a_sentence_and_the_rest_works(portal: Scene) -> None:
    portal.door.close()
    token = portal.token("anna")
    answer = portal.api("GET", "/keys", token)
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "60")
    assert "does not answer" in answer.json["detail"]
    assert portal.api("GET", "/me", token).json["last_sync"] is None
    assert portal.api("GET", "/catalog", token).status_code == 200


def test_a_missing_catalog_is_a_sentence(portal: Scene) -> None:
    (portal.app.extensions["portal"].store / "current").unlink()
    for path in ("/catalog", "/freshness", "/generations", "/settings/datasets"):
        answer = portal.api("GET", path, portal.token("anna"))
        assert (answer.status_code, answer.mimetype) == (503, "application/problem+json")
        assert "nothing was published yet" in answer.json["detail"]


@as_root
def test_generations_are_those_with_a_catalog_for_ones_own_classes_and_for_admins_all(
    portal: Scene,
) -> None:
    """Bob's classes are public alone, Anna's also private; Dora is an admin without an account."""
    store, now = portal.app.extensions["portal"].store, GENERATION
    public, finance = "2026-11-20T120000Z-0001", "2026-11-21T120000Z-0001"
    write_example(store, generation=public, audiences=[()])
    write_example(store, generation=finance, audiences=[("finance", "private")])
    write_example(store, generation=now)
    found = {}
    for name in ("anna", "bob", "dora"):
        answer = portal.api("GET", "/generations", portal.token(name, Scope.CATALOG)).json
        assert [one["generation"] for one in answer["generations"] if one["is_current"]] == [now]
        found[name] = {one["generation"] for one in answer["generations"]}
    assert found == {"anna": {now}, "bob": {now, public}, "dora": {now, public, finance}}


def test_datasets_are_chosen_and_what_they_need_comes_along(portal: Scene) -> None:
    token = portal.token("anna")
    (one, *_) = portal.api("GET", "/settings/datasets", token).json["datasets"]
    assert one["is_wanted"] is True
    wish = {"datasets": {one["name"]: False}}
    found = portal.api("PUT", "/settings/datasets", token, json=wish).json["datasets"]
    assert {two["name"]: two["is_wanted"] for two in found}[one["name"]] is False
    other = portal.api("GET", "/settings/datasets", portal.token("bob")).json["datasets"]
    assert all(two["is_wanted"] for two in other)
    unknown = portal.api("PUT", "/settings/datasets", token, json={"datasets": {"none": True}})
    assert unknown.status_code == 409


def test_only_admins_start_syncs(portal: Scene) -> None:
    assert portal.api("POST", "/syncs", portal.token("anna")).status_code == 403
    assert portal.publishing.requests == []
    portal.publishing.answers["run"] = {"started": True}
    answer = portal.api("POST", "/syncs", portal.token("dora"))
    assert (answer.status_code, answer.json) == (202, {"started": True})
    assert portal.publishing.requests == [{"verb": "run"}]


@pytest.mark.parametrize(
    ("method", "path", "more", "status"),
    [
        ("GET", "/nothing", {}, 404),
        ("GET", "/", {}, 404),
        ("PATCH", "/me", {}, 405),
        ("TRACE", "/keys", {}, 405),
        ("POST", "/keys", {"data": "{}"}, 415),
        ("POST", "/keys", {"data": "{", "content_type": "application/json"}, 400),
        ("POST", "/keys", {"data": "[" * 9000, "content_type": "application/json"}, 400),
        ("POST", "/keys", {"json": {"key": 7}}, 422),
        ("POST", "/keys", {"json": {"key": "x", "classes": ["private"]}}, 422),
        ("POST", "/keys", {"json": ["x"]}, 422),
        ("POST", "/keys", {"data": b"\xff", "content_type": "application/json"}, 400),
        (
            "POST",
            "/keys",
            {"data": '"' + "x" * 300_000 + '"', "content_type": "application/json"},
            413,
        ),
    ],
)
def test_what_is_not_a_request_is_a_problem_with_its_status(
    portal: Scene, method: str, path: str, more: dict[str, object], status: int
) -> None:
    answer = portal.api(method, path, portal.token("anna"), **more)
    assert (answer.status_code, answer.mimetype) == (status, "application/problem+json")
    assert answer.json["status"] == status
    if status == 405:
        assert answer.headers["Allow"]
