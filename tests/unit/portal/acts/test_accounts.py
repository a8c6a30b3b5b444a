"""How often the helper of the host is asked, and what is shown where it is busy."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from broker.accounts.debian.host import Host
from broker.accounts.manage import converge, list_analysts
from broker.accounts.records.model import parse_request
from broker.errors import BrokerError, LockedError
from broker.portal.acts import accounts as module
from broker.portal.acts.accounts import AccountActs
from broker.portal.viewer import AccountId
from tests.unit.accounts.scratch import ScratchSystem, make_root, public_key

ANNA, BOB = AccountId("anna", 2001), AccountId("bob", 2001)


class Busy:
    """A helper that counts, and may be busy. Every analyst is as ``row`` says."""

    def __init__(self, row: dict[str, Any]) -> None:
        self.row = row
        self.requests: list[tuple[str, Any]] = []
        self.is_busy = False

    def call(self, verb: str, **fields: Any) -> dict[str, Any]:
        self.requests.append((verb, fields.get("name")))
        if self.is_busy:
            raise LockedError("this account asks too often")
        return {"analysts": [{**self.row, "name": fields.get("name") or "anna"}]}


@pytest.fixture
def helper(tmp_path: Path) -> Busy:
    host = Host(make_root(tmp_path), ScratchSystem(tmp_path))
    converge([parse_request("anna", keys=[public_key("anna")])], host)
    (row,) = list_analysts(host)
    return Busy({**row, "uid": ANNA.uid})


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    times = [100.0]
    monkeypatch.setattr(module.time, "monotonic", lambda: times[0])
    return times


def test_however_many_people_look_the_host_is_asked_once_in_10_seconds(
    clock: list[float], helper: Busy
) -> None:
    acts = AccountActs(lambda _: helper)
    for _ in range(50):
        acts.analyst(ANNA)
    assert helper.requests == [("list", None)]
    acts.analyst(BOB)  # who is not in it may be new
    assert helper.requests == [("list", None), ("list", "bob")]
    clock[0] += 11
    acts.analyst(ANNA)
    assert len(helper.requests) == 3


def test_an_act_and_a_look_at_its_effect_ask_anew(clock: list[float], helper: Busy) -> None:
    del clock
    acts = AccountActs(lambda _: helper)
    acts.analyst(ANNA)
    acts.revoke_key("anna@example.com", ANNA, "SHA256:x")
    acts.analyst(ANNA, fresh=True)
    acts.analyst(ANNA)
    assert helper.requests == [
        ("list", None),
        ("key-revoke", "anna"),
        ("list", "anna"),
        ("list", None),
    ]


def test_a_busy_host_is_excused_for_a_minute_but_never_for_an_effect(
    clock: list[float], helper: Busy
) -> None:
    acts = AccountActs(lambda _: helper)
    acts.analysts()
    helper.is_busy = True
    clock[0] += 30
    assert acts.analyst(ANNA) is not None
    with pytest.raises(LockedError):
        acts.analyst(ANNA, fresh=True)
    clock[0] += 31
    with pytest.raises(LockedError):
        acts.analyst(ANNA)


def test_one_person_leaves_room_for_others(helper: Busy) -> None:
    acts = AccountActs(lambda _: helper, "3 per minute")
    for _ in range(3):
        acts.add_key("anna@example.com", ANNA, "key")
    with pytest.raises(LockedError, match="too often"):
        acts.add_key("anna@example.com", ANNA, "key")
    acts.add_key("bob@example.com", BOB, "key")
    for _ in range(5):
        acts.analyst(ANNA, fresh=True)
    assert helper.requests.count(("list", "anna")) == 3


@pytest.mark.parametrize("odd", ["echo \u202egnp.exe", "echo a\rrm -r ~", "echo \x1b[2J"])
@pytest.mark.parametrize("system", ["lines", "windows"])
def test_lines_that_are_not_on_the_page_what_a_terminal_gets_are_not_shown(
    system: str, odd: str
) -> None:
    class Helper:
        def call(self, verb: str, **_: Any) -> dict[str, Any]:
            assert verb == "contact"
            return {"lines": ["ssh a"], "windows": ["cd a"], system: ["ssh a", odd]}

    with pytest.raises(BrokerError, match="characters which do not print") as caught:
        AccountActs(lambda _: Helper()).contact("anna@example.com", ANNA, "")
    assert odd not in str(caught.value)
