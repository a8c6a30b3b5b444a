"""Everybody on the pages of People: those who signed in, and analysts who never did."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import select

from broker.accounts.manage import converge
from broker.accounts.records.keys import parse_key
from broker.accounts.records.model import parse_request
from broker.errors import AccountsError, BrokerError, LockedError
from broker.portal.acts.accounts import AccountActs
from broker.portal.database.models import AccessRequest, Decision, PersonState, PortalPerson
from broker.portal.events import note_event
from tests.unit.accounts.scratch import public_key
from tests.unit.portal.scene import Scene, scene

from ..reading_html import read, words

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="the helper serves root alone")
OPS = "/admin/accounts/ops"
KEY = parse_key(public_key("ops"), where="ops").fingerprint


@pytest.fixture
def host(portal: Scene) -> Scene:
    """With Ops, whom the operators made."""
    portal.door.add("ops", email="Ops@Example.com", classes=["private"])
    portal.door.pulled["ops"] = "2026-11-30T12:00:00Z"
    return portal


def form_of(html: str, act: str) -> dict[str, str]:
    """What the form of an act sends."""
    form = html.partition(f'{act}"')[2].partition("</form>")[0].partition(">")[2]
    inputs = read(form).all("input")
    sent = {str(one.attributes["name"]): str(one.attributes.get("value")) for one in inputs}
    del sent["csrf_token"]
    return sent


def uid_of(portal: Scene, name: str) -> str:
    return str(portal.door.uid(name))


def person_by(portal: Scene, email: str) -> PortalPerson | None:
    with portal.database.read() as session:
        return session.scalar(select(PortalPerson).where(PortalPerson.email == email))


def test_an_analyst_who_never_signed_in_is_listed_and_has_a_page(host: Scene) -> None:
    dora = host.browser("dora")
    listed = dora.get("/admin/people")
    (row,) = [one for one in read(listed.text).rows("People") if "ops" in one[1]]
    assert row[:4] == ["Ops@Example.com", "ops", "public, private", "1"]
    assert "ago" in row[4] or "now" in row[4]
    assert row[5].strip().startswith("never signed in")
    assert OPS in read(listed.text).links
    page = words(dora.get(OPS).text)
    for text in ("never signed in", "Ops@Example.com", KEY, "private granted", "Off-board"):
        assert text in page, text
    assert "See the portal as" not in page
    assert "Sign-in methods" not in page


def test_classes_and_keys_of_theirs_are_changed_by_the_same_acts(host: Scene) -> None:
    dora = host.browser("dora")
    sent = form_of(dora.get(OPS).text, f"{OPS}/classes")
    assert sent == {"uid": uid_of(host, "ops"), "class": "private", "verb": "revoke"}
    answer = dora.post(f"{OPS}/classes", data=sent)
    assert answer.location == f"{OPS}#access"
    assert host.door.classes("ops") == {"public"}
    dora.post(f"{OPS}/classes", data={**sent, "verb": "grant"})
    assert host.door.classes("ops") == {"public", "private"}
    sent = form_of(dora.get(OPS).text, f"{OPS}/keys/revoke")
    assert sent == {"uid": uid_of(host, "ops"), "fingerprint": KEY}
    answer = dora.post(f"{OPS}/keys/revoke", data=sent)
    assert f"revoked {KEY}" in words(dora.get(answer.location).text)
    events = words(dora.get("/admin/events").text)
    assert f"key.revoke {KEY} of ops" in events
    assert "access.grant private for ops" in events


def test_off_boarding_closes_every_door_and_proves_it(host: Scene) -> None:
    dora = host.browser("dora")
    sent = form_of(dora.get(OPS).text, f"{OPS}/remove")
    assert sent == {"uid": uid_of(host, "ops")}
    answer = dora.post(f"{OPS}/remove", data=sent)
    assert host.door.classes("ops") is None
    person = person_by(host, "ops@example.com")
    assert person is not None
    assert (person.state, person.removed_at is None) == (PersonState.REMOVED, False)
    assert answer.location == f"/admin/people/{person.id}?proof=1"
    page = words(dora.get(answer.location).text)
    for text in ("No access is left", "Account on the host: none", "refused by every method"):
        assert text in page, text
    assert "account.remove ops" in words(dora.get("/admin/events").text)
    dora.post(f"/admin/people/{person.id}/readmit")
    readmitted = person_by(host, "ops@example.com")
    assert readmitted is not None
    assert readmitted.state == PersonState.ACTIVE


def test_without_an_address_the_page_of_the_account_has_the_proof(portal: Scene) -> None:
    portal.door.add("robot", classes=["private"])
    dora, path = portal.browser("dora"), "/admin/accounts/robot"
    assert "none known" in words(dora.get(path).text)
    answer = dora.post(f"{path}/remove", data={"uid": uid_of(portal, "robot")})
    assert answer.location == f"{path}?proof=1"
    page = words(dora.get(answer.location).text)
    assert "No access is left" in page
    assert "Account on the host: none" in page
    assert dora.get(path).status_code == 404
    with portal.database.read() as session:
        assert len(session.scalars(select(PortalPerson)).all()) == 4  # as before


def test_a_person_with_the_address_who_signed_in_stays_and_is_shown(portal: Scene) -> None:
    portal.door.add("cmueller", email="cleo@example.com")
    dora, path = portal.browser("dora"), "/admin/accounts/cmueller"
    assert f"/admin/people/{portal.people['cleo']}" in read(dora.get(path).text).links
    dora.post(f"{path}/remove", data={"uid": uid_of(portal, "cmueller")})
    assert portal.door.classes("cmueller") is None
    assert portal.viewer("cleo") is not None


@pytest.mark.parametrize("act", ["classes", "keys/revoke", "remove"])
def test_an_account_that_is_another_by_now_is_left_alone(host: Scene, act: str) -> None:
    dora = host.browser("dora")
    uid = uid_of(host, "ops")
    converge([parse_request("ops", state="absent")], host.door.host)
    host.door.add("ops", email="another@example.com", classes=["private"])
    assert uid_of(host, "ops") != uid
    form = {"uid": uid, "class": "private", "verb": "revoke", "fingerprint": KEY}
    answer = dora.post(f"{OPS}/{act}", data=form)
    assert "has another of its name" in words(dora.get(answer.location).text)
    assert host.door.classes("ops") == {"public", "private"}
    assert person_by(host, "another@example.com") is None


@pytest.mark.parametrize("act", ["classes", "keys/revoke", "remove"])
def test_a_person_is_not_reached_by_the_page_of_an_account(portal: Scene, act: str) -> None:
    dora, path = portal.browser("dora"), "/admin/accounts/anna"
    assert dora.get(path).location == f"/admin/people/{portal.people['anna']}"
    form = {"uid": uid_of(portal, "anna"), "class": "private", "verb": "revoke"}
    dora.post(f"{path}/{act}", data={**form, "fingerprint": "SHA256:x"})
    assert portal.door.classes("anna") == {"public", "private"}
    assert portal.viewer("anna") is not None


def test_a_host_that_does_not_answer_keeps_the_account_and_says_so(host: Scene) -> None:
    dora, uid = host.browser("dora"), uid_of(host, "ops")
    host.door.close()
    answer = dora.post(f"{OPS}/remove", data={"uid": uid})
    shown = dora.get(answer.location)
    assert shown.status_code == 503
    page = words(shown.text)
    assert "does not answer" in page
    assert "No access is left" not in page
    assert person_by(host, "ops@example.com") is None


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (AccountsError("this account may not ask the helper"), "may not ask the helper"),
        (LockedError("too many requests; try again later"), "too many requests"),
    ],
)
def test_only_an_account_that_is_not_there_has_no_page(
    host: Scene, monkeypatch: pytest.MonkeyPatch, error: BrokerError, sentence: str
) -> None:
    def refuse(_acts: AccountActs, _name: str) -> None:
        raise error

    monkeypatch.setattr(AccountActs, "analyst_now", refuse)
    shown = host.browser("dora").get(OPS)
    assert shown.status_code == 503
    assert sentence in words(shown.text)
    assert host.browser("dora").get("/admin/accounts/Root").status_code == 404


def test_no_page_is_there_for_names_that_no_analyst_has(portal: Scene) -> None:
    for name in ("absent", "root", "Bob", "x" * 40, "-u"):
        assert portal.browser("dora").get(f"/admin/accounts/{name}").status_code == 404, name


@pytest.fixture(scope="module")
def crowd() -> Iterator[Scene]:
    """1,200 people and as many analysts who never signed in, requests and events."""
    with scene() as made, pytest.MonkeyPatch.context() as patch:
        made.add("dora", admin=True)
        now = datetime.now(UTC)
        with made.database.begin() as session:
            people = [
                PortalPerson(email=f"p{at:04}@example.com", name=f"Person {at}", created_at=now)
                for at in range(1_200)
            ]
            people[777].name = "Öykü Şahin"
            session.add_all(people)
            session.flush()
            session.add_all(
                AccessRequest(
                    person_id=one.id,
                    access_class="finance",
                    reason=f"reason {at:04}",
                    decision=Decision.PENDING if at % 2 else Decision.GRANTED,
                    created_at=now,
                    decided_at=None if at % 2 else now,
                )
                for at, one in enumerate(people)
            )
            for at in range(130):
                note_event(session, people[0].id, "test.event", f"number {at:04}")
        made.door.add("ops", email="ops@example.com")
        (ops,) = made.app.extensions["host_acts"].accounts.analysts()
        facts = tuple(replace(ops, name=f"a{at:04}", uid=at, email="") for at in range(1_200))
        patch.setattr(AccountActs, "analysts", lambda *_, **__: facts)
        yield made


def all_pages(portal: Scene, path: str, parameter: str = "page") -> list[str]:
    """Each page of a list by the links of its pager, first to last."""
    dora, texts = portal.browser("dora"), list[str]()
    address = path
    while address:
        texts.append(dora.get(address).text)
        mark = f"[?&]{parameter}={len(texts) + 1}(&|$)"
        links = read(texts[-1]).links
        address = next((one for one in links if re.search(mark, one)), "")
    return texts


def test_1200_people_and_1200_accounts_are_all_there_in_parts(crowd: Scene) -> None:
    pages = all_pages(crowd, "/admin/people")
    assert len(pages) == 25
    assert all(len(read(one).rows("People")) <= 100 for one in pages)
    names = [row[1] for one in pages for row in read(one).rows("People")]
    listed = "".join(pages)
    assert all(f"p{at:04}@example.com" in listed for at in range(1_200))
    assert [name for name in names if name] == [f"a{at:04}" for at in range(1_200)]
    assert "2,401" in words(pages[0])
    assert crowd.browser("dora").get("/admin/people?page=26").status_code == 404


@pytest.mark.parametrize(
    ("sought", "count"),
    [
        ("p0", 1_000),
        ("P1199@", 1),
        ("person 1199", 1),
        ("öykü ş", 1),
        ("a119", 10),
        ("%", 0),
        ("_", 0),
    ],
)
def test_the_search_is_over_all_of_them(crowd: Scene, sought: str, count: int) -> None:
    answer = crowd.browser("dora").get("/admin/people", query_string={"q": sought})
    total = re.search(r"<h1>People</h1><span[^>]*>([\d,]+) ", answer.text)
    assert total is not None
    assert total[1] == f"{count:,}"


def test_pages_of_a_search_stay_in_it(crowd: Scene) -> None:
    pages = all_pages(crowd, "/admin/people?q=a1")
    assert [len(read(one).rows("People")) for one in pages] == [100, 100]


@pytest.mark.parametrize(
    ("path", "parameter", "pattern", "count"),
    [
        ("/admin/requests", "page", r"admin/requests/(\d+)", 600),
        ("/admin/requests", "decided", r"number 0|p\d{3}[02468]@example.com", 600),
        ("/admin/events?verb=test.event", "page", r"number (\d{4})", 130),
        ("/admin/people/2", "events", r"number (\d{4})", 130),
    ],
)
def test_no_list_is_cut_without_a_way_to_the_rest(
    crowd: Scene, path: str, parameter: str, pattern: str, count: int
) -> None:
    found = {one for page in all_pages(crowd, path, parameter) for one in re.findall(pattern, page)}
    assert len(found) == count


def test_events_of_the_host_have_pages_of_which_the_last_is_known(crowd: Scene) -> None:
    event: dict[str, Any] = {"action": "analyst.add", "result": "done"}
    crowd.publishing.answers["audit"] = {"events": [event], "matches": 120}
    dora = crowd.browser("dora")
    links = read(dora.get("/admin/audit?user=anna").text).links
    assert any("page=3" in one and "user=anna" in one for one in links)
    assert dora.get("/admin/audit?page=3").status_code == 200
    assert crowd.publishing.requests[-1]["skip"] == "100"
    assert dora.get("/admin/audit?page=4").status_code == 404
