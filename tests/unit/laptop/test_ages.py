"""How old tables are, by the laptop's clock and by what the broker signed."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from broker.laptop.ages import age_of, clock_warning, length, now_by
from broker.manifest import Manifest, Status, TableEntry
from tests.laptop_folders import MADE_AT

MANIFEST = Manifest(generation="2026-11-01T120000Z-0000", created_at=MADE_AT)
TABLE = TableEntry(id="shop.orders", name="orders", path="shop/orders", as_of=MADE_AT)


def problem(now: datetime, **changes: Any) -> str | None:
    return age_of(replace(TABLE, **changes), "orders", now).problem


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, None),
        ({"freshness_seconds": 7_200}, None),
        (
            {"freshness_seconds": 7_199},
            "orders is of 2026-11-01 12:00 UTC, older than the 1 h 59 min promised",
        ),
        ({"status": Status.EMPTY}, None),
        (
            {"status": Status.FAILED},
            "orders is of 2026-11-01 12:00 UTC: last load failed",
        ),
        (
            {"status": Status.HELD},
            "orders is of 2026-11-01 12:00 UTC: waits for approval",
        ),
        (
            {"status": Status.ABSENT, "as_of": None},
            "orders has never been loaded: gone from the source",
        ),
    ],
)
def test_a_table_is_old_by_its_promise_and_by_how_its_last_load_went(
    changes: dict[str, Any], expected: str | None
) -> None:
    assert problem(MADE_AT + timedelta(hours=2), **changes) == expected


def test_a_clock_that_is_behind_hides_no_age_before_the_generation_and_is_reported() -> None:
    loaded = MADE_AT - timedelta(hours=3)
    clock = MADE_AT - timedelta(days=400)
    now = now_by(clock, MANIFEST)
    assert now == MADE_AT
    assert problem(now, as_of=loaded, freshness_seconds=3_600) is not None
    warning = clock_warning(MANIFEST, clock)
    assert warning is not None
    assert warning.startswith("the clock of this laptop is 400 d behind")
    assert clock_warning(MANIFEST, MADE_AT - timedelta(minutes=5)) is None
    assert clock_warning(MANIFEST, MADE_AT - timedelta(minutes=6)) is not None
    assert now_by(MADE_AT + timedelta(days=1), MANIFEST) == MADE_AT + timedelta(days=1)


def test_what_a_table_says_of_itself_never_acts_on_a_terminal() -> None:
    entry = replace(TABLE, status=Status.FAILED)
    assert "\x1b" not in str(age_of(entry, "or\x1bders", MADE_AT).problem)


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [(0, "0 s"), (59.9, "59 s"), (61, "1 min 1 s"), (3_600, "1 h"), (90_061, "1 d 1 h")],
)
def test_a_length_has_its_two_largest_units(seconds: float, expected: str) -> None:
    assert length(seconds) == expected
