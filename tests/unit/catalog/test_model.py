"""What a catalog says comes back exactly as it was written."""

from __future__ import annotations

import json

import pytest

from broker.catalog.standing import HeldKeys
from broker.catalog.written import (
    details_from_json,
    index_from_json,
    keys_from_json,
    operators_from_json,
    to_json,
)
from broker.errors import CatalogError

from .example import HOSTILE, example_catalog


@pytest.mark.parametrize("hostile", [False, True])
def test_json_round_trip_is_exact(hostile: bool) -> None:
    example = example_catalog(12, hostile=hostile, long=10_000)
    content = to_json(example.index)
    assert index_from_json(content, where="x") == example.index
    assert to_json(index_from_json(content, where="x")) == content
    for details in example.details.values():
        assert details_from_json(to_json(details), where="x") == details


def test_what_acts_on_a_terminal_is_written_as_an_escape() -> None:
    content = to_json(example_catalog(hostile=True).index)
    assert "\u202e" in HOSTILE
    assert "\u202e".encode() not in content
    assert b"\\u202e" in content


def test_keys_of_rows_keep_all_their_digits() -> None:
    keys = HeldKeys(
        "public",
        {"shop/orders": [{"id": 2**62, "name": "a", "none": None}]},
        {"shop/orders": "1" * 64},
    )
    assert keys_from_json(to_json(keys), where="x") == keys


@pytest.mark.parametrize(
    "change",
    [
        {"classes": "public"},
        {"created_at": "yesterday"},
        {"created_at": "2026-11-30T12:00:00"},
        {"tables": [{"path": "a/b"}]},
        {"another": 1},
        {"format": 0},
    ],
)
def test_nothing_else_is_read(change: dict[str, object]) -> None:
    plain = json.loads(to_json(example_catalog().index))
    content = json.dumps(plain | change).encode()
    with pytest.raises(CatalogError, match="a file of the catalog is damaged"):
        index_from_json(content, where="catalog.json")


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"null", b"\xff\xfe"])
def test_what_is_not_json_is_damaged(content: bytes) -> None:
    for read in (index_from_json, details_from_json, operators_from_json, keys_from_json):
        with pytest.raises(CatalogError, match="damaged"):
            read(content, where="x")


def test_what_a_newer_broker_wrote_is_named_as_such() -> None:
    plain = json.loads(to_json(example_catalog().index))
    content = json.dumps({**plain, "format": 2, "new": 1}).encode()
    with pytest.raises(CatalogError, match="newer broker"):
        index_from_json(content.replace(b', "new": 1', b""), where="x")


def test_an_audience_finds_its_tables_relations_and_metrics() -> None:
    index = example_catalog(6).index
    assert index.table("shop/table_0") is index.tables[0]
    assert index.table("shop/other") is None
    assert [one.table for one in index.relations_of("shop/table_3")] == [
        "shop/table_3",
        "ledger/table_5",
    ]
    assert {one.name for one in index.metrics_of("shop/table_0")} == {
        "broken",
        "monthly_revenue",
        "orders_by_status",
    }
    assert index.metrics_of("hr/table_1") == ()
    assert index.metric("broken") is index.metrics[0]
    assert index.metric("other") is None
    assert index.tables[1].folder == "hr"


def test_the_example_shows_each_audience_its_own_tables() -> None:
    public = example_catalog(6, classes=["public"])
    assert {one.access for one in public.index.tables} == {"public"}
    assert [one.name for one in public.index.datasets] == ["sales"]
