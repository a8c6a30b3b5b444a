"""``broker rejects``: the rows that were left out, for those who may read them."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from os import utime
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from broker.tables.rejected import rejected
from tests.unit.tables.reading import LIMITS

from ..conftest import Instance

Make = Callable[[str], Instance]

DESCRIPTION = """```yaml
tables:
  - id: s.t
    primary_key: id
    types: {id: BIGINT, v: BIGINT, at: DATE}
    sync_strategy: incremental
    incremental_column: at
    deletions: append_only
```
"""
HOSTILE = "\x1b]0;owned\x07\u202e"


def deliver(instance: Instance, rows: str, day: int) -> None:
    moment = datetime(2026, 6, day, 12, tzinfo=UTC).timestamp()
    utime(instance.csv("t", f"id,v,at\n{rows}"), (moment, moment))


def shown(instance: Instance, *words: str) -> list[str]:
    done = instance.here("rejects", "s/t", *words)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def facts(instance: Instance, *words: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(instance.here("rejects", "s.t", "--json", *words).stdout)
    return found


def test_rows_are_shown_by_column_and_reason_with_place_and_record(described: Make) -> None:
    instance = described(DESCRIPTION)
    deliver(instance, f"1,x,2026-06-01\n2,{HOSTILE},2026-06-01\n3,3\n4,4,2026-06-01\n", 1)
    assert instance.sync()["exit_code"] == 3
    lines = shown(instance)
    assert lines[0].endswith(": 3 rows rejected, 0 duplicate keys")
    assert any(line.startswith("2 rows rejected: column v: not a BIGINT") for line in lines)
    assert '  t.csv, row 1: {"id": "1", "v": "x", "at": "2026-06-01"}' in lines
    assert "  t.csv, row 3 (line 4): 3,3" in lines
    assert all(line.isprintable() for line in lines)
    found = facts(instance)
    assert (found["table"], found["rejects"], found["duplicates"]) == ("s/t", 3, 0)
    status = instance.status()["s/t"]["issues"]
    rows = [issue.pop("rows") for issue in found["issues"]]
    assert found["issues"] == status
    assert rows[0][1] == {
        "row": 2,
        "file": "t.csv",
        "line": None,
        "value": HOSTILE,
        "record": {"id": "2", "v": HOSTILE, "at": "2026-06-01"},
    }


def test_rows_that_stand_from_earlier_syncs_are_among_them(described: Make) -> None:
    instance = described(DESCRIPTION)
    deliver(instance, "1,x,2026-01-01\n2,2,2026-06-01\n", 1)
    instance.sync()
    deliver(instance, "1,x,2026-01-01\n2,2,2026-06-01\n3,y,2026-06-02\n", 2)
    assert instance.sync()["exit_code"] == 3
    (issue,) = facts(instance)["issues"]
    assert [(row["row"], row["value"]) for row in issue["rows"]] == [(1, "x"), (3, "y")]


def test_so_many_of_each_are_shown_as_are_asked_for(described: Make) -> None:
    instance = described(DESCRIPTION)
    deliver(instance, "".join(f"{number},x,2026-06-01\n" for number in range(30)) + "99,9,\n", 1)
    instance.sync()
    assert "  … and 10 more (--limit)" in shown(instance)
    (issue,) = facts(instance, "--limit", "3")["issues"]
    assert (issue["count"], [row["row"] for row in issue["rows"]]) == (30, [1, 2, 3])


def test_a_failed_table_shows_the_rows_of_the_last_good_load_and_says_so(described: Make) -> None:
    instance = described(DESCRIPTION)
    deliver(instance, "1,x,2026-06-01\n2,2,2026-06-01\n", 1)
    instance.sync()
    (instance.root / "csv/t.csv").unlink()
    assert instance.sync()["exit_code"] == 1
    lines = shown(instance)
    assert lines[1].startswith("The rows are those of the last good load. Since then: ")
    assert '  t.csv, row 1: {"id": "1", "v": "x", "at": "2026-06-01"}' in lines


@pytest.mark.parametrize(
    ("words", "sentence"),
    [(["s.none"], "no such table"), (["s.t", "--limit", "0"], "--limit")],
)
def test_what_cannot_be_shown_is_one_sentence(
    described: Make, words: list[str], sentence: str
) -> None:
    instance = described(DESCRIPTION)
    deliver(instance, "1,1,2026-06-01\n", 1)
    instance.sync()
    done = instance.here("rejects", *words)
    assert done.returncode != 0
    assert sentence in done.stderr
    assert shown(instance)[0].endswith("0 rows rejected, 0 duplicate keys")


def test_of_a_table_that_was_never_loaded_it_is_said(described: Make) -> None:
    instance = described(DESCRIPTION)
    instance.sync()
    assert shown(instance)[1].startswith("It was never loaded: ")


def test_a_column_of_partitions_is_not_advised_to_be_text(described: Make) -> None:
    instance = described(DESCRIPTION.replace("_column: at", "_column: at\n    partition_by: at"))
    deliver(instance, "1,1,2026-06-01\n2,2,soon\n3,3,2026-06-02\n", 1)
    assert instance.sync()["exit_code"] == 3
    lines = shown(instance)
    assert lines[0].endswith(": 1 row rejected, 0 duplicate keys")
    (issue,) = facts(instance)["issues"]
    assert issue["remedy"] == "Correct the source, or declare another `partition_by`."


def test_a_reject_file_of_an_older_release_can_be_shown(described: Make, tmp_path: Path) -> None:
    instance = described(DESCRIPTION)
    deliver(instance, "1,x,2026-06-01\n2,2,2026-06-01\n", 1)
    instance.sync()
    old = tmp_path / "old.parquet"
    pq.write_table(pq.read_table(instance.status()["s/t"]["reject_file"]).drop(["file"]), old)
    ((issue, (row,)),) = rejected(old, None, 20, work=tmp_path / "work", limits=LIMITS)
    assert (issue.column, row.place.file, row.place.row, row.value) == ("v", None, 1, "x")
