"""A census knows more than which keys are gone: which keys live, and are not in the table."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from broker.tables.issues import IssueKind

from .conftest import Instance
from .feigned import Feign, Feigned
from .test_edges import BY_TIME, Make, days_ago, deliver, outcome, table

CENSUS = "deletions: census"
BY_DAY = ("sync_strategy: partitioned", "partition_by: at", "partition_granularity: day")
ROWS = "1,2026-01-01T00:00:00Z\n2,2026-05-31T00:00:00Z\n3,2026-02-01T00:00:00Z\n"


def warnings(instance: Instance) -> str:
    return " ".join(instance.status()["s/t"]["warnings"])


@pytest.mark.parametrize("strategy", [BY_TIME, BY_DAY])
@pytest.mark.parametrize(
    "later",
    [
        f"{ROWS}4,2026-01-15T00:00:00Z\n",
        ROWS.replace("2026-05-31", "2026-01-31"),
        "1,2026-01-01T00:00:00Z\n2,2026-05-31T00:00:00Z\n4,2026-02-01T00:00:00Z\n",
    ],
    ids=["late", "moved", "another in its place"],
)
def test_what_no_window_held_is_read_anew(
    described: Make, strategy: tuple[str, ...], later: str
) -> None:
    instance = described(table(*strategy, CENSUS))
    deliver(instance, f"id,at\n{ROWS}", 1)
    assert outcome(instance)[0] == 0
    deliver(instance, f"id,at\n{later}", 2)
    assert outcome(instance)[0] == 0
    found = [row[0] for row in instance.rows("s/t")]
    assert found == [int(line[0]) for line in later.splitlines()]
    is_moved = strategy == BY_TIME and "2,2026-01-31" in later
    assert ("1 row was in the source" in warnings(instance)) != is_moved
    deliver(instance, f"id,at\n{later}5,2026-06-02T00:00:00Z\n", 3)
    assert outcome(instance)[0] == 0
    assert warnings(instance) == ""


def test_a_rejected_row_is_not_missing(described: Make) -> None:
    instance = described(table(*BY_TIME, CENSUS, "types: {id: BIGINT, at: TIMESTAMPTZ, v: BIGINT}"))
    rows = "1,2026-05-31T00:00:00Z,1\n2,2026-01-01T00:00:00Z,x\n"
    for day, more in enumerate(["", "3,2026-06-02T00:00:00Z,3\n"], start=1):
        deliver(instance, f"id,at,v\n{rows}{more}", day)
        assert outcome(instance)[0] == 3
        assert warnings(instance) == ""


def test_rows_before_the_history_are_not_missing_and_others_are(described: Make) -> None:
    types = "types: {id: BIGINT, at: TIMESTAMPTZ}"
    instance = described(table(*BY_TIME, CENSUS, types, "max_history_days: 90"))
    rows = f"id,at\n1,{days_ago(300)}\n2,{days_ago(60)}\n3,{days_ago(1)}\n"
    instance.csv("t", rows)
    assert outcome(instance)[0] == 0
    instance.csv("t", f"{rows}4,{days_ago(0)}\n")
    assert outcome(instance)[0] == 0
    assert warnings(instance) == ""
    instance.csv("t", f"{rows}4,{days_ago(0)}\n5,{days_ago(40)}\n")
    assert outcome(instance)[0] == 0
    assert "1 row was in the source" in warnings(instance)
    assert [row[0] for row in instance.rows("s/t")] == [2, 3, 4, 5]


def test_a_source_without_versions_is_only_warned_of(tmp_path: Path) -> None:
    source = Feigned("id BIGINT, v VARCHAR")
    lines = "primary_key: id, sync_strategy: incremental, deletions: census"
    feign = Feign(tmp_path, {"s.t": source}, f"  - {{id: s.t, {lines}}}\n")
    source.put(1, "a")
    assert feign.sync().exit_code == 0
    stamp = datetime(2020, 1, 1, tzinfo=UTC)
    source.do("INSERT INTO source VALUES (2, 'b', ?)", [stamp])
    report = feign.sync()
    assert report.exit_code == 0
    (issue,) = report.outcomes[0].issues
    assert (issue.kind, issue.count) == (IssueKind.LATE, 1)
    assert str(issue).startswith("1 row in the source but not in the table: ")
    assert "broker sync --reload s.t" in str(issue)
    assert report.outcomes[0].warnings == ()


def test_a_late_key_of_another_type_widens_the_key(described: Make) -> None:
    instance = described(table(*BY_TIME, CENSUS))
    deliver(instance, f"id,at\n{ROWS}", 1)
    assert outcome(instance)[0] == 0
    deliver(instance, f"id,at\n{ROWS}A4,2026-01-15T00:00:00Z\n", 2)
    assert outcome(instance)[0] == 0
    assert [row[0] for row in instance.rows("s/t")] == ["1", "2", "3", "A4"]
    assert "column id: keys of the source need another type than BIGINT" in warnings(instance)


@pytest.mark.parametrize(
    ("key", "remedy"),
    [("", "Correct the source, or declare another `primary_key`"), ("x", "`types: {id: VARCHAR}`")],
)
def test_a_key_that_no_census_can_read_is_told_with_what_helps(
    described: Make, key: str, remedy: str
) -> None:
    instance = described(table(*BY_TIME, CENSUS, "types: {id: BIGINT}"))
    deliver(instance, f"id,at\n{ROWS}", 1)
    assert outcome(instance)[0] == 0
    deliver(instance, f"id,at\n{ROWS}{key},2026-01-15T00:00:00Z\n", 2)
    code, _, error = outcome(instance)
    assert (code, len(instance.rows("s/t"))) == (1, 3)
    assert "deleted rows cannot be identified: 1 times" in str(error)
    assert remedy in str(error)
    assert "max_rejects" not in str(error)
