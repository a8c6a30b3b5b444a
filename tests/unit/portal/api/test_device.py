"""The device sign-in, as a program and its person use it."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from broker.portal.database.models import DeviceGrant, PersonState, PortalPerson
from broker.portal.device import answer_device, find_device
from tests.unit.portal.scene import ORIGIN, Scene

GRANT = "urn:ietf:params:oauth:grant-type:device_code"


def begin(portal: Scene, *, by: str = "192.0.2.1", **more: str) -> Any:
    form = {"client_id": "laptop", **more}
    return portal.api("POST", "/device/code", data=form, environ_overrides={"REMOTE_ADDR": by})


def poll(portal: Scene, code: str, client: str = "laptop") -> Any:
    form = {"grant_type": GRANT, "device_code": code, "client_id": client}
    return portal.api("POST", "/device/token", data=form)


def waited(portal: Scene, seconds: int) -> None:
    """As if so much time had passed."""
    with portal.database.begin() as session:
        for one in session.scalars(select(DeviceGrant)):
            one.expires_at -= timedelta(seconds=seconds)
            if one.last_asked_at:
                one.last_asked_at -= timedelta(seconds=seconds)


def answered(
    portal: Scene, person: str, code: str, *, approve: bool, by: str = "192.0.2.1"
) -> bool:
    viewer = portal.viewer(person)
    assert viewer is not None
    with portal.database.begin() as session:
        grant = find_device(session, viewer, code, by)
        if grant is not None:
            answer_device(session, viewer, grant, approve=approve)
    return grant is not None


def test_a_program_waits_until_its_person_lets_it_in_and_gets_one_token(portal: Scene) -> None:
    begun = begin(portal, scope="me:read catalog:read").json
    assert begun["verification_uri_complete"] == f"{ORIGIN}/device?code={begun['user_code']}"
    first = poll(portal, begun["device_code"])
    assert (first.status_code, first.json["error"]) == (400, "authorization_pending")
    assert poll(portal, begun["device_code"]).json["error"] == "slow_down"
    waited(portal, 11)
    assert poll(portal, begun["device_code"]).json["error"] == "authorization_pending"
    assert answered(portal, "anna", begun["user_code"].lower(), approve=True)
    given = poll(portal, begun["device_code"]).json
    assert given["token_type"] == "Bearer"  # noqa: S105 - no secret
    found = portal.api("GET", "/me", given["access_token"]).json
    assert (found["email"], found["scopes"]) == ("anna@example.com", ["catalog:read", "me:read"])
    assert poll(portal, begun["device_code"]).json["error"] == "invalid_grant"


def test_a_refusal_an_end_and_a_person_who_left_give_no_token(portal: Scene) -> None:
    begun = begin(portal).json
    assert answered(portal, "anna", begun["user_code"], approve=False)
    assert poll(portal, begun["device_code"]).json["error"] == "access_denied"
    begun = begin(portal).json
    waited(portal, 601)
    assert poll(portal, begun["device_code"]).json["error"] == "expired_token"
    assert not answered(portal, "anna", begun["user_code"], approve=True)
    begun = begin(portal).json
    assert answered(portal, "bob", begun["user_code"], approve=True)
    with portal.database.begin() as session:
        person = session.get(PortalPerson, portal.people["bob"])
        assert person is not None
        person.state = PersonState.REMOVED
    assert poll(portal, begun["device_code"]).json["error"] == "access_denied"


def test_a_code_is_for_one_client_and_one_answer(portal: Scene) -> None:
    begun = begin(portal).json
    assert poll(portal, begun["device_code"], "another").json["error"] == "invalid_grant"
    assert answered(portal, "anna", begun["user_code"], approve=True)
    assert not answered(portal, "bob", begun["user_code"], approve=True)


def test_codes_cannot_be_guessed_for_long(portal: Scene) -> None:
    begun = begin(portal).json
    for _ in range(10):
        assert not answered(portal, "bob", "BBBB-BBBB", approve=True)
    assert not answered(portal, "bob", begun["user_code"], approve=True)
    assert answered(portal, "anna", begun["user_code"], approve=True)


def test_codes_cannot_be_guessed_by_many_people_of_one_network(portal: Scene) -> None:
    begun = begin(portal).json
    network = "2001:db8:1:2::"
    for number, person in enumerate(["bob"] * 10 + ["cleo"] * 10 + ["dora"] * 10):
        assert not answered(portal, person, "BBBB-BBBB", approve=True, by=f"{network}{number}")
    assert not answered(portal, "anna", begun["user_code"], approve=True, by=f"{network}ffff")
    assert answered(portal, "anna", begun["user_code"], approve=True, by="2001:db8:1:3::1")


@pytest.mark.parametrize(("path", "most"), [("/device/code", 20), ("/device/token", 120)])
def test_a_network_asks_only_so_often(portal: Scene, path: str, most: int) -> None:
    """Also without nginx, which has a limit of its own."""

    def ask(address: str) -> Any:
        return portal.api("POST", path, environ_overrides={"REMOTE_ADDR": address})

    found = [ask(f"2001:db8:1:2::{number:x}").status_code for number in range(most)]
    assert {*found} == {400}
    refused = ask("2001:db8:1:2:ffff::1")
    assert (refused.status_code, refused.mimetype) == (429, "application/problem+json")
    assert refused.headers["Retry-After"] == "60"
    assert ask("2001:db8:1:3::1").status_code == 400


@pytest.mark.parametrize(("by", "is_here"), [("192.0.2.1", True), ("198.51.100.9", False)])
def test_the_person_sees_which_program_asked_from_where_and_for_what(
    portal: Scene, by: str, is_here: bool
) -> None:
    code = begin(portal, by=by, scope="keys:write").json["user_code"]
    page = portal.browser("anna").post(
        "/device", data={"code": code}, environ_overrides={"REMOTE_ADDR": "192.0.2.1"}
    )
    text = " ".join(re.sub(r"<[^>]+>", " ", page.text).split())
    assert "Let laptop in as you?" in text
    assert f"UTC , from {by}, and gets a token for 90 days" in text
    assert "add, rotate and revoke your SSH keys" in text
    assert ("That is not the network of this browser" in text) is not is_here


def test_what_is_not_a_request_is_refused_as_oauth_says_it(portal: Scene) -> None:
    assert begin(portal, scope="all").json["error"] == "invalid_scope"
    assert begin(portal, scope="x" * 400).json["error"] == "invalid_request"
    assert portal.api("POST", "/device/code").json["error"] == "invalid_request"
    form = {"grant_type": "password", "device_code": "x", "client_id": "laptop"}
    answer = portal.api("POST", "/device/token", data=form)
    assert (answer.status_code, answer.json["error"]) == (400, "unsupported_grant_type")


def test_neither_code_is_in_the_database(portal: Scene) -> None:
    begun = begin(portal).json
    content = b"".join(one.read_bytes() for one in portal.database.path.parent.iterdir())
    assert begun["device_code"].encode() not in content
    assert begun["user_code"].replace("-", "").encode() not in content
