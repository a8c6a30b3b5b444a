"""What a run knows of rows that are not in the table, wherever it is shown."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import pytest

from ..conftest import Instance

Make = Callable[[str], Instance]

DESCRIPTION = """```yaml
tables:
  - id: s.t
    primary_key: id
    types: {id: BIGINT, v: "DECIMAL(10,2)", at: DATE}
```
"""
FITS = "".join(f"{number},1.50,2026-01-01\n" for number in range(1, 21))
DAY = "31.12.1999"
ROWS = f'id,v,at\n{FITS}21,"1.234,50",{DAY}\n22,n/a,2026-01-01\n23,1\n1,2.00,2026-01-01\n'


def issues(instance: Instance) -> list[dict[str, Any]]:
    """The issues of s.t, which are the same in status, manifest and metadata."""
    found: list[dict[str, Any]] = instance.status()["s/t"]["issues"]
    manifest = json.loads((instance.data / "current/manifest.json").read_bytes())
    metadata = json.loads((instance.data / "current/metadata/s/t.json").read_bytes())
    (entry,) = manifest["tables"]
    assert entry["issues"] == metadata["issues"] == found
    return found


def summary(found: list[dict[str, Any]]) -> list[tuple[str, str | None, int, list[int]]]:
    return [
        (one["kind"], one["column"], one["count"], [place["row"] for place in one["places"]])
        for one in found
    ]


def test_rows_left_out_are_told_by_column_and_reason_with_places(described: Make) -> None:
    instance = described(DESCRIPTION)
    instance.csv("t", ROWS)
    report = instance.sync()
    assert report["exit_code"] == 3
    found = issues(instance)
    assert report["tables"][0]["issues"] == found
    assert summary(found) == [
        ("rejected", "v", 2, [21, 22]),
        ("rejected", "at", 1, [21]),
        ("rejected", None, 1, [23]),
        ("displaced", "id", 1, [1]),
    ]
    assert found[0]["shapes"] == ["9.999,99", "A/A"]
    assert found[2]["places"] == [{"row": 23, "file": "t.csv", "line": 24}]
    assert "`types: {at: VARCHAR}`" in found[1]["remedy"]


def test_the_log_and_the_console_tell_them_without_a_value(described: Make) -> None:
    instance = described(DESCRIPTION)
    instance.csv("t", ROWS)
    logged = instance.broker("sync").stderr
    shown = instance.here("status").stdout
    sentence = "2 rows rejected: column v: not a DECIMAL(10,2)"
    assert f'issue=rejected rows=2 text="{sentence}' in logged
    assert f"s/t: {sentence}" in shown
    assert "in t.csv, rows 21, 22" in shown
    assert DAY not in logged + shown
    assert "1.234,50" not in logged + shown


def test_issues_stay_while_nothing_changes_and_go_with_their_rows(described: Make) -> None:
    instance = described(DESCRIPTION)
    instance.csv("t", ROWS)
    instance.sync()
    before = issues(instance)
    assert instance.sync()["tables"][0]["issues"] == before
    instance.csv("t", f"id,v,at\n{FITS}")
    assert instance.sync()["exit_code"] == 0
    assert issues(instance) == []


@pytest.mark.parametrize("rows", ["21,x,2026-01-01\n22,y,2026-01-01\n", "21,1\n"])
def test_a_first_load_of_which_no_row_fits_failed_and_is_not_empty(
    described: Make, rows: str
) -> None:
    instance = described(DESCRIPTION)
    instance.csv("t", f"id,v,at\n{rows}")
    report = instance.sync()
    (one,) = report["tables"]
    assert (report["exit_code"], one["status"]) == (1, "failed")
    assert "no row fits" in one["error"]
    assert "t.csv, row 1" in one["error"]
    assert [issue["kind"] for issue in issues(instance)] == ["rejected"]
    instance.csv("t", "id,v,at\n")
    assert instance.sync()["tables"][0]["status"] == "empty"


def test_a_load_that_rejects_too_many_rows_tells_which(described: Make) -> None:
    instance = described(DESCRIPTION.replace("    types", "    max_rejects: 1\n    types"))
    instance.csv("t", ROWS)
    (one,) = instance.sync()["tables"]
    assert one["status"] == "failed"
    assert summary(issues(instance))[0] == ("rejected", "v", 2, [21, 22])


def test_too_many_rows_of_another_format_name_the_format(described: Make) -> None:
    kept = "    max_rejects: 1\n    csv: {formats: {at: {date: '%d.%m.%Y'}}}\n    types"
    instance = described(DESCRIPTION.replace("    types", kept))
    instance.csv("t", "id,v,at\n1,1,2026-01-02\n2,1,2026-01-03\n3,1,04.01.2026\n")
    (one,) = instance.sync()["tables"]
    assert one["status"] == "failed"
    assert "the format of the column under `csv.formats`" in one["error"]
    assert "`types" not in one["error"]
    assert one["error"].endswith("Or raise `max_rejects`.")


def test_a_table_whose_rows_stopped_fitting_is_held_for_that_and_not_for_approval(
    described: Make,
) -> None:
    instance = described(DESCRIPTION)
    instance.csv("t", f"id,v,at\n{FITS}")
    instance.sync()
    instance.csv("t", f"id,v,at\n{FITS}".replace("1.50", "1,50".join('""')))
    report = instance.sync()
    (one,) = report["tables"]
    assert (one["status"], one["rows"]) == ("held", 20)
    assert "column v: not a DECIMAL(10,2)" in one["error"]
    assert "t.csv, rows 1, 2, 3" in one["error"]
    assert "approve" not in one["error"]
    waiting, rejected = issues(instance)
    assert (waiting["kind"], waiting["count"]) == ("held", 20)
    assert "do not fit" in waiting["reason"]
    assert rejected["shapes"] == ["9,99"]
    instance.here("approve", "s.t")
    (one,) = instance.sync()["tables"]
    assert (one["status"], one["rows"]) == ("failed", 20)


def test_a_loss_is_told_with_its_cause(described: Make) -> None:
    instance = described(DESCRIPTION)
    instance.csv("t", f"id,v,at\n{FITS}")
    instance.sync()
    instance.csv("t", "id,v,at\n1,1.50,2026-01-01\n")
    (one,) = instance.sync()["tables"]
    assert re.search("broker approve --if-found [0-9a-f]{12} s.t`", one["error"])
    (waiting,) = issues(instance)
    assert (waiting["kind"], waiting["count"]) == ("held", 19)
    assert waiting["reason"] == "the source does not have them any more"
