"""Histories at the edges of the engine in which rows were once lost or changed without a word."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.duck import reader

from .conftest import Instance, make_instance

Make = Callable[[str], Instance]


def table(*lines: str, key: str | None = "id") -> str:
    """A description of the one table s.t."""
    first = () if key is None else (f"primary_key: {key}",)
    body = "\n".join(f"    {line}" for line in (*first, *lines))
    return f"```yaml\ntables:\n  - id: s.t\n{body}\n```\n"


TYPES = ("types: {id: BIGINT, v: BIGINT, at: TIMESTAMPTZ}",)
BY_TIME = ("sync_strategy: incremental", "incremental_column: at")


def described_anew(instance: Instance, description: str) -> None:
    (instance.config / "data_description.md").write_text(description)


def deliver(instance: Instance, text: str, day: int, name: str = "t") -> None:
    """A file, usually that of the table, written at noon of a day of June."""
    moment = datetime(2026, 6, day, 12, tzinfo=UTC).timestamp()
    os.utime(instance.csv(name, text), (moment, moment))


def outcome(instance: Instance) -> tuple[int, str, str | None]:
    report = instance.sync()
    (one,) = report["tables"]
    return report["exit_code"], one["status"], one["error"]


@pytest.mark.parametrize("column", ["region", "id"])
def test_a_folder_that_reads_as_a_column_is_only_a_folder(tmp_path: Path, column: str) -> None:
    place = tmp_path / f"{column}=7"
    place.mkdir()
    instance = make_instance(place, table(*BY_TIME, "deletions: append_only"))
    rows = "id,at,region\n1,2026-10-01T00:00:00Z,us\n2,2026-10-02T00:00:00Z,jp\n"
    instance.csv("t", rows)
    assert outcome(instance)[0] == 0
    instance.csv("t", f"{rows}3,2026-11-28T00:00:00Z,br\n")
    assert outcome(instance)[0] == 0
    found = [(row[0], row[2]) for row in instance.rows("s/t")]
    assert found == [(1, "us"), (2, "jp"), (3, "br")]


def test_a_folder_that_reads_as_the_key_hides_no_loss(tmp_path: Path) -> None:
    place = tmp_path / "id=7"
    place.mkdir()
    instance = make_instance(place, table())
    instance.csv("t", "id,b\n" + "".join(f"{number},x\n" for number in range(100)))
    assert outcome(instance)[0] == 0
    instance.csv("t", "id,b\n1000,x\n")
    assert outcome(instance)[:2] == (1, "held")


def test_another_key_hides_no_loss(described: Make) -> None:
    instance = described(table())
    instance.csv("t", "id,b\n1,x\n2,x\n3,x\n")
    assert outcome(instance)[0] == 0
    described_anew(instance, table(key="[id, b]"))
    instance.csv("t", "id,b\n")
    assert outcome(instance)[:2] == (1, "held")
    assert len(instance.rows("s/t")) == 3


def test_a_key_of_another_type_can_be_held_and_approved(described: Make) -> None:
    instance = described(table())
    instance.csv("t", "id,b\n" + "".join(f"{number},x\n" for number in range(10)))
    assert outcome(instance)[0] == 0
    described_anew(instance, table("types: {id: VARCHAR}"))
    instance.csv("t", "id,b\nA1,x\n")
    assert outcome(instance)[:2] == (1, "held")
    assert instance.here("approve", "s.t").returncode == 0
    assert outcome(instance)[0] == 0


def test_a_rejected_row_is_not_settled_by_a_key_that_it_only_resembles(described: Make) -> None:
    instance = described(table(*BY_TIME, "deletions: append_only", "types: {id: BIGINT}"))
    rows = "id,at\n1,2026-01-01T00:00:00Z\n1.5,2026-01-02T00:00:00Z\n"
    deliver(instance, rows, 1)
    assert outcome(instance)[0] == 3
    deliver(instance, f"{rows}2,2026-06-02T00:00:00Z\n", 2)
    assert outcome(instance)[0] == 3


def test_a_key_that_a_census_cannot_read_is_not_gone(described: Make) -> None:
    instance = described(table(*BY_TIME, "deletions: census"))
    rows = [f"{number},2026-01-01T00:00:00Z,a\n" for number in (1, 2, 3)]
    instance.csv("t", "id,at,x\n" + "".join(rows))
    assert outcome(instance)[0] == 0
    instance.csv("t", "id,at,x\n" + rows[0] + "2,2026-01-01T00:00:00Z\n" + rows[2])
    code, status, error = outcome(instance)
    assert (code, status) == (1, "failed")
    assert error is not None
    assert "line 3" in error
    assert [row[0] for row in instance.rows("s/t")] == [1, 2, 3]


def test_a_young_log_without_a_key_loses_nothing(described: Make) -> None:
    instance = described(table(*BY_TIME, "deletions: append_only", key=None))
    rows = "at,x\n2026-06-01T01:00:00Z,a\n2026-06-01T02:00:00Z,b\n"
    deliver(instance, rows, 1)
    assert outcome(instance)[0] == 0
    deliver(instance, f"{rows}2026-06-02T02:00:00Z,c\n", 2)
    assert outcome(instance)[0] == 0
    assert [row[1] for row in instance.rows("s/t")] == ["a", "b", "c"]


def compared(instance: Instance, *words: str) -> list[dict[str, Any]]:
    done = instance.here("diff", "--json", *words)
    assert done.returncode == 0, done.stderr
    return [one["rows"] for one in json.loads(done.stdout)["tables"]]


@pytest.mark.parametrize(("later", "changed"), [("007", 1), ("7", 0), ("abc", 1)])
def test_a_column_that_became_text_is_compared_as_text(
    described: Make, later: str, changed: int
) -> None:
    instance = described(table())
    instance.csv("t", "id,x\n1,7\n2,8\n")
    assert outcome(instance)[0] == 0
    described_anew(instance, table("types: {x: VARCHAR}"))
    instance.csv("t", f"id,x\n1,{later}\n2,8\n")
    assert outcome(instance)[0] == 0
    (one,) = compared(instance)
    assert (one["added"], one["removed"], one["changed"]) == (0, 0, changed)


def test_a_key_that_became_text_is_compared_as_text(described: Make) -> None:
    instance = described(table("max_delete_fraction: 1"))
    instance.csv("t", "id,x\n1,a\n2,b\n")
    assert outcome(instance)[0] == 0
    described_anew(instance, table("types: {id: VARCHAR}", "max_delete_fraction: 1"))
    instance.csv("t", "id,x\n1,a\nB,b\n")
    assert outcome(instance)[0] == 0
    (one,) = compared(instance)
    assert (one["added"], one["removed"], one["changed"]) == (1, 1, 0)


@pytest.mark.parametrize("key", ["id", None])
def test_values_of_a_new_column_are_a_change(described: Make, key: str | None) -> None:
    instance = described(table("max_delete_fraction: 1", key=key))
    instance.csv("t", "id,x\n1,a\n2,b\n")
    assert outcome(instance)[0] == 0
    instance.csv("t", "id,x,y\n1,a,new\n2,b,\n")
    assert outcome(instance)[0] == 0
    (one,) = compared(instance)
    counts = (one["added"], one["removed"], one["changed"])
    assert counts == ((0, 0, 1) if key else (1, 1, 0))


def test_a_row_is_shown_whole_whatever_its_columns_are_called(described: Make) -> None:
    instance = described(table(key=None))
    instance.csv("t", "r,o,n\n1,2,3\n")
    assert outcome(instance)[0] == 0
    instance.csv("t", "r,o,n\n1,2,3\n4,5,6\n")
    assert outcome(instance)[0] == 0
    done = instance.here("diff", "--table", "s.t", "--json")
    assert '"r": 4' in done.stdout or '"r":4' in done.stdout, done.stdout
    assert '"n": 6' in done.stdout or '"n":6' in done.stdout, done.stdout


def test_numbers_of_a_difference_have_all_their_digits(described: Make) -> None:
    types = "types: {v: 'DECIMAL(38,10)', n: BIGINT, d: DOUBLE}"
    instance = described(table(types, key=None))
    instance.csv("t", "v,n,d\n1.10,1,0.1\n")
    assert outcome(instance)[0] == 0
    instance.csv("t", "v,n,d\n1.10,1,0.1\n12345678901234567.12,9007199254740993,nan\n2.5,2,0.1\n")
    assert outcome(instance)[0] == 0
    done = instance.here("diff", "--table", "s.t", "--json")
    assert sorted((json.loads(line)["row"] for line in done.stdout.splitlines()), key=str) == [
        {"v": "12345678901234567.1200000000", "n": 9007199254740993, "d": "NaN"},
        {"v": 2.5, "n": 2, "d": 0.1},
    ]


def test_keys_that_would_go_are_shown_with_all_their_digits(described: Make) -> None:
    instance = described(table("types: {id: 'DECIMAL(38,2)'}"))
    instance.csv("t", "id,x\n12345678901234567.12,a\n12345678901234567.13,b\n1.5,c\n")
    assert outcome(instance)[0] == 0
    instance.csv("t", "id,x\n7,a\n")
    assert outcome(instance)[:2] == (1, "held")
    shown = instance.here("status", "--json").stdout
    assert '"12345678901234567.12"' in shown, shown
    assert '"12345678901234567.13"' in shown, shown


def days_ago(days: int) -> str:
    return f"{datetime.now(UTC) - timedelta(days=days):%Y-%m-%dT%H:%M:%SZ}"


@pytest.mark.parametrize(
    ("change", "key"),
    [
        (TYPES, "[id, b]"),
        (("types: {id: BIGINT, v: DOUBLE, at: TIMESTAMPTZ}",), "id"),
        ((*TYPES, "name: other"), "id"),
        ((*TYPES, "partition_by: at", "partition_granularity: year"), "id"),
    ],
)
def test_a_whole_load_reaches_as_far_back_as_what_is_published(
    described: Make, change: tuple[str, ...], key: str
) -> None:
    instance = described(table(*BY_TIME, *TYPES, "max_history_days: 400"))
    rows = [f"{number},x,{number},{days_ago(number)}\n" for number in (300, 200, 100, 1)]
    instance.csv("t", "id,b,v,at\n" + "".join(rows))
    assert outcome(instance)[0] == 0
    described_anew(instance, table(*BY_TIME, "max_history_days: 10", *change, key=key))
    report = instance.sync()
    (one,) = report["tables"]
    assert (report["exit_code"], one["rows"]) == (0, 4)


def test_a_first_load_begins_where_its_history_does(described: Make) -> None:
    instance = described(table(*BY_TIME, *TYPES, "max_history_days: 40"))
    instance.csv("t", f"id,v,at\n1,1,{days_ago(300)}\n2,2,{days_ago(1)}\n")
    assert outcome(instance)[0] == 0
    assert [row[0] for row in instance.rows("s/t")] == [2]


@pytest.mark.parametrize(
    ("before", "declared", "rows", "right"),
    [
        ("", "BIGINT", "5 abc 007", [5, 7]),
        ("1234.5", "DECIMAL(5,2)", "1.25 1234567.89", [Decimal("1.25")]),
        ("2026-01-05 10:00:00", "DATE", "2026-01-06", [date(2026, 1, 6)]),
    ],
)
def test_a_declared_type_holds_over_what_was_there_before(
    described: Make, before: str, declared: str, rows: str, right: list[Any]
) -> None:
    instance = described(table(*BY_TIME, "max_delete_fraction: 1"))
    deliver(instance, f"id,at,x\n1,2026-05-31T00:00:00Z,{before}\n", 1)
    assert outcome(instance)[0] == 0
    described_anew(
        instance, table(*BY_TIME, "max_delete_fraction: 1", f"types: {{x: '{declared}'}}")
    )
    lines = [f"{at},2026-06-02T00:00:00Z,{x}\n" for at, x in enumerate(rows.split(), start=1)]
    deliver(instance, "id,at,x\n" + "".join(lines), 2)
    code = outcome(instance)[0]
    assert code == (3 if len(lines) > len(right) else 0)
    assert [row[2] for row in instance.rows("s/t")] == right


@pytest.mark.parametrize("value", ["0001-01-01T00:00:00+01:00", "9999-12-31T23:59:59-12:00"])
@pytest.mark.parametrize("granularity", ["day", "month", "year"])
def test_an_instant_that_no_reader_can_show_is_rejected(
    described: Make, value: str, granularity: str
) -> None:
    lines = (
        "types: {at: TIMESTAMPTZ}",
        "partition_by: at",
        f"partition_granularity: {granularity}",
    )
    instance = described(table(*BY_TIME, *lines))
    rows = f"id,at\n1,{value}\n2,2026-05-31T00:00:00Z\n3,0001-01-01T00:00:00Z\n"
    for day, more in enumerate(["", "4,9999-12-31T23:59:59.999999Z\n"], start=1):
        deliver(instance, rows + more, day)
        assert outcome(instance)[0] == 3
    assert [row[0] for row in instance.rows("s/t")] == [2, 3, 4]


@pytest.mark.parametrize("strategy", [BY_TIME, ("sync_strategy: partitioned", "partition_by: at")])
def test_of_a_row_that_does_not_fit_what_was_there_before_stays(
    described: Make, strategy: tuple[str, ...]
) -> None:
    instance = described(table(*strategy, *TYPES))
    deliver(instance, "id,v,at\n1,1,2026-05-31T00:00:00Z\n2,2,2026-05-31T00:00:00Z\n", 1)
    assert outcome(instance)[0] == 0
    deliver(instance, "id,v,at\n1,one,2026-06-01T00:00:00Z\n2,3,2026-06-01T00:00:00Z\n", 2)
    assert outcome(instance)[0] == 3
    assert [row[:2] for row in instance.rows("s/t")] == [(1, 1), (2, 3)]


def rejected(instance: Instance) -> list[tuple[Any, ...]]:
    """File, row and column of what the reject file of s.t holds."""
    path = instance.status()["s/t"]["reject_file"]
    with reader() as connection:
        return connection.sql(f'SELECT file, "row", "column" FROM \'{path}\'').fetchall()


def test_a_rejected_row_has_the_number_that_it_has_in_its_file(described: Make) -> None:
    instance = described(table(*BY_TIME, "deletions: append_only", *TYPES, "file: parts/*.csv"))
    parts = instance.root / "csv/parts"
    parts.mkdir()

    def deliver_part(name: str, rows: list[str], day: int) -> None:
        (parts / name).write_text("id,v,at\n" + "".join(f"{row}\n" for row in rows))
        moment = datetime(2026, 6, day, 12, tzinfo=UTC).timestamp()
        os.utime(parts / name, (moment, moment))

    old = [f"{number},{number},2026-01-01" for number in range(1, 10)]
    deliver_part("1.csv", [f"1{row}" for row in old], 1)
    deliver_part("2.csv", [*old, "10,x,2026-06-01"], 1)
    assert outcome(instance)[0] == 3
    assert ("2.csv", 10, "v") in rejected(instance)
    deliver_part("2.csv", [*old, "10,x,2026-06-01", "11,y,2026-06-02"], 2)
    assert outcome(instance)[0] == 3
    assert rejected(instance) == [("2.csv", 10, "v"), ("2.csv", 11, "v")]
