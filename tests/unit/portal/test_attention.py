from __future__ import annotations

from datetime import UTC, datetime, timedelta

from broker.catalog.standing import OperatorsIndex, TableStanding
from broker.manifest import Status
from broker.portal.attention import matters_of

NOW = datetime(2026, 11, 30, 12, tzinfo=UTC)


def table(path: str, hours: int, promise: int | None, status: Status = Status.OK) -> TableStanding:
    as_of = NOW - timedelta(hours=hours)
    return TableStanding(path, path, "public", status, NOW, as_of=as_of, freshness_seconds=promise)


def test_a_table_that_is_older_than_promised_needs_a_person_and_so_does_a_warning() -> None:
    standing = OperatorsIndex(
        generation="2026-11-30T121914Z-3724",
        created_at=NOW,
        tables=(
            table("shop/orders", 2, 3_600),
            table("shop/stores", 2, None),
            table("shop/visits", 1, 3_600),
            table("shop/failed", 2, 3_600, Status.FAILED),
        ),
        warnings=("metric revenue is not published",),
    )
    found = [(one.grade, one.words) for one in matters_of({}, standing, (), 0, NOW)]
    assert found == [
        ("bad", "shop/failed not loaded at the last sync"),
        ("warn", "shop/orders older than promised"),
        ("warn", "metric revenue is not published"),
    ]
