from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from broker.catalog.standing import OperatorsIndex, TableStanding
from broker.manifest import Status
from broker.portal.attention import matters_of
from broker.portal.database.backup_note import BackupNote, BackupStanding

NOW = datetime(2026, 11, 30, 12, tzinfo=UTC)
NOTE = BackupNote(NOW, "/root/portal.backup", 7)
WELL = BackupStanding(NOTE)


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
    matters = matters_of({}, standing, (), 0, NOW, backup=WELL)
    found = [(one.grade, one.words) for one in matters]
    assert found == [
        ("bad", "shop/failed not loaded at the last sync"),
        ("warn", "shop/orders older than promised"),
        ("warn", "metric revenue is not published"),
    ]


@pytest.mark.parametrize(
    ("backup", "expected"),
    [
        (WELL, []),
        (BackupStanding(None), [("warn", "No backup of the portal's database was made yet")]),
        (
            BackupStanding(NOTE, is_old=True),
            [("warn", "The last backup of the portal's database is older than 7 days")],
        ),
        (BackupStanding(None, problem="the note is damaged"), [("bad", "the note is damaged")]),
    ],
)
def test_a_backup_that_is_missing_old_or_not_known_needs_a_person(
    backup: BackupStanding, expected: list[tuple[str, str]]
) -> None:
    found = matters_of({}, None, (), 0, NOW, backup=backup)
    assert [(one.grade, one.words) for one in found] == expected
    assert {one.endpoint for one in found} <= {"admin.health"}
