"""Keys, tokens and programs on the page, each act followed by what the host says then."""

from __future__ import annotations

import os
import re
from urllib.parse import quote

import pytest

from broker.accounts.records.keys import parse_key
from broker.portal.tokens import TOKEN_FORMAT
from tests.unit.accounts.scratch import public_key
from tests.unit.portal.scene import Scene

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="the helper serves root alone")
OLD = parse_key(public_key("anna"), where="test").fingerprint
NEW = parse_key(public_key("new"), where="test").fingerprint


def effect(portal: Scene, address: str) -> str:
    page = portal.browser("anna").get(address).text
    return " ".join(re.sub(r"<[^>]+>", " ", page).split())


def test_each_act_on_a_key_ends_with_what_the_host_says(portal: Scene) -> None:
    browser = portal.browser("anna")
    answer = browser.post("/keys/add", data={"key": public_key("new"), "label": "desk"})
    assert "Looked up just now: the host accepts the key desk" in effect(portal, answer.location)
    form = {"key": public_key("third"), "old": NEW, "grace": "1d"}
    browser.post("/keys/rotate", data=form)
    assert f"the host still accepts the key desk ( {NEW} )" in effect(
        portal, f"/keys?seen={quote(NEW)}"
    )
    answer = browser.post("/keys/revoke", data={"fingerprint": NEW})
    assert "the host refuses the key desk" in effect(portal, answer.location)
    answer = browser.post("/keys/add", data={"key": public_key("new")})
    assert "revoked" in effect(portal, answer.location)
    assert "does not know this key" in effect(portal, "/keys?seen=SHA256:none")


def test_the_last_key_says_what_its_end_means(portal: Scene) -> None:
    assert "It is your only key" in portal.browser("anna").get("/keys").text


def test_no_one_ends_a_key_of_another_account(portal: Scene) -> None:
    portal.browser("bob").post("/keys/revoke", data={"fingerprint": OLD})
    facts = portal.app.extensions["host_acts"].accounts.analyst_now("anna")
    assert facts.key(OLD).is_revoked is False


def test_a_token_is_shown_once_and_works_until_it_is_revoked(portal: Scene) -> None:
    browser = portal.browser("anna")
    form = {"name": "notebook", "days": "30", "scope": ["me:read"]}
    made = browser.post("/tokens/make", data=form)
    assert made.status_code == 201
    assert made.headers["Cache-Control"] == "no-store"
    token = re.findall(TOKEN_FORMAT, made.text)[0]
    assert portal.api("GET", "/me", token).status_code == 200
    page = browser.get("/keys").text
    assert token not in page
    assert "notebook" in page
    again = browser.post("/tokens/make", data=form)
    assert (again.status_code, "a valid token of this name" in browser.get("/keys").text) == (
        303,
        True,
    )
    number = re.findall(r'name="id" value="(\d+)"', page)[0]
    assert portal.browser("bob").post("/tokens/revoke", data={"id": number}).status_code == 404
    assert browser.post("/tokens/revoke", data={"id": number}).status_code == 303
    assert portal.api("GET", "/me", token).status_code == 401


@pytest.mark.parametrize(
    "form",
    [
        {"name": "x", "days": "30"},
        {"name": "x", "days": "30", "scope": "all"},
        {"name": "", "days": "30", "scope": "me:read"},
        {"name": "x", "days": "3650", "scope": "me:read"},
        {"name": "x", "days": "-1", "scope": "me:read"},
    ],
)
def test_a_token_that_cannot_be_is_refused_with_a_reason(
    portal: Scene, form: dict[str, str]
) -> None:
    browser = portal.browser("anna")
    assert browser.post("/tokens/make", data=form).status_code == 303
    assert '<p class="note bad">' in browser.get("/keys").text


def test_a_program_is_let_in_on_the_page(portal: Scene) -> None:
    begun = portal.api("POST", "/device/code", data={"client_id": "my laptop"}).json
    browser = portal.browser("anna")
    assert begun["user_code"] in browser.get(f"/device?code={begun['user_code']}").text
    assert (
        "Let my laptop in as you?"
        in browser.post("/device", data={"code": begun["user_code"]}).text
    )
    form = {"code": begun["user_code"], "answer": "approve"}
    assert browser.post("/device/answer", data=form).status_code == 303
    answer = portal.api(
        "POST",
        "/device/token",
        data={
            "grant_type": "urn:ietf:params:oauth:grant-type:device_code",
            "device_code": begun["device_code"],
            "client_id": "my laptop",
        },
    )
    assert portal.api("GET", "/me", answer.json["access_token"]).json["account"] == "anna"
    assert "my laptop" in browser.get("/keys").text
    assert browser.post("/device/answer", data=form).status_code == 404
