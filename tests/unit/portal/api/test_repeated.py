"""A proxy asks once more where a process died with its answer: PUT and DELETE twice are as once."""

from __future__ import annotations

import os
from typing import Any

import pytest

from broker.accounts.records.keys import parse_key
from broker.portal.api.operations import OPERATIONS
from broker.portal.tokens import Scope
from tests.unit.accounts.scratch import public_key
from tests.unit.portal.scene import Scene

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="the helper serves root alone")
REPEATED = ("PUT", "DELETE")
KEY = parse_key(public_key("bob"), where="bob").fingerprint
KEY_ID = KEY.replace("+", "-").replace("/", "_")
ASKS = {
    ("PUT", "/keys/{key_id}", "later"): (
        f"/keys/{KEY_ID}",
        {"key": public_key("new"), "grace": "7d"},
    ),
    ("PUT", "/keys/{key_id}", "at once"): (
        f"/keys/{KEY_ID}",
        {"key": public_key("new"), "grace": "0m"},
    ),
    ("DELETE", "/keys/{key_id}", ""): (f"/keys/{KEY_ID}", None),
    ("PUT", "/settings/datasets", ""): ("/settings/datasets", {"datasets": {"sales": False}}),
}


def test_every_method_that_is_repeated_is_tried() -> None:
    repeated = {(one.method, one.path) for one in OPERATIONS if one.method in REPEATED}
    assert repeated == {(method, path) for method, path, _ in ASKS}


def state(portal: Scene) -> Any:
    """What the host has of the keys and the choice; the end of a grace moves by the seconds."""
    facts = portal.app.extensions["host_acts"].accounts.analyst_now("bob")
    keys = [(one.fingerprint, one.is_revoked, one.until is not None) for one in facts.keys]
    return keys, facts.datasets and facts.datasets.without


@pytest.mark.parametrize("ask", ASKS, ids=" ".join)
def test_what_is_asked_twice_is_done_and_answered_as_once(
    portal: Scene, ask: tuple[str, str, str]
) -> None:
    token = portal.token("bob", *Scope)
    path, body = ASKS[ask]
    more = {} if body is None else {"json": body}
    before = state(portal)
    first = portal.api(ask[0], path, token, **more)
    after = state(portal)
    second = portal.api(ask[0], path, token, **more)
    assert first.status_code in (200, 204), first.text
    assert after != before
    assert second.status_code == first.status_code, second.text
    assert state(portal) == after
