"""Since when tables are as they are."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from broker.catalog.facts import ContentSince, StatusSince
from broker.catalog.since import contents_since, statuses_since
from broker.manifest import Manifest, Status, TableEntry
from broker.tables.model import DataFile

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
FILE = DataFile("parquet/shop/orders.parquet", 1, 1, "0" * 64)
ORDERS = TableEntry("in.orders", "orders", "shop/orders", files=(FILE,), loaded_at=NOON)
PAY = TableEntry("in.pay", "pay", "hr/pay", access="private")
FIRST = Manifest("2026-11-22T120000Z-0000", NOON, (ORDERS, PAY))


def test_a_status_is_as_old_as_its_first_generation() -> None:
    later = replace(FIRST, created_at=NOON + timedelta(hours=1))
    before = {
        "in.pay": StatusSince(Status.FAILED, NOON),
        "in.orders": StatusSince(Status.OK, NOON),
        "in.gone": StatusSince(Status.OK, NOON),
    }
    found = statuses_since(later, before)
    assert {name: one.since for name, one in found.items()} == {
        "in.orders": NOON,
        "in.pay": later.created_at,
    }


def since(later: TableEntry, before: dict[str, ContentSince]) -> datetime:
    manifest = Manifest("2026-11-22T130000Z-0000", NOON + timedelta(hours=1), (later,))
    found = contents_since(manifest, before, set())[later.id].since
    assert found is not None
    return found


def test_a_load_that_brought_no_other_rows_is_not_a_change() -> None:
    before = dict(contents_since(FIRST, {}, set()))
    again = replace(ORDERS, loaded_at=NOON + timedelta(hours=1), description="x", error="y")
    assert since(again, before) == NOON
    other = replace(FILE, sha256="1" * 64)
    assert since(replace(again, files=(other,)), before) == NOON + timedelta(hours=1)


def test_rows_that_others_read_from_now_on_are_new_to_them() -> None:
    before = dict(contents_since(FIRST, {}, set()))
    assert since(replace(PAY, access="public"), before) == NOON + timedelta(hours=1)


def test_what_an_older_release_does_not_say_is_unknown_until_it_changes() -> None:
    first = contents_since(FIRST, {}, {ORDERS.id})
    assert first[ORDERS.id].since is None
    assert first[PAY.id].since == FIRST.created_at
    assert contents_since(FIRST, first, {ORDERS.id})[ORDERS.id].since is None
    other = replace(ORDERS, files=(replace(FILE, sha256="1" * 64),))
    assert since(other, dict(first)) == NOON + timedelta(hours=1)
