from __future__ import annotations

import json

import pytest

from broker.accounts.records.keys import parse_keys
from broker.accounts.records.model import Person
from broker.accounts.records.registry import (
    Registry,
    make_registry,
    parse_registry,
    render_registry,
)
from broker.errors import BrokerError

from ..scratch import public_key

ANNA = Person(
    "anna",
    1001,
    email="anna@example.com",
    keys=parse_keys([public_key("anna", "žluťoučký laptop")], where="anna"),
    classes=("private",),
    origin="declared",
)
BOB = Person("bob", 1002, state="absent", home="delete")


def test_what_is_written_is_what_is_read() -> None:
    registry = make_registry([BOB, ANNA], 1009)
    text = render_registry(registry)
    assert parse_registry(text, where="x") == registry
    assert render_registry(parse_registry(text, where="x")) == text
    assert [entry.name for entry in registry.people] == ["anna", "bob"]


def test_the_last_uid_never_falls_behind_the_entries() -> None:
    assert make_registry([BOB], 0) == Registry((BOB,), 1002)


@pytest.mark.parametrize(
    "change",
    [
        {"uid": 0},
        {"uid": 65_534},
        {"uid": "1001"},
        {"name": "root"},
        {"name": "../../etc"},
        {"keys": ["command=x"]},
        {"classes": ["../tree"]},
        {"state": "maybe"},
        {"home": "/etc"},
        {"origin": 3},
    ],
)
def test_an_entry_that_was_tampered_with_is_unreadable_not_absent(
    change: dict[str, object],
) -> None:
    document = json.loads(render_registry(make_registry([ANNA], 0)))
    document["analysts"][0] |= change
    with pytest.raises(BrokerError, match="cannot be read, so nothing was changed"):
        parse_registry(json.dumps(document), where="analysts.json")


@pytest.mark.parametrize("text", ["", "{", "[]", "null", '{"version": 2}', '{"version": 1}', "3"])
def test_a_broken_file_is_unreadable_not_empty(text: str) -> None:
    with pytest.raises(BrokerError, match=r"analysts\.json: .*Restore the file"):
        parse_registry(text, where="analysts.json")
