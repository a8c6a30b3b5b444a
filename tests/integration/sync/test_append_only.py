"""Tables whose rows are only ever added: whatever the strategy, the key and the source's memory."""

from __future__ import annotations

import pytest

from .conftest import Instance
from .test_edges import Make, deliver, described_anew, outcome, table

STRATEGIES = {
    "incremental": ("sync_strategy: incremental", "incremental_column: at"),
    "partitioned": ("sync_strategy: partitioned", "partition_by: at"),
    "in days": (
        "sync_strategy: partitioned",
        "partition_by: at",
        "partition_granularity: day",
    ),
    "full refresh": ("sync_strategy: full_refresh",),
}
OLD = "2026-01-01T00:00:00Z,a\n"
GONE = "2026-05-30T00:00:00Z,b\n"
TWICE = "2026-05-31T00:00:00Z,c\n"
LATER = "2026-06-02T00:00:00Z,d\n"


def log(strategy: str, *lines: str, key: str | None = None) -> str:
    return table(*STRATEGIES[strategy], "deletions: append_only", *lines, key=key)


def found(instance: Instance, at: int = 1) -> list[str]:
    return sorted(row[at] for row in instance.rows("s/t"))


@pytest.mark.parametrize("key", [None, "at"])
@pytest.mark.parametrize("strategy", STRATEGIES)
def test_no_row_is_taken_away(described: Make, strategy: str, key: str | None) -> None:
    instance = described(log(strategy, key=key))
    deliver(instance, f"at,x\n{OLD}{GONE}{TWICE}", 1)
    assert outcome(instance)[0] == 0
    deliver(instance, f"at,x\n{OLD}{TWICE}{LATER}", 2)
    assert outcome(instance)[0] == 0
    assert found(instance) == ["a", "b", "c", "d"]


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_equal_rows_are_as_many_as_were_ever_delivered(described: Make, strategy: str) -> None:
    instance = described(log(strategy))
    deliver(instance, f"at,x\n{TWICE}{TWICE}{GONE}{GONE}", 1)
    assert outcome(instance)[0] == 0
    deliver(instance, f"at,x\n{TWICE}{GONE}{GONE}{GONE}{LATER}", 2)
    assert outcome(instance)[0] == 0
    assert found(instance) == ["b", "b", "b", "c", "c", "d"]


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_a_new_column_neither_doubles_a_row_nor_takes_one(described: Make, strategy: str) -> None:
    instance = described(log(strategy))
    rows = [line.replace("\n", ",y\n") for line in (OLD, TWICE, TWICE, LATER)]
    deliver(instance, f"at,x\n{OLD}{GONE}{TWICE}{TWICE}", 1)
    assert outcome(instance)[0] == 0
    for day in (2, 3):
        deliver(instance, "at,x,new\n" + "".join(rows), day)
        assert outcome(instance)[0] == 0
        assert found(instance) == ["a", "b", "c", "c", "d"]
    new = {row[1]: row[2] for row in instance.rows("s/t")}
    assert (new["b"], new["c"], new["d"]) == (None, "y", "y")


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_a_column_that_is_left_out_doubles_no_row(described: Make, strategy: str) -> None:
    instance = described(log(strategy))
    deliver(instance, f"at,x\n{OLD}{GONE}{TWICE}", 1)
    assert outcome(instance)[0] == 0
    deliver(instance, "at\n2026-05-31T00:00:00Z\n2026-06-02T00:00:00Z\n", 2)
    assert outcome(instance)[0] == 0
    assert [row[1] for row in instance.rows("s/t")] == ["a", "b", "c", None]


@pytest.mark.parametrize("key", [None, "at"])
def test_a_whole_load_that_would_take_one_row_is_held(described: Make, key: str | None) -> None:
    instance = described(log("incremental", key=key))
    deliver(instance, f"at,x\n{OLD}{GONE}{TWICE}{LATER}", 1)
    assert outcome(instance)[0] == 0
    described_anew(instance, log("incremental", "name: other", key=key))
    deliver(instance, f"at,x\n{OLD}{TWICE}{LATER}", 2)
    assert outcome(instance)[:2] == (1, "held")
    assert found(instance) == ["a", "b", "c", "d"]


def test_a_time_that_cannot_be_read_is_added_once(described: Make) -> None:
    instance = described(log("incremental"))
    for day in (1, 2):
        deliver(instance, f"at,x\n{OLD}soon,b\n2026-05-31,c\n", day)
        assert outcome(instance)[0] == 0
        assert found(instance) == ["a", "b", "c"]


def test_a_mended_row_is_no_longer_rejected(described: Make) -> None:
    instance = described(log("incremental", "types: {x: BIGINT}"))
    deliver(instance, "at,x\n2026-05-31T00:00:00Z,one\n2026-05-31T00:00:00Z,2\n", 1)
    assert outcome(instance)[0] == 3
    deliver(instance, "at,x\n2026-05-31T00:00:00Z,1\n2026-05-31T00:00:00Z,2\n", 2)
    assert outcome(instance)[0] == 0
    assert [row[1] for row in instance.rows("s/t", "2")] == [1, 2]


def test_partitions_without_a_key_are_replaced_where_what_was_not_fetched_is_gone(
    described: Make,
) -> None:
    lines = ("sync_strategy: partitioned", "partition_by: at", "deletions: full")
    instance = described(table(*lines, key=None))
    deliver(instance, f"at,x\n{OLD}{GONE}{TWICE}", 1)
    assert outcome(instance)[0] == 0
    deliver(instance, f"at,x\n{TWICE}{LATER}", 2)
    assert outcome(instance)[0] == 0
    assert found(instance) == ["a", "c", "d"]


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_a_row_without_a_key_is_there_once_when_its_column_becomes_text(
    described: Make, strategy: str
) -> None:
    """An empty text was NULL as long as the column held numbers, and is a text from then on."""
    instance = described(log(strategy, "types: {id: BIGINT, at: DATE}"))
    rows = 'id,at,v\n1,2026-05-30,1\n2,2026-05-31,""\n'
    deliver(instance, rows, 1)
    assert outcome(instance)[0] == 0
    deliver(instance, f"{rows}3,2026-06-01,abc\n", 2)
    (report,) = instance.sync()["tables"]
    assert "every row was read anew" in report["warnings"][0]
    assert [(row[0], row[2]) for row in instance.rows("s/t")] == [(1, "1"), (2, ""), (3, "abc")]
