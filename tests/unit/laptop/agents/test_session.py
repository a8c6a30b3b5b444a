from __future__ import annotations

from datetime import timedelta

import pytest

from broker.laptop.agents.background import BackgroundSync
from broker.laptop.agents.session import opening
from broker.manifest import Status

from .folders import NOON, manifest, table

BEGAN = "2026-11-22T10:00:00+00:00"


def lines(outcome: BackgroundSync | None, *tables: object, hours: float = 1) -> list[str]:
    now = NOON + timedelta(hours=hours)
    return opening(manifest(*tables), outcome, now, starts_sync=False).splitlines()  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("hours", "age"), [(-5, "0 min"), (0.5, "30 min"), (3, "3 h"), (47, "47 h"), (50, "2 days")]
)
def test_the_age_of_the_data_comes_first(hours: float, age: str) -> None:
    assert lines(None, table("orders"), hours=hours)[0] == (
        "Company data in this folder: generation `2026-11-22T120000Z-7f3a`, published"
        f" 2026-11-22 12:00 UTC ({age} ago), 1 table."
    )


def test_tables_older_than_promised_are_named() -> None:
    fresh = table("fresh", as_of=NOON, freshness_seconds=7_200)
    late = table("late", as_of=NOON - timedelta(hours=5), freshness_seconds=7_200)
    never = table("never", freshness_seconds=60)
    assert lines(None, fresh, table("any"))[1] == "No table is older than promised."
    assert lines(None, fresh, late, never)[1] == (
        "Older than promised: `late` (6 h old, promised 2 h),"
        " `never` (never loaded, promised 1 min)."
    )


def test_tables_that_the_broker_could_not_load_are_named() -> None:
    broken = table("orders", status=Status.FAILED, as_of=NOON)
    found = lines(None, broken)
    assert found[1] == "Not up to date at the broker: `orders` (failed)."
    assert "No table is older than promised." not in found


@pytest.mark.parametrize(
    ("outcome", "expected"),
    [
        (BackgroundSync(BEGAN), "was cut off; the data before it are in use."),
        (BackgroundSync(BEGAN, BEGAN, 0, "a", "a"), "found nothing new."),
        (
            BackgroundSync(BEGAN, BEGAN, 0, "a", "b", ("orders",)),
            "brought `b`: other rows in `orders`.",
        ),
        (BackgroundSync(BEGAN, BEGAN, 3, "a", "b"), "brought `b`: other rows in no table."),
        (BackgroundSync(BEGAN, BEGAN, 75, "a", "a"), "met another one that was running."),
        (
            BackgroundSync(BEGAN, BEGAN, 1, "a", "a", (), "x\x1b[2J `y`"),
            r"failed with exit code 1: `` x\x1b[2J `y` ``.",
        ),
    ],
)
def test_how_the_last_sync_in_the_background_ended_is_shown(
    outcome: BackgroundSync, expected: str
) -> None:
    assert lines(outcome)[2] == f"The sync in the background that began {BEGAN} {expected}"


def test_a_sync_that_starts_now_is_announced() -> None:
    text = opening(manifest(), None, NOON, starts_sync=True)
    assert "A sync has started in the background" in text
    assert "started" not in "".join(lines(None))


def test_an_agent_reads_all_of_it_whatever_there_is_to_say() -> None:
    tables = [
        table(f"{n:03}" + "é" * 120, status=Status.FAILED, freshness_seconds=1) for n in range(99)
    ]
    changed = tuple("x" * 900 for _ in range(99))
    for outcome in (
        BackgroundSync(BEGAN, BEGAN, 0, "a", "b", changed),
        BackgroundSync(BEGAN, BEGAN, 1, "a", "a", (), "\U000e0001`" * 9_000),
    ):
        found = lines(outcome, *tables)
        assert len("\n".join(found)) < 10_000
        assert "and 79 more" in found[1]


def test_what_others_wrote_stays_in_code_spans() -> None:
    hostile = table("x` @evil", status=Status.FAILED)
    assert lines(None, hostile)[1] == "Not up to date at the broker: ``x` @evil`` (failed)."
