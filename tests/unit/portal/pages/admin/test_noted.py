"""Each act on the host has an event before the host is asked, and one for how it ended."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest
from sqlalchemy import event, select

from broker.errors import BrokerError, LockedError, PublishError
from broker.portal.database.models import PortalEvent
from broker.portal.tokens import Scope
from tests.unit.catalog.example import LOST
from tests.unit.portal.scene import Scene

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="the helper serves root alone")
OLD = "2026-11-29T120000Z-0001"
APPROVAL = {"table": "in.x", "what": "deletion", "found": LOST}


class Killed(BaseException):
    """The process ends here."""


def post(path: str, **form: str) -> Callable[[Scene], Any]:
    return lambda portal: portal.browser("dora").post(path, data=form)


def start_by_the_api(portal: Scene) -> Any:
    return portal.api("POST", "/syncs", portal.token("dora", Scope.SYNCS))


ACTS = [
    ("run", post("/admin/syncs/run"), "sync.run", "", ""),
    ("run", start_by_the_api, "sync.run", "", ""),
    (
        "approve",
        post("/admin/syncs/approve", **APPROVAL),
        *("table.approve", "in.x", f"deletion: {LOST}"),
    ),
    ("rollback", post(f"/admin/generations/{OLD}/publish"), "generation.roll_back", OLD, ""),
    (
        "approve",
        post(f"/admin/generations/{OLD}/approve", table="in.x", found=LOST),
        *("table.approve", "in.x", f"readers in {OLD}: {LOST}"),
    ),
]
each_act = pytest.mark.parametrize(("helper_verb", "act", "verb", "target", "detail"), ACTS)


def answered(portal: Scene, helper_verb: str, answer: Callable[[], Any]) -> None:
    """The helper answers this act so; it knows the generation."""
    portal.publishing.answers |= {
        "generations": [{"generation": OLD, "current": False}],
        "more_readers": [],
    }
    script, call = portal.publishing, portal.publishing.call

    def answering(verb: str, **fields: Any) -> Any:
        return answer() if verb == helper_verb else call(verb, **fields)

    script.call = answering  # type: ignore[method-assign]


def raising(error: BaseException) -> Callable[[], Any]:
    def answer() -> Any:
        raise error

    return answer


def noted(portal: Scene) -> list[tuple[str, str, str, str]]:
    with portal.database.read() as session:
        found = session.scalars(select(PortalEvent).order_by(PortalEvent.id)).all()
        return [
            (one.verb, one.target, one.result, one.detail)
            for one in found
            if one.person_id == portal.people["dora"]
            and one.verb in ("sync.run", "table.approve", "generation.roll_back")
        ]


@each_act
def test_an_act_is_noted_before_and_after(
    portal: Scene,
    helper_verb: str,
    act: Callable[[Scene], Any],
    verb: str,
    target: str,
    detail: str,
) -> None:
    seen: list[Any] = []

    def answer() -> dict[str, Any]:
        seen.extend(noted(portal))
        return {"started": True}

    answered(portal, helper_verb, answer)
    act(portal)
    assert seen == [(verb, target, "begun", detail)]
    assert noted(portal) == [*seen, (verb, target, "done", detail)]


@each_act
@pytest.mark.parametrize(
    ("error", "result"),
    [
        (PublishError("this is refused"), "refused"),
        (LockedError("it takes longer than a request may, and goes on"), "not known"),
        (BrokerError("the helper does not answer"), "not known"),
    ],
)
def test_what_the_host_does_not_do_is_noted_as_that(
    portal: Scene,
    helper_verb: str,
    act: Callable[[Scene], Any],
    verb: str,
    target: str,
    detail: str,
    error: BrokerError,
    result: str,
) -> None:
    answered(portal, helper_verb, raising(error))
    act(portal)
    why = f"{detail}; {error}" if detail else str(error)
    assert noted(portal) == [(verb, target, "begun", detail), (verb, target, result, why)]


@each_act
def test_a_portal_that_is_killed_meanwhile_leaves_that_it_had_begun(
    portal: Scene,
    helper_verb: str,
    act: Callable[[Scene], Any],
    verb: str,
    target: str,
    detail: str,
) -> None:
    answered(portal, helper_verb, raising(Killed()))
    with pytest.raises(Killed):
        act(portal)
    assert noted(portal) == [(verb, target, "begun", detail)]


@each_act
def test_what_cannot_be_noted_is_not_asked_of_the_host(
    portal: Scene,
    helper_verb: str,
    act: Callable[[Scene], Any],
    verb: str,
    target: str,  # noqa: ARG001 - of each_act
    detail: str,  # noqa: ARG001 - of each_act
) -> None:
    answers: list[str] = []
    answered(portal, helper_verb, lambda: answers.append("asked") or {"started": True})

    @event.listens_for(PortalEvent, "before_insert")
    def refuse(_mapper: Any, _connection: Any, one: PortalEvent) -> None:
        if one.verb == verb:
            raise OSError("the disk is full")

    try:
        with suppress(OSError):  # which the API answers with 500
            act(portal)
    finally:
        event.remove(PortalEvent, "before_insert", refuse)
    assert answers == []
    assert noted(portal) == []


def test_a_sync_that_was_on_its_way_is_noted_as_that(portal: Scene) -> None:
    answered(portal, "run", lambda: {"started": False})
    start_by_the_api(portal)
    assert [one[2] for one in noted(portal)] == ["begun", "running"]
