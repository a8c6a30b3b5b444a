"""What ``broker access why`` says of a table that waits for a person."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from broker.access.policy import NOTHING, Permission, Reader
from broker.access.why import Answer, why
from broker.config import Description, Instance, TableDescription
from broker.manifest import Status
from broker.publish import Store
from tests.unit.publish.making import entry, publish

ANNA = Reader("anna", 1000, 1000, (), frozenset({"private"}))
HELD = "held as published before, until a person approves that it is public: nothing says otherwise"


@pytest.fixture(autouse=True)
def observed(monkeypatch: pytest.MonkeyPatch) -> None:
    def nothing(_: Reader, places: Sequence[object]) -> list[Permission]:
        return [NOTHING] * len(places)

    monkeypatch.setattr(sys.modules[why.__module__], "try_as", nothing)


def answer(folder: Path, access: str) -> Answer:
    store = Store(folder / "data", reserve_bytes=0)
    table = replace(entry("pay", access), id="in.pay")
    made = publish(store, {table: 1})
    waiting = replace(made.manifest.tables[0], status=Status.HELD, error="held")
    described = Description((TableDescription.model_validate({"id": "in.pay"}),))
    return why(ANNA, waiting, made, Instance(), described)


def test_a_held_table_is_as_it_was_published(tmp_path: Path) -> None:
    found = answer(tmp_path, "private")
    assert (found.allowed, found.origin) == (True, HELD)


def test_a_table_of_no_class_is_for_nobody(tmp_path: Path) -> None:
    found = answer(tmp_path, "-")
    assert (found.allowed, found.group, found.origin) == (False, "no group", HELD)
    assert found.as_decided
