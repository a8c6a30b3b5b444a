"""What texts of a delivery become, from one sync to the next: exact, or told."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from .conftest import Instance
from .test_edges import BY_TIME, deliver, outcome, table

Make = Callable[[str], Instance]


@pytest.mark.parametrize(
    "moment", ["{:02d}-06-26", "2026-6-{}", "June {} 2026", "2026-06-{:02d} 10:00:00 Europe/Prague"]
)
def test_a_row_whose_time_fits_no_type_is_read_every_time(described: Make, moment: str) -> None:
    instance = described(table("sync_strategy: incremental", "incremental_column: changed"))
    rows = f"id,changed,v\n1,{moment.format(1)},a\n"
    deliver(instance, rows, 1)
    assert outcome(instance)[0] == 0
    deliver(instance, f"{rows.replace(',a', ',new')}2,{moment.format(20)},b\n", 30)
    assert outcome(instance)[0] == 0
    assert [row[2] for row in instance.rows("s/t")] == ["new", "b"]


def test_an_offset_after_a_space_is_a_time(described: Make) -> None:
    instance = described(table(*BY_TIME))
    rows = "id,at\n1,2026-01-05 10:00:00 -0500\n"
    deliver(instance, rows, 1)
    assert outcome(instance)[0] == 0
    ((_, at),) = instance.rows("s/t")
    assert at.isoformat() == "2026-01-05T15:00:00+00:00"


def test_long_ids_beside_one_that_a_spreadsheet_wrote_stay_apart(described: Make) -> None:
    instance = described(table())
    ids = ["1234567890123456789", "1234567890123456788", "1.23457E+17"]
    instance.csv("t", "id,v\n" + "".join(f"{one},x\n" for one in ids))
    report = instance.sync()
    assert report["exit_code"] == 0
    assert sorted(row[0] for row in instance.rows("s/t")) == sorted(ids)
    (warning,) = report["tables"][0]["warnings"]
    assert "column id is text: row 3 (9.99999A+99)" in warning


def test_one_word_among_amounts_is_told(described: Make) -> None:
    instance = described(table())
    rows = [f"{number},{number}.50\n" for number in range(5000)]
    rows[3999] = "3999,n/a\n"
    instance.csv("t", "id,amount\n" + "".join(rows))
    report = instance.sync()
    assert report["exit_code"] == 0
    (warning,) = report["tables"][0]["warnings"]
    assert "column amount is text: row 4000 (A/A) is not a number" in warning
    assert "n/a" not in warning


@pytest.mark.parametrize(
    ("line", "rows"),
    [
        ("null_values: []", [(1, None, "", None), (2, 5, "x", 7)]),
        ('null_values: [""]', [(1, None, None, None), (2, 5, "x", 7)]),
        ("types: {n: BIGINT}", [(1, None, "", None), (2, 5, "x", 7)]),
    ],
)
def test_a_quoted_empty_value_is_null_where_it_is_no_value_or_declared(
    described: Make, line: str, rows: list[tuple[object, ...]]
) -> None:
    instance = described(table(line))
    instance.csv("t", 'id,n,s,m\n"1","","",""\n"2","5","x","7"\n')
    assert outcome(instance)[0] == 0
    assert instance.rows("s/t") == rows
    instance.csv("t", 'id,n,s,m\n"1","","",""\n"2","5","x","7"\n\n')
    assert outcome(instance)[0] == 0
    assert instance.rows("s/t") == rows
