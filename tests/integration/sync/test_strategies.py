"""What each strategy makes of a source that moves on, from CSV files to the published rows."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest

from broker.tables.intake.duplicates import displace

from .conftest import Instance

PROGRAM = [sys.executable, "-m", "broker"]

Make = Callable[[str], Instance]


def table(*lines: str) -> str:
    """A description of the one table shop.items."""
    body = "\n".join(f"    {line}" for line in ("primary_key: id", *lines))
    return f"```yaml\ntables:\n  - id: shop.items\n{body}\n```\n"


INCREMENTAL = table(
    "sync_strategy: incremental",
    "incremental_column: changed",
    "incremental_window_days: 1",
    "partition_by: day",
    "deletions: census",
    "max_delete_fraction: 0.5",
)
HEAD = "id,day,changed,note\n"
FIRST = HEAD + (
    "1,2026-01-05,2026-01-05T00:00:00Z,one\n"
    "2,2026-01-06,2026-01-06T00:00:00Z,two\n"
    "3,,2026-01-07T00:00:00Z,no day\n"
    "4,2026-02-01,2026-02-01T00:00:00Z,four\n"
)
# After the sync before, on any day before this one.
LATER = "2099-01-01T00:00:00Z"


def notes(instance: Instance) -> dict[int, str]:
    return {row[0]: row[3] for row in instance.rows("shop/items")}


def partitions(instance: Instance) -> set[str]:
    return {path.stem for path in (instance.data / "parquet/shop/items").iterdir()}


def test_changes_are_merged_and_a_moved_row_exists_once(described: Make) -> None:
    instance = described(INCREMENTAL)
    instance.csv("items", FIRST)
    report = instance.sync()
    assert report["exit_code"] == 0, report
    assert partitions(instance) == {"2026_01", "2026_02", "null"}
    moved = FIRST.replace("2,2026-01-06,2026-01-06T00:00:00Z", f"2,2026-03-06,{LATER}")
    instance.csv("items", moved + f"5,2026-02-02,{LATER},five\n")
    report = instance.sync()
    assert report["exit_code"] == 0, report
    assert notes(instance) == {1: "one", 2: "two", 3: "no day", 4: "four", 5: "five"}
    assert partitions(instance) == {"2026_01", "2026_02", "2026_03", "null"}


def test_a_census_removes_what_is_gone(described: Make) -> None:
    instance = described(INCREMENTAL)
    instance.csv("items", FIRST)
    instance.sync()
    instance.csv("items", FIRST.replace("1,2026-01-05,2026-01-05T00:00:00Z,one\n", ""))
    report = instance.sync()
    assert report["exit_code"] == 0, report
    assert sorted(notes(instance)) == [2, 3, 4]


def test_a_file_exchanged_between_its_rows_and_its_keys_is_no_table(
    described: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    instance = described(INCREMENTAL)
    path = instance.csv("items", FIRST)
    instance.sync()
    instance.csv("items", FIRST.replace("one", "new"))
    other = instance.csv("other", HEAD + f"9,2026-01-05,{LATER},gone\n")

    def exchanged(*arguments: Any) -> int:
        """What the engine does once the rows are read and before the keys are."""
        other.replace(path)
        return displace(*arguments)

    monkeypatch.setattr("broker.tables.merge.displace", exchanged)
    report = instance.sync()
    assert report["exit_code"] == 1
    found = instance.status()["shop/items"]
    assert found["status"] == "unreadable"
    assert "changed between the reading of its rows and of its keys" in found["error"]
    assert notes(instance) == {1: "one", 2: "two", 3: "no day", 4: "four"}


def test_too_many_losses_wait_for_approval(described: Make) -> None:
    instance = described(INCREMENTAL)
    instance.csv("items", FIRST)
    instance.sync()
    instance.csv("items", HEAD + "1,2026-01-05,2026-01-05T00:00:00Z,one\n")
    report = instance.sync()
    assert report["exit_code"] == 1
    assert instance.status()["shop/items"]["status"] == "held"
    assert sorted(notes(instance)) == [1, 2, 3, 4]
    examples = "gone are, for example: id 2; id 3; id 4\n"
    assert f"shop/items: {examples}" in instance.here("status").stdout
    approved = instance.here("approve", "shop/items")
    digest = instance.status()["shop/items"]["deletion"][:12]
    lines = f"shop.items: 3 rows would go ({digest})\nshop.items: approved, for the next sync\n"
    assert approved.stdout == lines + examples, approved.stderr
    report = instance.sync()
    assert report["exit_code"] == 0, report
    assert sorted(notes(instance)) == [1]
    assert instance.here("approve", "shop/items").returncode == 1


def test_an_emptied_table_is_held_not_believed(described: Make) -> None:
    instance = described(table())
    instance.csv("items", FIRST)
    instance.sync()
    instance.csv("items", HEAD)
    assert instance.sync()["exit_code"] == 1
    status = instance.status()["shop/items"]
    assert (status["status"], status["rows"]) == ("held", 4)
    assert instance.status()["shop/items"]["lost_keys"] == [{"id": n} for n in (1, 2, 3, 4)]
    instance.here("approve", "shop/items")
    report = instance.sync()
    assert report["exit_code"] == 0, report
    assert instance.status()["shop/items"]["status"] == "empty"
    assert instance.status()["shop/items"]["lost_keys"] == []


def test_replacing_every_key_is_losing_every_row(described: Make) -> None:
    instance = described(table())
    instance.csv("items", FIRST)
    instance.sync()
    rows = [f"{n},2026-01-05,2026-01-05T00:00:00Z,other\n" for n in range(100, 104)]
    instance.csv("items", HEAD + "".join(rows))
    assert instance.sync()["exit_code"] == 1
    assert instance.status()["shop/items"]["status"] == "held"


def test_recent_partitions_are_replaced_whole(described: Make) -> None:
    instance = described(
        table(
            "sync_strategy: partitioned",
            "partition_by: day",
            "partition_granularity: month",
            "incremental_window_days: 0",
        )
    )
    long_ago, now = "1,2001-01-05,,old\n", "2,2100-01-06,,two\n3,2100-01-07,,three\n"
    instance.csv("items", HEAD + long_ago + now)
    report = instance.sync()
    assert report["exit_code"] == 0, report
    instance.csv("items", HEAD + "2,2100-01-06,,TWO\n9,2001-01-01,,late\n")
    report = instance.sync()
    assert report["exit_code"] == 0, report
    assert notes(instance) == {1: "old", 2: "TWO"}


def test_rows_without_a_key_are_appended_once(described: Make) -> None:
    description = (
        "```yaml\ntables:\n  - id: shop.items\n    sync_strategy: incremental\n"
        "    incremental_column: changed\n    deletions: append_only\n```\n"
    )
    instance = described(description)
    instance.csv("items", FIRST)
    instance.sync()
    instance.csv("items", FIRST + "5,2026-02-02,2100-02-02T00:00:00Z,five\n")
    for _ in range(2):
        report = instance.sync()
        assert report["exit_code"] == 0, report
        assert sorted(row[0] for row in instance.rows("shop/items")) == [1, 2, 3, 4, 5]


def test_rows_that_nothing_tells_apart_are_never_appended_twice(described: Make) -> None:
    description = (
        "```yaml\ntables:\n  - id: shop.items\n    sync_strategy: incremental\n"
        "    deletions: append_only\n```\n"
    )
    instance = described(description)
    instance.csv("items", FIRST)
    for _ in range(2):
        assert instance.sync()["exit_code"] == 1
        refused = instance.status()["shop/items"]
        assert refused["rows"] == 0
        assert "expected incremental_column" in refused["error"]


def test_an_unchanged_source_moves_nothing(described: Make) -> None:
    instance = described(INCREMENTAL)
    instance.csv("items", FIRST)
    instance.sync()
    before = {p.name: p.stat().st_ino for p in (instance.data / "parquet").rglob("*.parquet")}
    instance.sync()
    after = {p.name: p.stat().st_ino for p in (instance.data / "parquet").rglob("*.parquet")}
    assert before == after


def test_a_change_file_gives_the_next_files_byte_for_byte(described: Make) -> None:
    instance = described(INCREMENTAL)
    instance.csv("items", FIRST)
    before = instance.sync()["generation"]
    instance.csv("items", FIRST.replace("2026-02-01T00:00:00Z,four", f"{LATER},FOUR"))
    after = instance.sync()["generation"]
    folder = instance.data / "generations"
    done = subprocess.run(
        [*PROGRAM, "replay", str(folder / before), str(folder / after), "shop/items", "--json"],
        capture_output=True,
        text=True,
        check=True,
    )
    facts = json.loads(done.stdout)
    assert facts["written"] == ["parquet/shop/items/2026_02.parquet"]
    assert facts["wrong"] == []


def test_a_diff_tells_rows_by_key(described: Make) -> None:
    instance = described(INCREMENTAL)
    instance.csv("items", FIRST)
    instance.sync()
    changed = FIRST.replace("1,2026-01-05,2026-01-05T00:00:00Z,one\n", "")
    changed = changed.replace("2026-02-01T00:00:00Z,four", f"{LATER},FOUR")
    instance.csv("items", changed + f"5,2026-02-02,{LATER},five\n")
    instance.sync()
    lines = instance.here("diff").stdout.splitlines()
    assert lines[1] == (
        "changed  shop.items: 1 added, 1 removed, 1 changed; partitions 2026_01, 2026_02"
    )
    rows = [
        json.loads(line)
        for line in instance.here("diff", "--table", "shop/items").stdout.splitlines()
    ]
    assert rows == [
        {"change": "added", "row": {"id": 5}},
        {"change": "changed", "row": {"id": 4}},
        {"change": "removed", "row": {"id": 1}},
    ]


def test_a_row_that_is_marked_dead_goes(described: Make) -> None:
    instance = described(
        table(
            "sync_strategy: incremental",
            "incremental_column: changed",
            "deletions: tombstone",
            "tombstone: {column: gone}",
        )
    )
    head = "id,changed,gone\n"
    instance.csv("items", head + "1,2026-01-01T00:00:00Z,\n2,2026-01-01T00:00:00Z,false\n")
    assert instance.sync()["exit_code"] == 0
    assert [row[0] for row in instance.rows("shop/items")] == [1, 2]
    later = "2,2100-01-02T00:00:00Z,true\n3,2100-01-02T00:00:00Z,\n4,2100-01-02T00:00:00Z,true\n"
    instance.csv("items", head + "1,2026-01-01T00:00:00Z,\n" + later)
    report = instance.sync()
    assert report["exit_code"] == 0, report
    assert [row[0] for row in instance.rows("shop/items")] == [1, 3]


def test_a_type_that_the_kept_rows_cannot_take_loads_the_whole_table(described: Make) -> None:
    lines = ("sync_strategy: incremental", "incremental_column: changed", "deletions: append_only")
    instance = described(table(*lines))
    instance.csv("items", FIRST)
    instance.sync()
    description = instance.config / "data_description.md"
    description.write_text(table(*lines, "types: {day: VARCHAR}"))
    report = instance.sync()
    assert report["exit_code"] == 0, report
    assert [row[1] for row in instance.rows("shop/items")] == [
        "2026-01-05",
        "2026-01-06",
        None,
        "2026-02-01",
    ]


def test_data_older_than_promised_is_not_fine(described: Make) -> None:
    instance = described(table("freshness: 1h"))
    path = instance.csv("items", FIRST)
    assert instance.sync()["exit_code"] == 0
    assert not instance.status()["shop/items"]["stale"]
    assert instance.here("status").returncode == 0
    os.utime(path, (1_700_000_000, 1_700_000_000))
    assert instance.sync()["exit_code"] == 0, "the sync itself went well"
    assert instance.status()["shop/items"]["stale"]
    assert instance.here("status").returncode == 1
