"""What admins see of every table."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from broker.catalog.facts import CatalogNotes
from broker.catalog.operators import held_keys, operators_index
from broker.catalog.since import statuses_since
from broker.catalog.standing import HeldKeys, PendingReaders
from broker.manifest import NO_CLASS, Manifest, Status, TableEntry
from broker.tables.issues import Issue, IssueKind

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
ORDERS = TableEntry("in.orders", "orders", "shop/orders")
PAY = TableEntry("in.pay", "pay", "hr/pay", access="private")
WAITING = TableEntry("in.new", "new", "shop/new", access=NO_CLASS, status=Status.HELD)
MANIFEST = Manifest("2026-11-22T120000Z-0000", NOON, (ORDERS, PAY, WAITING), run="run-7")


def test_every_table_is_there_with_what_waits_for_a_person() -> None:
    issue = Issue(IssueKind.HELD, 5, "the source does not have them any more")
    pay = replace(PAY, status=Status.HELD, losses=5, error="5 rows are gone", issues=(issue,))
    manifest = replace(MANIFEST, tables=(ORDERS, pay, WAITING))
    notes = CatalogNotes(statuses=statuses_since(manifest, {}), warnings=("metric m has no value",))
    readers = {"in.new": PendingReaders("before, no analyst; now every analyst", "d", "g")}
    found = operators_index(manifest, notes, readers)
    assert [one.path for one in found.tables] == ["hr/pay", "shop/new", "shop/orders"]
    salaries, new, orders = found.tables
    assert (salaries.held_rows, salaries.error) == (5, "5 rows are gone")
    assert salaries.readers is None
    assert salaries.issues == ("5 rows would go: the source does not have them any more",)
    assert (new.access, new.readers) == (NO_CLASS, readers["in.new"])
    assert orders.status is Status.OK
    assert (found.run, found.warnings) == ("run-7", ("metric m has no value",))


def test_keys_stand_by_class_and_those_of_no_class_nowhere() -> None:
    keys = {"in.orders": [{"id": 1}], "in.pay": [], "in.new": [{"id": 2}], "in.other": [{"id": 3}]}
    digests = {"in.orders": "1" * 64, "in.new": "2" * 64}
    rows, named = {"shop/orders": [{"id": 1}]}, {"shop/orders": "1" * 64}
    assert held_keys(MANIFEST, keys, digests) == {"public": HeldKeys("public", rows, named)}
    assert held_keys(MANIFEST, keys, {}) == {"public": HeldKeys("public", rows)}
