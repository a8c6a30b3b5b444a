"""Windows never begin behind a row that is still to come: clocks differ, and days are long."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from .feigned import START, Feign, Feigned
from .test_edges import Make, deliver, outcome, table

WITHOUT_WINDOW = (
    "sync_strategy: incremental",
    "incremental_column: at",
    "incremental_window_days: 0",
    "deletions: append_only",
)


@pytest.mark.parametrize("key", ["id", None])
@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("2026-06-01", "2026-06-01"),
        ("2026-07-01", "2026-06-01"),
        ("2026-06-01 07:00:00", "2026-06-01 08:30:00"),
        ("2026-07-01 07:00:00", "2026-06-01 08:30:00"),
        ("2026-06-01T10:00:00Z", "2026-06-01T11:00:00Z"),
        ("2026-05-20T10:00:00Z", "2026-05-20T11:00:00Z"),
    ],
    ids=["day", "day ahead", "wall", "wall ahead", "instant", "old file"],
)
def test_a_row_after_the_last_one_is_read(
    described: Make, before: str, after: str, key: str | None
) -> None:
    instance = described(table(*WITHOUT_WINDOW, key=key))
    rows = f"id,at\n1,2026-01-01{before[10:]}\n2,{before}\n"
    deliver(instance, rows, 1)
    assert outcome(instance)[0] == 0
    deliver(instance, f"{rows}3,{after}\n", 2)
    assert outcome(instance)[0] == 0
    assert [row[0] for row in instance.rows("s/t")] == [1, 2, 3]


def test_a_first_load_by_a_clock_that_is_ahead_is_made_up_for(tmp_path: Path) -> None:
    source = Feigned("id BIGINT, stamp TIMESTAMPTZ")
    lines = (
        "primary_key: id, sync_strategy: incremental, incremental_column: stamp, "
        "max_history_days: 60, deletions: append_only"
    )
    feign = Feign(tmp_path, {"s.t": source}, f"  - {{id: s.t, {lines}}}\n")
    for day in range(50):
        source.put(day, START - timedelta(days=day))
    right = source.now
    source.now = right + timedelta(days=365)
    assert feign.sync().exit_code == 0
    assert feign.entry("s.t").rows == 0
    source.now = right
    source.tick()
    source.put(50, START)
    assert feign.sync().exit_code == 0
    assert feign.entry("s.t").rows == 51
