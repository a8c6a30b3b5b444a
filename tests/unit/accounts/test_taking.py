"""What takes rights is done although the log cannot be written, or an action before it failed."""

from __future__ import annotations

import errno
from dataclasses import replace
from typing import Any

import pytest

from broker.accounts.debian.host import Host
from broker.accounts.debian.observe import observe
from broker.accounts.manage import converge
from broker.accounts.planning.change import only_takes
from broker.accounts.records.keyrequest import key_request
from broker.accounts.records.keys import parse_key
from broker.accounts.records.model import Person, Request
from broker.accounts.records.paths import HostPaths
from broker.accounts.records.registry import make_registry
from broker.audit.pending import pending_of
from broker.audit.reading import read_log
from broker.errors import BrokerError
from broker.hostpaths import AUDIT_LOG

from .conftest import Ask
from .scratch import ScratchSystem, public_key

ONE, TWO, NEW, EVES = (
    parse_key(public_key(word), where="x") for word in ("one", "two", "new", "eve")
)
DAY, LATER = "2026-12-01T00:00:00Z", "2026-12-02T00:00:00Z"
ANNA = Person("anna", 1501, keys=(ONE, TWO), classes=("private",), shell=True)  # noqa: S604 - a login, no process
BOB = Person("bob", 1502, keys=(NEW,))


@pytest.mark.parametrize(
    ("after", "taken"),
    [
        ([replace(ANNA, state="absent"), BOB], True),
        ([BOB], True),
        ([replace(ANNA, classes=()), BOB], True),
        ([replace(ANNA, shell=False), BOB], True),
        ([replace(ANNA, keys=(replace(ONE, revoked=True), TWO)), BOB], True),
        ([replace(ANNA, keys=(replace(ONE, grace=DAY), TWO)), BOB], True),
        ([replace(ANNA, keys=(ONE, replace(BOB.keys[0], name="x"))), BOB], True),
        ([ANNA, BOB], False),
        ([ANNA, replace(BOB, email="b@example.com")], False),
        ([replace(ANNA, keys=(*ANNA.keys, NEW)), BOB], False),
        ([replace(ANNA, classes=()), replace(BOB, shell=True)], False),  # noqa: S604 - a login, no process
        ([replace(ANNA, state="absent"), replace(BOB, classes=("private",))], False),
        ([replace(ANNA, classes=("finance",)), BOB], False),
        ([BOB, Person("eve", 1503, keys=(ONE,))], False),
    ],
)
def test_an_act_takes_only_where_no_analyst_gains(after: list[Person], taken: bool) -> None:
    assert only_takes([], make_registry([ANNA, BOB], 0), make_registry(after, 0)) is taken


def test_a_later_end_of_a_key_is_given_and_a_sooner_one_taken() -> None:
    soon, late = (
        make_registry([replace(ANNA, keys=(replace(ONE, expires=day),))], 0) for day in (DAY, LATER)
    )
    assert only_takes([], late, soon)
    assert not only_takes([], soon, late)
    assert not only_takes([], soon, make_registry([replace(ANNA, keys=(ONE,))], 0))


@pytest.mark.parametrize(
    ("wanted", "taken"),
    [
        (Request("anna", state="absent"), True),
        (Request("anna", revoke=("private",)), True),
        (Request("anna", retired=("*",)), True),
        (Request("anna", shell=False), True),
        (Request("anna", shell=True), False),  # noqa: S604 - a login, no process
        (Request("anna", grant=("private",)), False),
        (Request("olga", sudo=False, role="operator"), True),
        (Request("olga", sudo=True, role="operator"), False),
    ],
)
def test_what_the_list_says_already_may_be_asked_for_again(wanted: Request, taken: bool) -> None:
    registry = make_registry([ANNA], 0)
    assert only_takes([wanted], registry, registry) is taken


@pytest.fixture
def people(layout: HostPaths, ask: Ask, system: ScratchSystem) -> ScratchSystem:
    """Anna has two keys, private data and a shell, and something runs under her account."""
    ask("anna", ONE.line, TWO.line, private=True, shell=True)  # noqa: S604 - a login, no process
    uid = observe(Host(layout, system)).registry.by_name()["anna"].uid
    system.groups_of[uid] = frozenset(
        {uid, *observe(Host(layout, system)).accounts.groups.values()}
    )
    system.ended.clear()
    return system


TAKING: dict[str, dict[str, Any]] = {
    "remove": {"state": "absent"},
    "revoke": {"revoke": ("private",), "known": True},
    "no shell": {"shell": False},
}
KEYS: dict[str, dict[str, Any]] = {
    "revoke a key": {"state": "absent", "old": [ONE.fingerprint]},
    "rotate at once": {"state": "rotated", "key": NEW.line, "old": (), "grace": "0m"},
}


def request(act: str) -> Request:
    if act in KEYS:
        return key_request("anna", **KEYS[act])
    return Request("anna", **TAKING[act])


@pytest.mark.parametrize("act", [*TAKING, *KEYS])
def test_rights_are_taken_without_the_log_and_its_lines_follow(
    layout: HostPaths, people: ScratchSystem, act: str
) -> None:
    log = layout.at(AUDIT_LOG)
    away = log.rename(log.with_name("away"))
    log.mkdir()
    outcome = converge([request(act)], Host(layout, people))
    assert outcome.changed
    assert people.ended
    assert not converge([request(act)], Host(layout, people)).changed
    assert [f"{log} cannot be written" in one for one in outcome.warnings] == [True]
    assert read_log(log.with_name("none")).events == ()
    with pytest.raises(BrokerError, match="so nothing was done"):
        converge([Request("eve", keys=(EVES,))], Host(layout, people))
    log.rmdir()
    away.rename(log)
    history = read_log(log)
    assert history.pending >= 2
    assert history.events[-1].result == "done"
    again = key_request("anna", "present", key=public_key("more"))
    if act != "remove":
        assert converge([again], Host(layout, people)).warnings == ()
        assert pending_of(log).read_bytes() == b""
        assert read_log(log).pending == 0
        assert [one.subject for one in read_log(log).events if one.subject] == ["anna"] * 3


@pytest.mark.parametrize("more", [{}, {"retired": (ONE.fingerprint,)}])
@pytest.mark.parametrize("act", TAKING)
def test_where_an_account_cannot_be_changed_its_keys_open_nothing(
    layout: HostPaths,
    people: ScratchSystem,
    act: str,
    more: dict[str, Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device", "/etc/group")

    with monkeypatch.context() as broken:
        broken.setattr(ScratchSystem, "change", full)
        broken.setattr(ScratchSystem, "remove", full)
        with pytest.raises(BrokerError, match=r"No space left on device.*opens: anna") as caught:
            converge([replace(request(act), **more)], Host(layout, people))
        assert "could not" in str(caught.value)
        assert not (layout.at(layout.keys) / "anna").exists()
        assert people.ended
    converge((), Host(layout, people))
    left = people.accounts().users.get("anna")
    wanted = {
        "remove": None,
        "revoke": {"dataread", "data-shell"},
        "no shell": {"dataread", "data-private"},
    }
    assert (left.groups if left else None) == wanted[act]
    assert (layout.at(layout.keys) / "anna").exists() == (act != "remove")


def test_what_gives_is_not_done_after_a_failure(
    layout: HostPaths, people: ScratchSystem, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise BrokerError("systemd-sysusers failed with code 1")

    monkeypatch.setattr(ScratchSystem, "add", fail)
    requests = [Request("bob", keys=(NEW,)), Request("anna", revoke=("private",))]
    with pytest.raises(BrokerError, match="systemd-sysusers failed"):
        converge(requests, Host(layout, people))
    assert not (layout.at(layout.keys) / "bob").exists()
    assert "data-private" not in people.accounts().users["anna"].groups
    assert people.ended
