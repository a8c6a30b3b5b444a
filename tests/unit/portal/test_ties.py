"""An account that was removed and made anew under the same name is not the person's any more."""

from __future__ import annotations

import os
import re
from typing import Any

import pytest

from broker.accounts.debian.observe import observe
from broker.accounts.manage import converge, list_analysts
from broker.accounts.records.keys import parse_key
from broker.accounts.records.model import parse_request
from broker.errors import AccountsError
from broker.portal.acts.accounts import AccountActs
from broker.portal.database.models import PortalPerson
from broker.portal.identity.accounts import UNTIED
from broker.portal.registration import register
from tests.unit.accounts.scratch import public_key
from tests.unit.portal.scene import Scene

KEY = parse_key(public_key("bob"), where="bob").fingerprint
pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="the helper serves root alone")


def text(page: Any) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", page.text).split())


def fingerprints(portal: Scene, name: str) -> set[str]:
    return {key.fingerprint for key in observe(portal.door.host).registry.by_name()[name].keys}


@pytest.fixture
def reborn(portal: Scene) -> Scene:
    """Bob's account was removed on the host, and ``bob`` is Robert's now, who reads more."""
    converge([parse_request("bob", state="absent")], portal.door.host)
    portal.door.add("bob", email="robert@example.com", classes=["private"])
    return portal


def person_page(portal: Scene) -> Any:
    return portal.browser("dora").get(f"/admin/people/{portal.people['bob']}")


def answer(portal: Scene, **form: str) -> str:
    browser = portal.browser("dora")
    found = browser.post(f"/admin/people/{portal.people['bob']}/account", data=form)
    return text(browser.get(found.location)) if found.status_code == 303 else str(found.status_code)


def test_the_account_of_another_person_opens_nothing(reborn: Scene) -> None:
    before, key = fingerprints(reborn, "bob"), public_key("bob again")
    browser, token = reborn.browser("bob"), reborn.token("bob")
    assert browser.get("/catalog/table/hr/table_1").status_code == 404
    assert "private" not in text(browser.get("/catalog"))
    for path in ("/keys/add", "/welcome/key"):
        browser.post(path, data={"key": key})
    (robert,) = before
    browser.post("/keys/revoke", data={"fingerprint": robert})
    assert reborn.api("GET", "/catalog/tables/hr/table_1", token).status_code == 404
    assert reborn.api("GET", "/me", token).json["account"] is None
    assert reborn.api("GET", "/keys", token).status_code == 404
    assert reborn.api("POST", "/keys", token, json={"key": key}).status_code == 409
    assert reborn.api("POST", "/certificate", token, json={}).status_code == 404
    assert fingerprints(reborn, "bob") == before
    page = text(browser.get(browser.get("/").location))
    assert "your account was removed from the host, or made anew" in page
    assert "Ask the administrators of the portal to tie it to you" in page


def test_an_admin_changes_nothing_of_it_by_mistake(reborn: Scene) -> None:
    browser, path = reborn.browser("dora"), f"/admin/people/{reborn.people['bob']}"
    before = fingerprints(reborn, "bob")
    reborn.browser("bob").post("/access/request", data={"class": "finance", "reason": "x"})
    (number,) = re.findall(r'action="/admin/requests/(\d+)"', browser.get("/admin/requests").text)
    browser.post(f"/admin/requests/{number}", data={"answer": "grant"})
    assert "They have no account now" in text(browser.get("/admin/requests"))
    browser.post(f"{path}/classes", data={"class": "private", "verb": "revoke"})
    browser.post(f"{path}/keys/revoke", data={"fingerprint": next(iter(before))})
    assert reborn.door.classes("bob") == {"public", "private"}
    assert fingerprints(reborn, "bob") == before
    assert "gone from the host, or was made anew" in text(browser.get(path))
    browser.post(f"{path}/remove")
    assert reborn.door.classes("bob") == {"public", "private"}
    assert "No access is left" in text(browser.get(path))


def test_the_admin_sees_it(reborn: Scene) -> None:
    page = text(person_page(reborn))
    uid = reborn.door.uid("bob")
    assert "The account bob that this person was given is gone from the host" in page
    assert f"another account of this name: number {uid}, of robert@example.com" in page
    people = text(reborn.browser("dora").get("/admin/people"))
    assert "bob@example.com Bob bob account lost" in people
    row = "robert@example.com bob public, private"
    assert row in people


def test_an_admin_ties_the_account_that_they_looked_at(reborn: Scene) -> None:
    uid = reborn.door.uid("bob")
    assert "another account by now" in answer(reborn, answer="theirs", uid="1")
    assert reborn.browser("bob").get("/catalog/table/hr/table_1").status_code == 404
    assert "is gone from the host" not in answer(reborn, answer="theirs", uid=str(uid))
    assert reborn.browser("bob").get("/catalog/table/hr/table_1").status_code == 200
    assert "is tied to the person already" in answer(reborn, answer="other")


def test_a_removed_person_is_tied_to_nothing(reborn: Scene) -> None:
    reborn.remove("bob")
    page = answer(reborn, answer="theirs", uid=str(reborn.door.uid("bob")))
    assert "this person was removed from the portal" in page
    assert "It is theirs" not in page


def test_a_person_whose_account_is_anothers_registers_anew_once_an_admin_says_so(
    reborn: Scene,
) -> None:
    assert "is gone from the host" not in answer(reborn, answer="other")
    reborn.browser("bob").post("/welcome/key", data={"key": public_key("bob again")})
    viewer = reborn.viewer("bob")
    assert viewer is not None
    assert viewer.account not in (None, "bob")
    assert reborn.door.classes(viewer.account or "") == {"public"}


def test_who_is_let_in_again_does_not_get_the_account_of_another(reborn: Scene) -> None:
    browser, path = reborn.browser("dora"), f"/admin/people/{reborn.people['bob']}"
    browser.post(f"{path}/remove")
    browser.post(f"{path}/readmit")
    assert reborn.browser("bob").get("/catalog/table/hr/table_1").status_code == 404
    reborn.browser("bob").post("/welcome/key", data={"key": public_key("bob again")})
    viewer = reborn.viewer("bob")
    assert viewer is not None
    assert viewer.account not in (None, "bob")


def test_an_admin_who_sees_as_a_person_sees_nothing_of_the_other_account(reborn: Scene) -> None:
    browser = reborn.browser("dora")
    browser.post(f"/admin/people/{reborn.people['bob']}/see-as")
    assert browser.get("/catalog/table/hr/table_1").status_code == 404


@pytest.mark.parametrize("is_trusted", [True, False])
def test_a_registration_that_broke_off_is_gone_on_with(
    portal: Scene, monkeypatch: pytest.MonkeyPatch, is_trusted: bool
) -> None:
    """As by a process that ended after the host made the account."""
    portal.is_trusted = is_trusted

    class Killed(BaseException):
        pass

    whole, viewer = AccountActs.register, portal.viewer("cleo")
    assert viewer is not None
    host, instance = portal.app.extensions["host_acts"], portal.app.extensions["portal"].instance
    key = parse_key(public_key("cleo"), where="cleo")

    def killed(*words: Any, **more: Any) -> None:
        whole(*words, **more)
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(AccountActs, "register", killed)
        with pytest.raises(Killed):
            register(portal.database, host, viewer, key, instance)
    with portal.database.read() as session:
        person = session.get_one(PortalPerson, portal.people["cleo"])
        assert (person.account, person.account_uid) == ("cleo", None)
    unfinished = portal.viewer("cleo")
    assert unfinished is not None
    assert (unfinished.account, unfinished.lost_account) == (None, None)
    portal.browser("cleo").post("/welcome/key", data={"key": public_key("cleo")})
    after = portal.viewer("cleo")
    assert after is not None
    assert after.account == "cleo"
    with pytest.raises(AccountsError, match="removed from the host, or made anew"):
        register(portal.database, host, after, key, instance)


def test_an_account_of_an_untrusted_door_is_the_persons_only_when_an_admin_says_so(
    portal: Scene,
) -> None:
    """The trusted door says whose the address is; the key of the account may be a stranger's."""
    converge([parse_request("bob", grant=["private"])], portal.door.host)
    assert reads_private(portal) is True
    with portal.database.begin() as session:
        bob = session.get_one(PortalPerson, portal.people["bob"])
        uid, bob.account_uid = bob.account_uid, UNTIED
    assert reads_private(portal) is False
    assert "bob@example.com" in text(portal.browser("dora").get("/admin/"))
    portal.browser("bob").post("/welcome/key", data={"key": public_key("bob again")})
    viewer = portal.viewer("bob")
    assert viewer is not None
    assert (viewer.account, viewer.lost_account) == (None, "bob")
    assert "has the address of the person" in answer(portal, answer="other")
    answer(portal, answer="theirs", uid=str(uid))
    assert reads_private(portal) is True


def reads_private(portal: Scene) -> bool:
    """Whether Bob reads a private table in the portal."""
    return bool(portal.browser("bob").get("/catalog/table/hr/table_1").status_code == 200)


ACTS: list[tuple[str, str, dict[str, str]]] = [
    ("bob", "/keys/add", {"key": public_key("more")}),
    ("bob", "/keys/rotate", {"key": public_key("more"), "old": KEY, "grace": "0m"}),
    ("bob", "/keys/revoke", {"fingerprint": KEY}),
    ("bob", "/welcome/key", {"key": public_key("more")}),
    ("bob", "/datasets", {}),
    ("dora", "/admin/people/{bob}/classes", {"class": "private", "verb": "grant"}),
    ("dora", "/admin/people/{bob}/classes", {"class": "private", "verb": "revoke"}),
    ("dora", "/admin/people/{bob}/keys/revoke", {"fingerprint": KEY}),
    ("dora", "/admin/people/{bob}/remove", {}),
]


@pytest.mark.parametrize(("who", "path", "form"), ACTS)
def test_an_account_made_anew_between_a_look_and_an_act_is_left_alone(
    portal: Scene, monkeypatch: pytest.MonkeyPatch, who: str, path: str, form: dict[str, str]
) -> None:
    """The host refuses: what it does is done to the account that the portal has looked at."""
    found: list[dict[str, Any]] = []

    def remade(acts: AccountActs, *words: Any, **fields: Any) -> Any:
        converge([parse_request("bob", state="absent")], portal.door.host)
        wish = parse_request("bob", email="robert@example.com", keys=[public_key("bob")])
        converge([wish], portal.door.host)
        found.extend(list_analysts(portal.door.host, "bob"))
        return whole(acts, *words, **fields)

    whole, browser = AccountActs._act, portal.browser(who)
    with monkeypatch.context() as patch:
        patch.setattr(AccountActs, "_act", remade)
        answer = browser.post(path.format(bob=portal.people["bob"]), data=form)
    assert list_analysts(portal.door.host, "bob") == found
    assert len(found) == 1
    assert "made anew" in text(browser.get(answer.location, follow_redirects=True))


def test_an_account_made_anew_as_soon_as_it_was_registered_is_not_tied(
    portal: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = AccountActs._act

    def remade(acts: AccountActs, *words: Any, **fields: Any) -> Any:
        answer = whole(acts, *words, **fields)
        converge([parse_request("cleo", state="absent")], portal.door.host)
        portal.door.add("cleo", email="another@example.com", classes=["private"])
        return answer

    monkeypatch.setattr(AccountActs, "_act", remade)
    portal.browser("cleo").post("/welcome/key", data={"key": public_key("her own")})
    viewer = portal.viewer("cleo")
    assert viewer is not None
    assert (viewer.account, viewer.lost_account) == (None, "cleo")
