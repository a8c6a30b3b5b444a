"""What the record of syncs becomes when one begins or ends, and what an end means."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broker.runs import Begun, Ended, RunOutcome, RunRecord

NOW = datetime(2026, 11, 22, 16, 30, tzinfo=UTC)
UNIT = "broker-sync.service"
OLD, NEW = "2026-11-22T153000Z-7f3a", "2026-11-22T163000Z-7f3a"


def ended(
    result: str, code: str, status: str, invocation: str = "a", published: str | None = None
) -> Ended:
    return Ended(UNIT, invocation, None, NOW, result, code, status, published)


FINE = ended("success", "exited", "0")
FAILED = ended("exit-code", "exited", "2")


@pytest.mark.parametrize(
    ("run", "outcome", "reason"),
    [
        (FINE, RunOutcome.FINE, "exit code 0"),
        (ended("exit-code", "exited", "3"), RunOutcome.REJECTS, "rows were set aside"),
        (ended("success", "exited", "3"), RunOutcome.REJECTS, "rows were set aside"),
        (ended("exit-code", "exited", "1"), RunOutcome.FAILED, "exit code 1"),
        (ended("exit-code", "exited", "2"), RunOutcome.FAILED, "the configuration is invalid"),
        (ended("exit-code", "exited", "75"), RunOutcome.FAILED, "another process was busy"),
        (ended("exit-code", "exited", "203"), RunOutcome.FAILED, "cannot be started"),
        (ended("exit-code", "exited", "243"), RunOutcome.FAILED, "a secret or the signing key"),
        (ended("oom-kill", "killed", "KILL"), RunOutcome.FAILED, "memory ran out"),
        (ended("timeout", "killed", "TERM"), RunOutcome.FAILED, "broker_sync_time_limit"),
        (ended("signal", "killed", "KILL"), RunOutcome.FAILED, "signal KILL"),
        (ended("core-dump", "dumped", "ABRT"), RunOutcome.FAILED, "signal ABRT"),
        (ended("success", "killed", "TERM"), RunOutcome.FAILED, "it was stopped"),
        (ended("start-limit-hit", "", ""), RunOutcome.FAILED, "started too often"),
        (ended("resources", "", ""), RunOutcome.FAILED, "could not start it"),
        (ended("interrupted", "", ""), RunOutcome.FAILED, "cut off"),
        (ended("not-started", "", ""), RunOutcome.FAILED, "a unit that it needs failed"),
        (ended("something-new", "", ""), RunOutcome.FAILED, "systemd says something-new"),
        (ended("", "", ""), RunOutcome.FAILED, "systemd says"),
    ],
)
def test_an_end_counts_as_good_only_where_it_is_known_to_be(
    run: Ended, outcome: RunOutcome, reason: str
) -> None:
    assert run.outcome is outcome
    assert reason in run.reason


def test_exit_code_1_is_a_failure_as_a_whole_unless_the_run_published() -> None:
    begun = RunRecord().begin("a", Begun(UNIT, NOW, "boot", OLD))
    for published, outcome in (
        (NEW, RunOutcome.PARTLY),
        (OLD, RunOutcome.FAILED),
        (None, RunOutcome.FAILED),
    ):
        run = begun.end(ended("exit-code", "exited", "1", published=published)).last
        assert run is not None
        assert run.outcome is outcome
    unknown = RunRecord().end(ended("exit-code", "exited", "1", published=NEW)).last
    assert unknown is not None
    assert unknown.outcome is RunOutcome.FAILED  # what stood before is not known


def test_failures_are_counted_in_a_row_whoever_started_them_and_since_the_first() -> None:
    record = RunRecord()
    for number in range(3):
        run = Ended(f"broker-run-sync-{number}.service", str(number), None, at(number), "oom-kill")
        record = record.end(run)
    assert (record.failures, record.failing_since) == (3, NOW)
    again = record.end(FINE).end(Ended(UNIT, "z", None, at(9), "timeout"))
    assert (again.failures, again.failing_since) == (1, at(9))
    assert record.end(FINE).failing_since is None


def at(minutes: int) -> datetime:
    return NOW + timedelta(minutes=minutes)


def test_a_run_that_neither_lives_nor_ended_was_cut_off() -> None:
    record = (
        RunRecord()
        .begin("a", Begun(UNIT, NOW, "one", None))
        .begin("b", Begun(UNIT, NOW, "two", None))
    )
    assert record.settle({"a", "b"}, "two", at(5)).begun.keys() == {"b"}
    settled = record.settle((), "two", at(5))
    assert [(run.invocation, run.result, run.at) for run in settled.ended] == [
        ("a", "interrupted", NOW),  # of a boot before: nobody knows when
        ("b", "interrupted", at(5)),
    ]
    assert (settled.failures, settled.begun) == (2, {})


@given(st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from(["begin", "good", "bad"]))))
def test_what_is_kept_is_read_back_and_bounded(steps: list[tuple[str, str]]) -> None:
    record, row = RunRecord(), 0
    for invocation, step in steps:
        if step == "begin":
            record = record.begin(invocation, Begun(UNIT, NOW, "boot", OLD))
            continue
        good = step == "good"
        row = 0 if good else row + 1
        code = ("success", "exited", "0") if good else ("signal", "killed", "KILL")
        record = record.end(ended(*code, invocation))
        assert invocation not in record.begun
    assert record.failures == row
    assert (record.failing_since is None) == (row == 0)
    assert len(record.ended) <= 20
    assert RunRecord.from_json(record.to_json().encode()) == record
