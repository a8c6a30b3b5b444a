"""Each act on the host has an event before the host is asked, and one for how it ended."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import event, select

from broker.accounts.records.keys import parse_key
from broker.errors import (
    AccountsError,
    BrokerError,
    LockedError,
    PublishError,
    UnansweredError,
)
from broker.portal.access_requests import ask_for
from broker.portal.database.models import PortalEvent
from broker.portal.tokens import Scope
from tests.unit.accounts.scratch import public_key
from tests.unit.catalog.example import LOST
from tests.unit.portal.scene import Scene

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="the helper serves root alone")
KEY = parse_key(public_key("bob"), where="bob").fingerprint
OLD = "2026-11-29T120000Z-0001"
APPROVAL = {"table": "in.x", "what": "deletion", "found": LOST}


class Killed(BaseException):
    """The process ends here."""


@dataclass(frozen=True)
class Act:
    """``helper`` is what is asked with ``helper_verb`` when an admin does ``begin``.

    The event has this ``verb``, ``target`` and ``detail``.
    """

    helper: str
    helper_verb: str
    begin: Callable[[Scene], Any]
    verb: str
    target: str
    detail: str = ""


def post(path: str, **form: str) -> Callable[[Scene], Any]:
    """By a form; ``{bob}`` in the path is the number of the person, ``{request}`` of a request."""

    def begin(portal: Scene) -> Any:
        numbers = {
            "bob": portal.people["bob"],
            "request": new_request(portal) if "{request}" in path else 0,
        }
        return portal.browser("dora").post(path.format(**numbers), data=form)

    return begin


def post_for_ops(act: str, **form: str) -> Callable[[Scene], Any]:
    """On the page of an analyst who never signed in."""

    def begin(portal: Scene) -> Any:
        sent = {"uid": str(portal.door.id("ops").uid), **form}
        return portal.browser("dora").post(f"/admin/accounts/ops/{act}", data=sent)

    return begin


def new_request(portal: Scene) -> int:
    """A request of Bob's for a class."""
    bob = portal.viewer("bob")
    assert bob is not None
    with portal.database.begin() as session:
        return ask_for(session, bob, "private", "for reports", ["private"]).id


def start_by_the_api(portal: Scene) -> Any:
    return portal.api("POST", "/syncs", portal.token("dora", Scope.SYNCS))


PRIVATE = {"class": "private"}
ACTS = [
    Act("publishing", "run", post("/admin/syncs/run"), "sync.run", ""),
    Act("publishing", "run", start_by_the_api, "sync.run", ""),
    Act(
        *("publishing", "approve", post("/admin/syncs/approve", **APPROVAL)),
        *("table.approve", "in.x", f"deletion: {LOST}"),
    ),
    Act(
        *("publishing", "rollback", post(f"/admin/generations/{OLD}/publish")),
        *("generation.roll_back", OLD),
    ),
    Act(
        *("publishing", "approve"),
        post(f"/admin/generations/{OLD}/approve", table="in.x", found=LOST),
        *("table.approve", "in.x", f"readers in {OLD}: {LOST}"),
    ),
    Act(
        *("accounts", "grant", post("/admin/people/{bob}/classes", verb="grant", **PRIVATE)),
        *("access.grant", "private for bob@example.com"),
    ),
    Act(
        *("accounts", "revoke", post_for_ops("classes", verb="revoke", **PRIVATE)),
        *("access.revoke", "private for ops"),
    ),
    Act(
        *("accounts", "grant", post("/admin/requests/{request}", answer="grant", comment="yes")),
        *("access.grant", "private for bob@example.com", "yes"),
    ),
    Act(
        *("accounts", "key-revoke", post("/admin/people/{bob}/keys/revoke", fingerprint=KEY)),
        *("key.revoke", f"{KEY} of bob@example.com"),
    ),
    Act("accounts", "remove", post("/admin/people/{bob}/remove"), "account.remove", "bob"),
    Act("accounts", "remove", post_for_ops("remove"), "account.remove", "ops"),
]
each_act = pytest.mark.parametrize("act", ACTS, ids=lambda act: f"{act.verb} {act.target}")


@pytest.fixture
def host(portal: Scene) -> Scene:
    """With an analyst who never signed in, and a generation to which one can go back."""
    portal.door.add("ops", email="ops@example.com", classes=["private"])
    portal.publishing.answers |= {
        "generations": [{"generation": OLD, "current": False}],
        "more_readers": [],
    }
    return portal


def answered(
    monkeypatch: pytest.MonkeyPatch, portal: Scene, act: Act, answer: Callable[[], Any]
) -> None:
    """The helper answers this act so, and all else as ever."""
    acts: Any = getattr(portal.app.extensions["host_acts"], act.helper)
    helper_for = acts._helper_for

    def answering(behalf: str | None) -> Any:
        helper = helper_for(behalf)

        def call(verb: str, **fields: Any) -> Any:
            return answer() if verb == act.helper_verb else helper.call(verb, **fields)

        return SimpleNamespace(call=call)

    monkeypatch.setattr(acts, "_helper_for", answering)


def raising(error: BaseException) -> Callable[[], Any]:
    def answer() -> Any:
        raise error

    return answer


def noted(portal: Scene, act: Act) -> list[tuple[str, str, str]]:
    """Target, result and detail of each event of the act."""
    chosen = select(PortalEvent).where(PortalEvent.verb == act.verb).order_by(PortalEvent.id)
    with portal.database.read() as session:
        found = session.scalars(chosen).all()
    assert {one.person_id for one in found} <= {portal.people["dora"]}
    return [(one.target, one.result, one.detail) for one in found]


@each_act
def test_an_act_is_noted_before_and_after(
    host: Scene, act: Act, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[Any] = []

    def answer() -> dict[str, Any]:
        seen.extend(noted(host, act))
        return {"started": True}

    answered(monkeypatch, host, act, answer)
    act.begin(host)
    assert seen == [(act.target, "begun", act.detail)]
    assert noted(host, act) == [*seen, (act.target, "done", act.detail)]


@each_act
@pytest.mark.parametrize(
    ("error", "result"),
    [
        (PublishError("this is refused"), "refused"),
        (AccountsError("this is refused"), "refused"),
        (LockedError("the store is busy"), "refused"),
        (UnansweredError("the helper closes connections without an answer"), "not known"),
        (BrokerError("it takes longer than a request may, and goes on"), "not known"),
    ],
)
def test_what_the_host_does_not_do_is_noted_as_that(
    host: Scene, act: Act, monkeypatch: pytest.MonkeyPatch, error: BrokerError, result: str
) -> None:
    answered(monkeypatch, host, act, raising(error))
    act.begin(host)
    why = f"{act.detail}; {error}" if act.detail else str(error)
    begun = (act.target, "begun", act.detail)
    assert noted(host, act) == [begun, (act.target, result, why)]


@each_act
def test_a_portal_that_is_killed_meanwhile_leaves_that_it_had_begun(
    host: Scene, act: Act, monkeypatch: pytest.MonkeyPatch
) -> None:
    answered(monkeypatch, host, act, raising(Killed()))
    with pytest.raises(Killed):
        act.begin(host)
    assert noted(host, act) == [(act.target, "begun", act.detail)]


@each_act
def test_what_cannot_be_noted_is_not_asked_of_the_host(
    host: Scene, act: Act, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers: list[str] = []
    answered(monkeypatch, host, act, lambda: answers.append("asked") or {"started": True})

    @event.listens_for(PortalEvent, "before_insert")
    def refuse(_mapper: Any, _connection: Any, one: PortalEvent) -> None:
        if one.verb == act.verb:
            raise OSError("the disk is full")

    try:
        with suppress(OSError):  # which the API answers with 500
            act.begin(host)
    finally:
        event.remove(PortalEvent, "before_insert", refuse)
    assert answers == []
    assert noted(host, act) == []


def test_a_removal_for_which_the_host_does_not_answer_first_is_noted_as_refused(
    host: Scene,
) -> None:
    act = next(one for one in ACTS if (one.verb, one.target) == ("account.remove", "bob"))
    host.door.close()
    act.begin(host)
    ((target, result, detail),) = noted(host, act)
    assert (target, result) == ("bob", "refused")
    assert "does not answer" in detail


def test_a_sync_that_was_on_its_way_is_noted_as_that(
    host: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    act = ACTS[1]
    answered(monkeypatch, host, act, lambda: {"started": False})
    act.begin(host)
    assert [one[1] for one in noted(host, act)] == ["begun", "running"]
