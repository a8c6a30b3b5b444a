"""Facts in, exact steps out."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broker.sources.contract import Window
from broker.sync.plan import Kept, RowAction, Step, SyncRule, next_step, seen, whole_step

NOW = datetime(2026, 11, 22, 16, 30, tzinfo=UTC)
WATERMARK = datetime(2026, 11, 20, 3, 0, tzinfo=UTC)


def days(count: float) -> timedelta:
    return timedelta(days=count)


CASES = {
    "a full refresh reads everything, whatever was kept": (
        SyncRule("full_refresh"),
        Kept(WATERMARK),
        Step(RowAction.REPLACE, Window()),
    ),
    "a first incremental load without a bounded history reads everything": (
        SyncRule("incremental"),
        None,
        Step(RowAction.REPLACE, Window()),
    ),
    "an incremental run overlaps what was read before": (
        SyncRule("incremental", window_days=7),
        Kept(WATERMARK),
        Step(RowAction.MERGE, Window(WATERMARK - days(7), None)),
    ),
    "a cursor column bounds by its values": (
        SyncRule("incremental", cursor="updated_at", window_days=0),
        Kept(WATERMARK),
        Step(RowAction.MERGE, Window(WATERMARK, None, "updated_at")),
    ),
    "a census goes with the changes": (
        SyncRule("incremental", census=True, window_days=1),
        Kept(WATERMARK),
        Step(RowAction.MERGE, Window(WATERMARK - days(1)), census=True),
    ),
    "a partitioned table replaces whole months": (
        SyncRule("partitioned", partition_by="day", granularity="month", window_days=7),
        Kept(WATERMARK),
        Step(RowAction.REPLACE_RANGE, Window(datetime(2026, 11, 1, tzinfo=UTC), None, "day")),
    ),
    "a partitioned table replaces whole years": (
        SyncRule("partitioned", partition_by="day", granularity="year", window_days=400),
        Kept(WATERMARK),
        Step(RowAction.REPLACE_RANGE, Window(datetime(2025, 1, 1, tzinfo=UTC), None, "day")),
    ),
    "rows without a key are read on exactly where reading ended": (
        SyncRule("incremental", keyed=False, window_days=7),
        Kept(WATERMARK),
        Step(RowAction.MERGE, Window(WATERMARK)),
    ),
    "rows without a key that are read again are added where they are not there": (
        SyncRule("incremental", keyed=False, cursor="at", window_days=1, append_only=True),
        Kept(WATERMARK),
        Step(RowAction.ADD, Window(WATERMARK - days(1), None, "at")),
    ),
    "partitions that only grow are added to": (
        SyncRule("partitioned", partition_by="day", granularity="year", append_only=True),
        Kept(WATERMARK),
        Step(RowAction.ADD, Window(datetime(2026, 1, 1, tzinfo=UTC), None, "day")),
    ),
    "a full refresh of a table that only grows adds": (
        SyncRule("full_refresh", append_only=True),
        Kept(WATERMARK),
        Step(RowAction.ADD, Window()),
    ),
    "a first full refresh of a table that only grows is the table": (
        SyncRule("full_refresh", append_only=True),
        None,
        Step(RowAction.REPLACE, Window()),
    ),
    "a bounded history begins with its first chunk": (
        SyncRule("incremental", max_history_days=70, chunk_days=30),
        None,
        Step(
            RowAction.REPLACE,
            Window(datetime(2026, 9, 13, tzinfo=UTC), datetime(2026, 10, 13, tzinfo=UTC)),
            last=False,
        ),
    ),
    "chunks that nothing bounds would each be the whole table": (
        SyncRule("incremental", max_history_days=70, chunk_days=30, tracked=False),
        None,
        Step(RowAction.REPLACE, Window()),
    ),
    "a load that was cut off goes on where it stopped": (
        SyncRule("incremental", max_history_days=70, chunk_days=30),
        Kept(NOW - days(20), loading=True),
        Step(RowAction.MERGE, Window(NOW - days(20), None)),
    ),
}


@pytest.mark.parametrize(
    ("type_", "newest", "expected"),
    [
        ("TIMESTAMPTZ", WATERMARK + days(400), WATERMARK),
        ("TIMESTAMPTZ", WATERMARK - days(1), WATERMARK - days(1)),
        ("TIMESTAMP", WATERMARK, WATERMARK - days(0.5)),
        ("DATE", WATERMARK + days(1), datetime(2026, 11, 19, tzinfo=UTC)),
        ("DATE", datetime(2026, 11, 3, tzinfo=UTC), datetime(2026, 11, 3, tzinfo=UTC)),
    ],
)
def test_reading_goes_on_no_later_than_at_the_last_row(
    type_: str, newest: datetime, expected: datetime
) -> None:
    assert seen(Kept(WATERMARK), newest, type_) == Kept(expected)


@pytest.mark.parametrize("case", CASES, ids=list(CASES))
def test_next_step(case: str) -> None:
    rule, kept, expected = CASES[case]
    assert next_step(rule, kept, NOW) == expected


def test_loading_anew_at_once_keeps_to_the_bounded_history() -> None:
    rule = SyncRule("incremental", cursor="at", max_history_days=70, chunk_days=30)
    begins = datetime(2026, 9, 13, tzinfo=UTC)
    assert whole_step(rule, NOW) == Step(RowAction.REPLACE, Window(begins, None, "at"))
    assert whole_step(SyncRule("full_refresh", max_history_days=70), NOW).window == Window()


@given(
    history=st.integers(1, 1000),
    chunk=st.integers(1, 200),
    strategy=st.sampled_from(["incremental", "partitioned"]),
)
def test_chunks_of_an_initial_load_leave_no_gap(history: int, chunk: int, strategy: str) -> None:
    rule = SyncRule(strategy, partition_by="day", max_history_days=history, chunk_days=chunk)
    step = next_step(rule, None, NOW)
    assert step.action is RowAction.REPLACE
    assert step.window.since is not None
    assert step.window.since <= NOW - days(history)
    while not step.last:
        assert step.window.until is not None
        following = next_step(rule, Kept(step.window.until, loading=True), NOW)
        assert following.action is RowAction.MERGE
        assert following.window.since == step.window.until
        step = following
    assert step.window.until is None
