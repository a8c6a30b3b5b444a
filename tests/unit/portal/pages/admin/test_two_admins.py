"""Acts of admins while another admin acts, and what a process leaves that is killed in one."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import select

from broker.errors import AccountsError
from broker.portal.acts.accounts import AccountActs
from broker.portal.database.models import AccessRequest, PortalEvent
from tests.unit.portal.scene import Scene

from ..reading_html import words

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="the helper serves root alone")


class Killed(BaseException):
    """The process ends here: nothing that handles errors runs."""


@pytest.fixture
def waiting(portal: Scene) -> str:
    """Bob asked for private; Dora and Emil are admins. The path of the answer."""
    portal.add("emil", admin=True)
    portal.browser("bob").post("/access/request", data={"class": "private", "reason": "a report"})
    return "/admin/requests/1"


def state(portal: Scene) -> tuple[str, str | None, bool]:
    """The decision on record, by whom, and whether the host has the class."""
    with portal.database.read() as session:
        found = session.scalars(select(AccessRequest)).one()
        decided = (str(found.decision), found.decided_by)
    return (*decided, "private" in (portal.door.classes("bob") or ()))


def events(portal: Scene) -> list[tuple[str, str]]:
    with portal.database.read() as session:
        found = session.scalars(select(PortalEvent).order_by(PortalEvent.id))
        return [(one.verb, one.result) for one in found if one.verb.startswith("access.")][1:]


def grant(
    monkeypatch: pytest.MonkeyPatch,
    before: Callable[[], object] = lambda: None,
    after: Callable[[], object] = lambda: None,
) -> None:
    """Something happens before the host grants, or after."""
    whole = AccountActs.grant

    def granting(*words_: Any) -> None:
        before()
        whole(*words_)
        after()

    monkeypatch.setattr(AccountActs, "grant", granting)


def raising(error: BaseException) -> Callable[[], object]:
    def fail() -> None:
        raise error

    return fail


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_refusal_while_the_host_grants_comes_too_late(
    portal: Scene, waiting: str, monkeypatch: pytest.MonkeyPatch, when: str
) -> None:
    emil = portal.browser("emil")
    late: list[str] = []

    def refuse() -> None:
        late.append(emil.post(waiting, data={"answer": "refuse"}, follow_redirects=True).text)

    grant(monkeypatch, **{when: refuse})
    portal.browser("dora").post(waiting, data={"answer": "grant"})
    assert state(portal) == ("granted", "dora@example.com", True)
    assert "does not wait for a decision any more" in words(late[0])
    assert events(portal) == [("access.grant", "begun"), ("access.grant", "done")]


def test_of_two_admins_who_grant_one_does(
    portal: Scene, waiting: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[str] = []
    emil = portal.browser("emil")

    def other() -> None:
        calls.append("")
        if len(calls) == 1:
            emil.post(waiting, data={"answer": "grant"})

    grant(monkeypatch, before=other)
    portal.browser("dora").post(waiting, data={"answer": "grant"})
    assert len(calls) == 1
    assert state(portal) == ("granted", "dora@example.com", True)


def test_what_the_host_refuses_waits_again_for_every_admin(
    portal: Scene, waiting: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        grant(patch, before=raising(AccountsError("the host is busy")))
        dora = portal.browser("dora")
        form = {"answer": "grant", "comment": "until May"}
        answer = dora.post(waiting, data=form, follow_redirects=True)
    assert state(portal) == ("pending", None, False)
    page = dora.get("/admin/requests").text
    assert "the host is busy" in answer.text
    assert f'action="{waiting}"' in page
    assert "until May" not in page
    portal.browser("emil").post(waiting, data={"answer": "refuse"})
    assert state(portal) == ("refused", "emil@example.com", False)
    assert events(portal) == [
        *(("access.grant", "begun"), ("access.grant", "refused")),
        ("access.refuse", "done"),
    ]


def test_nothing_waits_of_who_is_removed_while_the_host_is_asked(
    portal: Scene, waiting: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = f"/admin/people/{portal.people['bob']}/remove"
    grant(monkeypatch, before=lambda: portal.browser("emil").post(path))
    dora = portal.browser("dora")
    dora.post(waiting, data={"answer": "grant"})
    assert portal.door.classes("bob") is None
    assert state(portal) == ("refused", "dora@example.com", False)
    assert "No request waits" in words(dora.get("/admin/requests").text)


def test_a_kill_before_the_host_has_it_is_seen_and_mended(
    portal: Scene, waiting: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        grant(patch, before=raising(Killed()))
        with pytest.raises(Killed):
            portal.browser("dora").post(waiting, data={"answer": "grant"})
    assert state(portal) == ("granted", "dora@example.com", False)
    emil = portal.browser("emil")
    page = emil.get("/admin/requests").text
    assert "does not have it now" in words(page)
    assert "the grant was interrupted" in words(page)
    assert "the host does not have it now" in words(portal.browser("bob").get("/access").text)
    again = re.search(r'action="(/admin/people/\d+/classes)"', page)
    assert again is not None
    emil.post(again[1], data={"class": "private", "verb": "grant"})
    assert state(portal) == ("granted", "dora@example.com", True)
    assert "does not have it now" not in words(emil.get("/admin/requests").text)


def test_a_kill_after_the_host_has_it_leaves_record_and_host_as_one(
    portal: Scene, waiting: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        grant(patch, after=raising(Killed()))
        with pytest.raises(Killed):
            portal.browser("dora").post(waiting, data={"answer": "grant"})
    assert state(portal) == ("granted", "dora@example.com", True)


def test_a_class_that_is_held_whatever_was_decided_is_pointed_out(
    portal: Scene, waiting: str
) -> None:
    """An answer of the host that came too late, or a class that was granted by hand."""
    dora = portal.browser("dora")
    accounts = portal.app.extensions["host_acts"].accounts
    accounts.grant("dora@example.com", portal.door.id("bob"), "private")
    assert "has it already" in words(dora.get("/admin/requests").text)
    dora.post(waiting, data={"answer": "refuse"})
    assert "refused has it now" in words(dora.get("/admin/requests").text)


def test_two_admins_who_off_board_one_person_end_with_nothing_left(portal: Scene) -> None:
    portal.add("emil", admin=True)
    path = f"/admin/people/{portal.people['anna']}/remove"
    whole = AccountActs.remove
    calls: list[str] = []

    def removing(*words_: Any) -> None:
        calls.append("")
        if len(calls) == 1:
            portal.browser("emil").post(path)
        whole(*words_)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(AccountActs, "remove", removing)
        page = portal.browser("dora").get(portal.browser("dora").post(path).location)
    assert "No access is left" in words(page.text)
    assert portal.door.classes("anna") is None


def test_a_kill_in_off_boarding_leaves_a_person_out_and_the_page_says_what_is_left(
    portal: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = f"/admin/people/{portal.people['anna']}"
    with monkeypatch.context() as patch:
        patch.setattr(AccountActs, "remove", lambda *_: raising(Killed())())
        with pytest.raises(Killed):
            portal.browser("dora").post(f"{path}/remove")
    assert portal.viewer("anna") is None
    page = portal.browser("dora").get(path).text
    assert "Some access is left" in words(page)
    assert "Remove the account again" in page
    portal.browser("dora").post(f"{path}/remove")
    assert "No access is left" in words(portal.browser("dora").get(path).text)
