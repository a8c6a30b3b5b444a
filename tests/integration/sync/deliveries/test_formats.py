"""Columns with declared formats, from the delivery to what readers get."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from decimal import Decimal

import pytest

from ..conftest import Instance
from ..test_edges import deliver, described_anew, outcome, table

Make = Callable[[str], Instance]
FORMATS = "csv: {delimiter: ;, formats: {at: {date: '%d.%m.%Y'}, v: {decimal: ',', thousands: .}}}"
BY_DAY = ("sync_strategy: incremental", "incremental_column: at", "deletions: census")
AFTER_MAY_DAY = "{column: at, operator: gt, values: 2026-05-01}"
ROWS = "1;30.05.2026;1.234,50\n2;31.05.2026;7,00\n"


@pytest.mark.parametrize("lines", [(), ("types: {at: DATE, v: 'DECIMAL(18,2)'}",)])
def test_values_are_typed_as_others_are(described: Make, lines: tuple[str, ...]) -> None:
    instance = described(table(FORMATS, "partition_by: at", *lines))
    deliver(instance, f"id;at;v\n{ROWS}", 1)
    assert outcome(instance)[0] == 0
    assert instance.rows("s/t") == [
        (1, date(2026, 5, 30), Decimal("1234.50")),
        (2, date(2026, 5, 31), Decimal("7.00")),
    ]


def test_filters_and_windows_see_what_the_table_holds(described: Make) -> None:
    filters = "where_filters: [{column: v, operator: gt, values: 10}]"
    instance = described(table(FORMATS, *BY_DAY[:2], filters))
    deliver(instance, f"id;at;v\n{ROWS}", 1)
    assert outcome(instance)[0] == 0
    deliver(instance, f"id;at;v\n{ROWS}3;01.06.2026;11,00\n4;01.06.2026;9,00\n", 2)
    assert outcome(instance)[0] == 0
    assert [row[0] for row in instance.rows("s/t")] == [1, 3]


@pytest.mark.parametrize("lines", [(), BY_DAY])
def test_a_value_of_another_format_is_rejected_and_named_until_it_is_mended(
    described: Make, lines: tuple[str, ...]
) -> None:
    instance = described(table(FORMATS, *lines))
    deliver(instance, f"id;at;v\n{ROWS}3;2026-06-01;1,00\n4;01.06.2026;1.00\n", 1)
    for _ in range(2):
        report = instance.sync()
        assert report["exit_code"] == 3
        (one,) = report["tables"]
        assert (one["rows"], one["rejects"]) == (2, 2)
        deliver(instance, f"id;at;v\n{ROWS}3;2026-06-01;1,00\n4;01.06.2026;1.00\n\n", 2)
    assert not any("every row was read anew" in text for text in one["warnings"])
    issues = instance.status()["s/t"]["issues"]
    assert {(issue["column"], *issue["shapes"]) for issue in issues} == {
        ("at", "9999-99-99"),
        ("v", "9.99"),
    }
    deliver(instance, f"id;at;v\n{ROWS}3;01.06.2026;1,00\n4;01.06.2026;1,00\n", 3)
    assert outcome(instance)[0] == 0
    assert len(instance.rows("s/t")) == 4


@pytest.mark.parametrize(
    ("filters", "rejected"),
    [
        ("where_filters: [{column: id, operator: lt, values: 3}]", {"v"}),
        (f"where_filters: [{AFTER_MAY_DAY}]", {"at"}),
        ("row_filter: id < '3'", {"v"}),
        (f"where_filters: [{AFTER_MAY_DAY}, {{column: id, values: [1, 2]}}]", set()),
        (f"where_filters: [{AFTER_MAY_DAY}]\n    row_filter: ID < '3'", set()),
    ],
)
def test_of_rows_that_are_not_wanted_none_is_rejected(
    described: Make, filters: str, rejected: set[str]
) -> None:
    instance = described(table(FORMATS, filters))
    deliver(instance, "id;at;v\n1;30.05.2026;1,00\n2;01.05.2026;1.5\n3;2026-06-01;1,00\n", 1)
    assert outcome(instance)[0] == (3 if rejected else 0)
    issues = instance.status()["s/t"]["issues"]
    assert {issue["column"] for issue in issues} == rejected


def test_the_remedy_of_a_value_of_another_format_mends_it(described: Make) -> None:
    """Text is no way out: the format rejects the value whatever type the column has."""
    instance = described(table(FORMATS, "partition_by: at"))
    deliver(instance, f"id;at;v\n{ROWS}3;-;1,00\n", 1)
    (issue,) = instance.sync()["tables"][0]["issues"]
    assert "the format of the column under `csv.formats`" in issue["remedy"]
    formats = FORMATS.replace("%Y'", "%Y', null_values: ['-']")
    described_anew(instance, table(formats, "partition_by: at"))
    assert outcome(instance)[0] == 0


def test_a_column_that_is_not_wanted_rejects_no_row(described: Make) -> None:
    filters = "where_filters: [{column: id, operator: lt, values: 3}]"
    instance = described(table(FORMATS, filters, "columns: [id, at]"))
    deliver(instance, "id;at;v\n1;30.05.2026;1,00\n2;01.05.2026;1.5\n", 1)
    assert outcome(instance)[0] == 0
    assert len(instance.rows("s/t")) == 2


@pytest.mark.parametrize("lines", [(), BY_DAY[:2]])
def test_rows_are_read_anew_where_a_format_changes(described: Make, lines: tuple[str, ...]) -> None:
    types = "types: {at: DATE, v: 'DECIMAL(18,2)'}"
    instance = described(table(FORMATS, types, *lines))
    rows = "1;05.04.2026;1,00\n2;06.04.2026;2,00\n"
    deliver(instance, f"id;at;v\n{rows}", 1)
    assert outcome(instance)[0] == 0
    described_anew(instance, table(FORMATS.replace("%d.%m", "%m.%d"), types, *lines))
    assert outcome(instance)[0] == 0
    assert [row[1] for row in instance.rows("s/t")] == [date(2026, 5, 4), date(2026, 6, 4)]


@pytest.mark.parametrize(
    ("type_", "value", "declared"),
    [
        ("DATE", "31.12.2024", "{v: {date: '%d.%m.%Y'}}"),
        ("DATE", "20240105", "{v: {date: '%Y%m%d', null_values: ['00000000']}}"),
        ("'DECIMAL(18,2)'", '"1.234,50"', "{v: {decimal: ',', thousands: '.'}}"),
        ("'DECIMAL(18,2)'", "(12.00)", "{v: {negative: parentheses}}"),
        ("BIGINT", " 10 ", "{v: {trim: true}}"),
        ("BOOLEAN", "t", "{v: {true_words: […], false_words: […]}}"),
        (
            "TIMESTAMP",
            "2024-01-05 10:00:00.1234567",
            "{v: {cut_to_microseconds: true}}",
        ),
    ],
)
def test_the_error_names_the_declaration_that_works(
    described: Make, type_: str, value: str, declared: str
) -> None:
    instance = described(table(f"types: {{v: {type_}}}"))
    rows = f"id,v\n1,{value}\n2,{value}\n"
    deliver(instance, rows, 1)
    code, _, error = outcome(instance)
    assert code == 1
    assert f"`csv: {{formats: {declared}}}` reads them" in str(error)
    words = declared.replace("true_words: […]", "true_words: t").replace("[…]", "f")
    described_anew(instance, table(f"types: {{v: {type_}}}", f"csv: {{formats: {words}}}"))
    assert outcome(instance)[0] == 0
    assert len(instance.rows("s/t")) == 2


@pytest.mark.parametrize("bad", ["2;30.05.2026;1.00", "2;2026-05-31;1,00"])
def test_the_last_good_row_stays_in_a_partition_that_is_written_anew(
    described: Make, bad: str
) -> None:
    """As where the type rejects a row: that the format of a column does comes from the source."""
    lines = ("sync_strategy: partitioned", "partition_by: at", "max_delete_fraction: 1")
    instance = described(table(FORMATS, *lines))
    deliver(instance, f"id;at;v\n{ROWS}", 1)
    assert outcome(instance)[0] == 0
    deliver(instance, f"id;at;v\n1;30.05.2026;8,00\n{bad}\n", 2)
    assert outcome(instance)[0] == 3
    assert [(row[0], row[2]) for row in instance.rows("s/t")] == [(1, Decimal(8)), (2, Decimal(7))]


@pytest.mark.parametrize(
    ("lines", "bad"),
    [
        (("where_filters: [{column: v, operator: gt, values: 1}]",), "3;29.05.2026;1.5"),
        (("max_history_days: 3000",), "3;2026-05-29;1,00"),
    ],
)
def test_a_census_knows_the_key_of_a_row_that_another_column_rejects(
    described: Make, lines: tuple[str, ...], bad: str
) -> None:
    """What a filter or a window compares is not known of it; that the key is there, is."""
    some = ("max_delete_fraction: 1", "types: {id: BIGINT}")
    instance = described(table(FORMATS, *BY_DAY, *some, *lines))
    rows = f"id;at;v\n{ROWS}3;29.05.2026;2,00\n"
    deliver(instance, rows, 1)
    assert outcome(instance)[0] == 0
    for day, last in ((2, ""), (3, "4;01.06.2026;3,00\n")):
        deliver(instance, f"id;at;v\n1;30.05.2026;9,00\n{bad}\n{last}", day)
        assert outcome(instance)[0] == 3
    assert [row[0] for row in instance.rows("s/t")] == [1, 3, 4]
    deliver(instance, f"id;at;v\n1;30.05.2026;9,00\nx;{bad[2:]}\n", 4)
    _, status, error = outcome(instance)
    assert status == "failed"
    assert "deleted rows cannot be identified" in str(error)


@pytest.mark.parametrize("lines", [(), BY_DAY])
def test_a_column_that_values_made_text_gets_its_type_where_they_are_read_otherwise(
    described: Make, lines: tuple[str, ...]
) -> None:
    instance = described(table("csv: {delimiter: ;}", *lines))
    rows = "id;at;v;w;x\n1;2026-05-30;1,50;NA;a\n2;2026-05-31;7;2;1\n"
    deliver(instance, rows, 1)
    assert outcome(instance)[0] == 0
    assert [row[2:] for row in instance.rows("s/t")] == [("1,50", "NA", "a"), ("7", "2", "1")]
    csv = "csv: {delimiter: ;, null_values: NA, formats: {v: {decimal: ','}}}"
    described_anew(instance, table(csv, *lines))
    (report,) = instance.sync()["tables"]
    assert [row[2:] for row in instance.rows("s/t")] == [
        (Decimal("1.50"), None, "a"),
        (Decimal("7.00"), 2, "1"),
    ]
    for change in ("v changed from VARCHAR to DECIMAL(18,2)", "w changed from VARCHAR to BIGINT"):
        assert f"column {change}" in report["warnings"]
    assert not any("column x changed" in text for text in report["warnings"])
