"""What texts of a delivery become, from one sync to the next: exact, or told."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from decimal import Decimal

import pytest

from broker.manifest import Manifest

from ..conftest import Instance
from ..test_edges import BY_TIME, days_ago, deliver, outcome, table

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
    assert "column id is text: " in warning
    assert "row 3 (9.99999A+99)" in warning


def test_one_word_among_amounts_is_told(described: Make) -> None:
    instance = described(table())
    rows = [f"{number},{number}.50\n" for number in range(5000)]
    rows[3999] = "3999,n/a\n"
    instance.csv("t", "id,amount\n" + "".join(rows))
    report = instance.sync()
    assert report["exit_code"] == 0
    (warning,) = report["tables"][0]["warnings"]
    assert "column amount is text: " in warning
    assert "row 4000 (A/A) is not a number" in warning
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


def types(instance: Instance) -> dict[str, str]:
    """The published types, by the manifest that the readers have."""
    manifest = json.loads((instance.data / "current/manifest.json").read_text())
    (one,) = manifest["tables"]
    return {column["name"]: column["type"] for column in one["schema"]["columns"]}


KEPT = (*BY_TIME, "deletions: census")


@pytest.mark.parametrize(
    ("before", "after", "type_"),
    [
        (["7", "8"], "10.50", "DECIMAL(21,2)"),
        (["7", "8"], "n/a", "VARCHAR"),
        (["7", "8"], "007", "VARCHAR"),
        (["7.5", "8.25"], "n/a", "VARCHAR"),
        (["7.5", "8.25"], "9.125", "DECIMAL(19,3)"),
        (["7", "8"], "1e3", "DOUBLE"),
        (["2026-01-01", "2026-01-02"], "2026-01-03 10:00:00", "TIMESTAMP"),
        (["2026-01-01T10:00:00", "2026-01-02"], "soon", "VARCHAR"),
        (["true", "FALSE"], "maybe", "VARCHAR"),
    ],
)
@pytest.mark.parametrize("lines", [(), KEPT])
def test_an_inferred_type_widens_and_no_row_is_lost(
    described: Make, lines: tuple[str, ...], before: list[str], after: str, type_: str
) -> None:
    instance = described(table(*lines))
    rows = "".join(f"{at},2026-05-3{at}T00:00:00Z,{v}\n" for at, v in enumerate(before))
    deliver(instance, f"id,at,v\n{rows}", 1)
    assert outcome(instance)[0] == 0
    deliver(instance, f"id,at,v\n{rows}9,2026-06-01T00:00:00Z,{after}\n", 2)
    report = instance.sync()
    assert report["exit_code"] == 0
    (one,) = report["tables"]
    assert (one["rows"], one["rejects"]) == (3, 0)
    assert types(instance)["v"] == type_
    assert any("changed from" in text and f"to {type_}: " in text for text in one["warnings"])
    if type_ == "VARCHAR":
        assert [row[2] for row in instance.rows("s/t")] == [*before, after]
    assert instance.here("verify").returncode == 0
    assert outcome(instance)[0] == 0
    assert len(instance.rows("s/t")) == 3


def test_a_declared_type_rejects(described: Make) -> None:
    instance = described(table("types: {v: BIGINT}"))
    instance.csv("t", "id,v\n1,7\n2,8\n3,9\n")
    assert outcome(instance)[0] == 0
    instance.csv("t", "id,v\n1,7\n2,8\n3,10.50\n")
    assert outcome(instance)[0] == 3
    assert types(instance)["v"] == "BIGINT"


def test_a_table_whose_columns_may_not_change_fails(described: Make) -> None:
    instance = described(table("on_schema_change: fail"))
    instance.csv("t", "id,v\n1,7\n2,8\n")
    assert outcome(instance)[0] == 0
    instance.csv("t", "id,v\n1,7\n2,8.5\n")
    code, status, error = outcome(instance)
    assert (code, status) == (1, "failed")
    assert error is not None
    assert "column v" in error
    assert "because of t.csv, row 2 (9.9)" in error
    assert instance.rows("s/t") == [(1, 7), (2, 8)]
    types = 'types: {v: "DECIMAL(9,1)"}'
    (instance.config / "data_description.md").write_text(table("on_schema_change: fail", types))
    assert outcome(instance)[0] == 0
    assert instance.rows("s/t") == [(1, Decimal("7.0")), (2, Decimal("8.5"))]


def test_the_row_that_needs_another_type_is_named_by_its_own_number(described: Make) -> None:
    instance = described(table(*BY_TIME, "on_schema_change: fail", "deletions: append_only"))
    rows = "".join(f"{at},{days_ago(90)},7\n" for at in range(5))
    deliver(instance, f"id,at,v\n{rows}5,{days_ago(9)},7\n", 1)
    assert outcome(instance)[0] == 0
    deliver(instance, f"id,at,v\n{rows}5,{days_ago(9)},7\n6,{days_ago(1)},7.5\n", 2)
    code, _, error = outcome(instance)
    assert code == 1
    assert "because of t.csv, row 7 (9.9)" in str(error)


@pytest.mark.parametrize("policy", ["evolve", "fail", "rebuild"])
@pytest.mark.parametrize(
    ("values", "type_", "found"),
    [
        (
            ["1", "2.50", "3.25"],
            "DECIMAL(21,2)",
            [Decimal("1.00"), Decimal("2.50"), Decimal("3.25")],
        ),
        (["", "7", "8"], "BIGINT", [None, 7, 8]),
        (['""', "7", "8"], "BIGINT", [None, 7, 8]),
        (["1.50", "2", "n/a"], "VARCHAR", ["1.50", "2", "n/a"]),
        (['""', "7", "n/a"], "VARCHAR", ["", "7", "n/a"]),
        (["7", '""', "n/a"], "VARCHAR", ["7", "", "n/a"]),
    ],
)
def test_a_load_in_chunks_comes_to_the_types_of_all_of_its_values(
    described: Make, policy: str, values: list[str], type_: str, found: list[object]
) -> None:
    lines = ("max_history_days: 100", f"on_schema_change: {policy}")
    instance = described(table(*BY_TIME, *lines))
    days = (90, 50, 1)
    rows = (f"{days_ago(day)},{day},{value}\n" for day, value in zip(days, values, strict=True))
    instance.csv("t", "at,id,v\n" + "".join(rows))
    assert outcome(instance)[0] == 0
    assert types(instance)["v"] == type_
    assert [row[2] for row in instance.rows("s/t")] == found


@pytest.mark.parametrize("lines", [BY_TIME, (*BY_TIME, "max_history_days: 100"), KEPT])
def test_two_texts_of_one_number_are_two_keys_whenever_they_come(
    described: Make, lines: tuple[str, ...]
) -> None:
    instance = described(table(*lines, key="version"))
    rows = [f"1.5,{days_ago(90)}\n", f"1.50,{days_ago(50)}\n", f"1.500,{days_ago(1)}\n"]
    for day, count in enumerate((2, 3), start=1):
        deliver(instance, "version,at\n" + "".join(rows[:count]), day)
        assert outcome(instance)[0] == 0
    assert [row[0] for row in instance.rows("s/t")] == ["1.5", "1.50", "1.500"]


@pytest.mark.parametrize("lines", [BY_TIME, KEPT])
def test_an_empty_text_of_earlier_rows_is_no_null_once_the_column_is_text(
    described: Make, lines: tuple[str, ...]
) -> None:
    instance = described(table(*lines))
    rows = (
        'id,at,v\n1,2026-03-01T00:00:00Z,7\n2,2026-03-02T00:00:00Z,""\n3,2026-05-30T00:00:00Z,8\n'
    )
    deliver(instance, rows, 1)
    assert outcome(instance)[0] == 0
    deliver(instance, f"{rows}4,2026-06-01T00:00:00Z,n/a\n", 2)
    assert outcome(instance)[0] == 0
    assert [row[2] for row in instance.rows("s/t")] == ["7", "", "8", "n/a"]


def test_a_first_chunk_without_rows_says_nothing_of_types(described: Make) -> None:
    instance = described(table(*BY_TIME, "max_history_days: 100"))
    instance.csv("t", f"id,at,v\n1,{days_ago(1)},2.50\n")
    assert outcome(instance)[0] == 0
    assert types(instance) == {"id": "BIGINT", "at": "TIMESTAMPTZ", "v": "DECIMAL(18,2)"}


def test_a_table_that_was_empty_finds_its_types_later(described: Make) -> None:
    instance = described(table("partition_by: at"))
    instance.csv("t", "id,at,v\n")
    assert outcome(instance)[:2] == (0, "empty")
    instance.csv("t", "id,at,v\n1,2026-01-01,2.50\n")
    assert outcome(instance)[0] == 0
    assert types(instance) == {"id": "BIGINT", "at": "DATE", "v": "DECIMAL(18,2)"}


def test_the_manifest_says_what_types_were_taken_from(described: Make) -> None:
    instance = described(table("types: {id: BIGINT}"))
    instance.csv("t", "id,v,w\n1,7,\n")
    assert outcome(instance)[0] == 0
    content = (instance.data / "current/manifest.json").read_bytes()
    columns = Manifest.from_json(content, where="here").tables[0].schema.columns
    assert [column.typed_by for column in columns] == ["declaration", "values", "nothing"]
    older = re.sub(rb',\s*"typed_by": "[a-z]+"', b"", content)
    columns = Manifest.from_json(older, where="here").tables[0].schema.columns
    assert [column.typed_by for column in columns] == [None] * 3


@pytest.mark.parametrize("lines", [(), KEPT, (*BY_TIME, "deletions: append_only")])
def test_a_key_widens_and_keeps_its_rows(described: Make, lines: tuple[str, ...]) -> None:
    instance = described(table(*lines))
    rows = "".join(f"{at},2026-05-3{at}T00:00:00Z\n" for at in (0, 1))
    deliver(instance, f"id,at\n{rows}", 1)
    assert outcome(instance)[0] == 0
    deliver(instance, f"id,at\n{rows}A2,2026-06-01T00:00:00Z\n", 2)
    assert outcome(instance)[0] == 0
    assert [row[0] for row in instance.rows("s/t")] == ["0", "1", "A2"]
    deliver(instance, f"id,at\n{rows}A2,2026-06-01T00:00:00Z\nA3,2026-06-02T00:00:00Z\n", 3)
    assert outcome(instance)[0] == 0
    assert [row[0] for row in instance.rows("s/t")] == ["0", "1", "A2", "A3"]


@pytest.mark.parametrize("lines", [(), BY_TIME])
def test_the_column_of_a_partition_widens_to_times_and_rejects_words(
    described: Make, lines: tuple[str, ...]
) -> None:
    instance = described(table("partition_by: at", *lines))
    rows = "id,at\n1,2026-05-30\n2,2026-05-31\n"
    deliver(instance, rows, 1)
    assert outcome(instance)[0] == 0
    rows += "3,2026-06-01 10:30:00\n"
    deliver(instance, rows, 2)
    assert outcome(instance)[0] == 0
    deliver(instance, f"{rows}4,soon\n", 3)
    assert outcome(instance)[0] == 3
    assert types(instance)["at"] == "TIMESTAMP"
    found = [(row[0], row[1].isoformat(" ")) for row in instance.rows("s/t")]
    days = ["2026-05-30 00:00:00", "2026-05-31 00:00:00", "2026-06-01 10:30:00"]
    assert found == list(enumerate(days, start=1))
    assert instance.here("verify").returncode == 0


@pytest.mark.parametrize("lines", [BY_TIME, ()])
@pytest.mark.parametrize(
    ("before", "after", "kept"),
    [
        (["7.5", "8.25"], "n/a", ["7.50", "8.25"]),
        (["7", "8"], "1e3", ["7", "8"]),
        (["TRUE", "false"], "maybe", ["true", "false"]),
        (["2026-01-01T10:00:00Z", ""], "soon", ["2026-01-01 10:00:00+00", None]),
    ],
)
def test_rows_that_the_source_has_no_more_widen_where_they_are(
    described: Make, lines: tuple[str, ...], before: list[str], after: str, kept: list[str]
) -> None:
    instance = described(table(*lines, "deletions: append_only"))
    rows = "".join(f"{at},2026-05-3{at}T00:00:00Z,{v}\n" for at, v in enumerate(before))
    deliver(instance, f"id,at,v\n{rows}", 1)
    assert outcome(instance)[0] == 0
    deliver(instance, f"id,at,v\n9,2026-06-01T00:00:00Z,{after}\n", 2)
    assert outcome(instance)[0] == 0
    assert [row[2] for row in instance.rows("s/t")] == [*kept, after]


@pytest.mark.parametrize(
    ("key", "deletions"), [("id", "append_only"), ("id", "census"), (None, "append_only")]
)
@pytest.mark.parametrize("at_first", [True, False])
def test_a_word_in_the_column_of_time_neither_loses_nor_doubles_rows(
    described: Make, key: str | None, deletions: str, at_first: bool
) -> None:
    instance = described(table(*BY_TIME, f"deletions: {deletions}", key=key))
    rows = ["1,2026-05-30T00:00:00Z,a", "2,2026-05-31T00:00:00Z,b", "3,soon,c"]
    for day, count in ((1, 3 if at_first else 2), (2, 3), (3, 4)):
        delivered = [*rows, "4,2026-06-03T00:00:00Z,d"][:count]
        deliver(instance, "id,at,v\n" + "".join(f"{row}\n" for row in delivered), day)
        assert outcome(instance)[0] == 0
        assert [row[2] for row in instance.rows("s/t")] == list("abcd")[:count]


@pytest.mark.parametrize(
    ("condition", "wanted"),
    [
        ('operator: le, values: "2026-01-01 10:00:00"', "TTF"),
        ('operator: ge, values: "2026-01-01T10:00:00"', "FFT"),
        ('operator: eq, values: "2026-01-01"', "FFF"),
        ('operator: in, values: ["2026-01-01 11:00:00+02:00"]', "FTF"),
        ('operator: ne, values: "2026-01-01T09:00:00Z"', "TFT"),
    ],
)
@pytest.mark.parametrize("last", ["2026-01-01 11:00:00", "2026-01-01T13:00:00+02:00"])
def test_filters_compare_times_as_times(
    described: Make, condition: str, wanted: str, last: str
) -> None:
    lines = f"where_filters:\n      - {{column: at, {condition}}}"
    instance = described(table(lines))
    deliver(instance, f"id,at\n1,2026-01-01T08:30\n2,2026-01-01 09:00:00.000\n3,{last}\n", 1)
    assert outcome(instance)[0] == 0
    found = {row[0] for row in instance.rows("s/t")}
    assert found == {at for at, letter in enumerate(wanted, 1) if letter == "T"}


def test_filters_compare_truth_values_in_any_case(described: Make) -> None:
    instance = described(table("where_filters:\n      - {column: is, values: [true]}"))
    deliver(instance, "id,is\n1,TRUE\n2,true\n3,False\n4,True\n5,\n", 1)
    assert outcome(instance)[0] == 0
    assert [row[0] for row in instance.rows("s/t")] == [1, 2, 4]


def test_a_table_that_is_held_says_which_value_had_every_row_read_anew(described: Make) -> None:
    instance = described(table(*BY_TIME))
    deliver(instance, f"id,at,v\n1,{days_ago(9)},true\n2,{days_ago(9)},false\n", 1)
    assert outcome(instance)[0] == 0
    deliver(instance, f"id,at,v\n3,{days_ago(1)},yes\n", 2)
    code, status, error = outcome(instance)
    assert (code, status) == (1, "held")
    assert "column v: values need the type VARCHAR, because of t.csv, row 1 (AAA)" in str(error)
    types = "types: {v: BOOLEAN}"
    (instance.config / "data_description.md").write_text(table(*BY_TIME, types))
    assert outcome(instance)[0] == 3
    assert [row[0] for row in instance.rows("s/t")] == [1, 2]


def test_a_table_of_many_columns_needs_no_more_memory_than_there_is(described: Make) -> None:
    names = [f"c{at}" for at in range(1500)]
    lines = [",".join([str(row), *(f"{row}{name}" for name in names)]) for row in range(9)]
    instance = described(table())
    deliver(instance, "\n".join([",".join(["id", *names]), *lines]), 1)
    assert outcome(instance)[0] == 0
    rows = instance.rows("s/t")
    assert [(len(row), row[1500]) for row in rows] == [(1501, f"{at}c1499") for at in range(9)]


@pytest.mark.parametrize("type_", ["BIGINT[]", "STRUCT(x BIGINT)"])
def test_text_is_no_list_and_the_error_says_what_to_declare(described: Make, type_: str) -> None:
    instance = described(table(f'types: {{v: "{type_}"}}'))
    deliver(instance, 'id,v\n1,"[1, 2]"\n', 1)
    code, status, error = outcome(instance)
    assert (code, status) == (1, "failed")
    assert "column v: the source delivers text" in str(error)
    (instance.config / "data_description.md").write_text(table("types: {v: JSON}"))
    assert outcome(instance)[0] == 0


def test_a_load_in_chunks_tells_what_each_of_them_met(described: Make) -> None:
    instance = described(table(*BY_TIME, "max_history_days: 100"))
    rows = [(90, 1, 5), (90, 1, 6), (90, 2, 7), (90, 3, "n/a"), (50, 4, 8), (1, 1, 9)]
    lines = (f"{days_ago(day)},{key},{value}\n" for day, key, value in rows)
    instance.csv("t", "at,id,v\n" + "".join(lines))
    (one,) = instance.sync()["tables"]
    assert (one["rows"], one["duplicates"]) == (4, 2), "within a chunk, and by a later one"
    assert [(issue["kind"], issue["count"]) for issue in one["issues"]] == [("displaced", 2)]
    assert [place["row"] for place in one["issues"][0]["places"]] == [1]
    assert "column v is text: t.csv, row 4 (A/A) is not a number" in one["warnings"][0]
    status = instance.status()["s/t"]
    assert (status["duplicates"], status["warnings"]) == (2, one["warnings"])
