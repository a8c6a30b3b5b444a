"""Deliveries as people write them: read as they are, or reported; never less than the truth."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from ..conftest import Instance
from ..test_edges import described_anew, table

Make = Callable[[str], Instance]


def test_joined_files_are_read_and_reported(described: Make) -> None:
    instance = described(table(key=None))
    instance.csv("t", "\ufeffid,v\n1,a\n\ufeffid,v\n2,b\n")
    report = instance.sync()
    assert report["exit_code"] == 0
    assert instance.rows("s/t") == [(1, "a"), (2, "b")]
    warning = "t.csv, line 3 repeats the header and is not a row: files were joined in one"
    assert report["tables"][0]["warnings"] == [warning]
    assert instance.status()["s/t"]["warnings"] == [warning]


@pytest.mark.parametrize("key", ["id", None])
def test_quotes_that_swallow_lines_are_reported(described: Make, key: str | None) -> None:
    instance = described(table("csv: {delimiter: tab}", key=key))
    instance.csv("t", 'id\tv\n1\t"Foo\n2\tb\n3\t"Bar\n4\td\n')
    report = instance.sync()
    assert (report["exit_code"], report["tables"][0]["rejects"]) == (3, 1)
    assert instance.rows("s/t") == [(4, "d")]


PAGE = "<!DOCTYPE html>\n<html>\n<body>\nPlease log in\n</body>\n</html>\n"


@pytest.mark.parametrize(
    ("text", "status", "says"),
    [
        (PAGE, "unreadable", "is an HTML page"),
        ("Service unavailable\nTry again\n", "held", "found none of them"),
        ("person,amount,day\n1,2,3\n", "held", "found the columns of another published table"),
    ],
)
def test_a_delivery_of_something_else_is_not_published(
    described: Make, text: str, status: str, says: str
) -> None:
    salaries = "  - id: s.u\n    primary_key: person\n```"
    instance = described(table(key=None).replace("```\n", "```").removesuffix("```") + salaries)
    instance.csv("t", "id,v,w,day\n1,a,b,2\n")
    instance.csv("u", "person,amount,day\n1,2,3\n")
    assert instance.sync()["exit_code"] == 0
    instance.csv("t", text)
    report = instance.sync()
    found = next(one for one in report["tables"] if one["table"] == "s/t")
    assert (report["exit_code"], found["status"]) == (1, status)
    assert says in found["error"]
    assert instance.rows("s/t") == [(1, "a", "b", 2)]


def test_other_columns_are_published_once_approved(described: Make) -> None:
    instance = described(table(key=None))
    instance.csv("t", "id,v\n1,a\n")
    assert instance.sync()["exit_code"] == 0
    instance.csv("t", "x,y\n1,a\n2,b\n")
    assert instance.sync()["tables"][0]["status"] == "held"
    assert instance.here("approve", "s.t").returncode == 0
    assert instance.sync()["exit_code"] == 0
    assert instance.rows("s/t") == [(None, None, 1, "a"), (None, None, 2, "b")]


@pytest.mark.parametrize("order", [None, "name"])
def test_keys_that_meet_in_several_files_are_reported(described: Make, order: str | None) -> None:
    lines = () if order is None else (f"csv: {{order: {order}}}",)
    instance = described(table(*lines))
    folder = instance.root / "csv/t"
    folder.mkdir()
    (folder / "snap_30-11-2026.csv").write_text("id,v\n1,old\n")
    (folder / "snap_01-12-2026.csv").write_text("id,v\n1,new\n")
    (one,) = instance.sync()["tables"]
    assert one["duplicates"] == 1
    warnings = [warning for warning in one["warnings"] if "keys occur more than once" in warning]
    assert len(warnings) == (1 if order is None else 0)


@pytest.mark.parametrize("footer", ["1", "End", "'[En]+d'"])
def test_what_stands_around_a_table_can_be_declared(described: Make, footer: str) -> None:
    instance = described(table(f"csv: {{skip_rows: 2, skip_after_header: 1, footer: {footer}}}"))
    instance.csv("t", "\ufeffReport\n\nid,v\n--,-\n1,a\n2,b\n\nEnd\n")
    report = instance.sync()
    assert (report["exit_code"], report["tables"][0]["rejects"]) == (0, 0)
    assert instance.rows("s/t") == [(1, "a"), (2, "b")]


@pytest.mark.parametrize(
    ("csv", "text"),
    [
        ("{short_rows: null}", "id,v,w\n1,a\n"),
        ("{trailing_delimiter: true, short_rows: null}", "id,v,w\n1,a,\n"),
        ("{dialect: mysql, columns: [id, v, w]}", "1\ta\t\\N\n"),
        ("{dialect: excel, locale: de-AT}", "sep=|\nid|v|w\n1|a|\n"),
    ],
)
def test_dialects_and_ragged_rows_can_be_declared(described: Make, csv: str, text: str) -> None:
    instance = described(table(f"csv: {csv}"))
    instance.csv("t", text)
    assert instance.sync()["exit_code"] == 0
    assert instance.rows("s/t") == [(1, "a", None)]


@pytest.mark.parametrize(
    "csv", ["dialect: sqlcmd", "dialect: sqlcmd, header: false, columns: [id, v]"]
)
def test_a_row_is_not_left_out_in_place_of_dashes(described: Make, csv: str) -> None:
    instance = described(table(f"csv: {{{csv}}}"))
    instance.csv("t", "id,v\n1,a\n2,b\n\n(2 rows affected)\n")
    report = instance.sync()
    assert report["exit_code"] == 1
    assert "declare csv: {skip_after_header: 0}" in report["tables"][0]["error"]
    described_anew(instance, table("csv: {dialect: sqlcmd, skip_after_header: 0}"))
    assert instance.sync()["exit_code"] == 0
    assert instance.rows("s/t") == [(1, "a"), (2, "b")]


@pytest.mark.parametrize("text", ["2,y\n3,z\n", "id;v\n2;y\n"])
def test_files_of_a_union_share_a_column(described: Make, text: str) -> None:
    instance = described(table("csv: {columns: union}", key=None))
    (instance.root / "csv/t").mkdir()
    (instance.root / "csv/t/a.csv").write_text("id,v\n1,x\n")
    (instance.root / "csv/t/b.csv").write_text(text)
    report = instance.sync()
    assert report["exit_code"] == 1
    assert "b.csv: has no column that another file" in report["tables"][0]["error"]


@pytest.mark.parametrize("again", ['"id","v"', "id,v"])
@pytest.mark.parametrize("header", ['"id","v"', "id,v"])
def test_a_header_that_comes_again_may_have_quotes(
    described: Make, header: str, again: str
) -> None:
    instance = described(table(key=None))
    instance.csv("t", f"{header}\n1,a\n{again}\n2,b\n")
    report = instance.sync()
    assert (report["exit_code"], instance.rows("s/t")) == (0, [(1, "a"), (2, "b")])
    assert "files were joined in one" in report["tables"][0]["warnings"][0]


@pytest.mark.parametrize(
    ("csv", "text"),
    [
        ("{dialect: sqlcmd}", "id,v\n--,-\n1,a\n\n(1 row affected)\n"),
        ("{dialect: excel}", "sep=;\nid;v\n1;a\n"),
        ("{skip_rows: 1}", "Of,May\nid,v\n1,a\n"),
        ("{footer: 1}", "id,v\n1,a\nTotal,1\n"),
    ],
)
def test_lines_around_rows_of_joined_files_are_no_rows(
    described: Make, csv: str, text: str
) -> None:
    instance = described(table(f"csv: {csv}", key=None))
    instance.csv("t", text)
    assert (instance.sync()["exit_code"], instance.rows("s/t")) == (0, [(1, "a")])
    instance.csv("t", text + text)
    report = instance.sync()
    assert (report["exit_code"], instance.rows("s/t")) == (1, [(1, "a")])
    assert "files were joined in one" in report["tables"][0]["error"]


@pytest.mark.parametrize(
    ("declared", "written"),
    [
        ("cp1250", "utf-8-sig"),
        ("utf-16", "utf-8-sig"),
        ("utf-16-le", "utf-16"),
        ("cp1250", "cp1250"),
    ],
)
def test_a_byte_order_mark_wins_over_a_declared_encoding(
    described: Make, declared: str, written: str
) -> None:
    instance = described(table(f"csv: {{encoding: {declared}}}"))
    (instance.root / "csv/t.csv").write_bytes("id,v\n1,ž\n".encode(written))
    assert instance.sync()["exit_code"] == 0
    assert instance.rows("s/t") == [(1, "ž")]


def test_a_byte_order_mark_of_the_other_end_is_seen(described: Make) -> None:
    instance = described(table("csv: {encoding: utf-16-le}"))
    (instance.root / "csv/t.csv").write_bytes("﻿id,v\n1,a\n".encode("utf-16-be"))
    assert instance.sync()["exit_code"] == 0
    assert instance.rows("s/t") == [(1, "a")]


def test_a_backslash_in_quotes_is_one_in_files_of_snowflake(described: Make) -> None:
    csv = """{dialect: snowflake, quote: '"', columns: [id, v, w]}"""
    instance = described(table(f"csv: {csv}"))
    instance.csv("t", '1,"C:\\","b ""c"""\n2,\\N,"\\\\host"\n3,"","\\N"\n')
    assert instance.sync()["exit_code"] == 0
    assert instance.rows("s/t") == [
        (1, "C:\\", 'b "c"'),
        (2, None, "\\\\host"),
        (3, "", "\\N"),
    ]


def test_the_end_that_postgres_marks_is_no_row(described: Make) -> None:
    instance = described(table("csv: {dialect: postgres, columns: [v]}", key=None))
    instance.csv("t", "a\n\\\\.\n\\.\n\n")
    assert instance.sync()["exit_code"] == 0
    assert instance.rows("s/t") == [("\\.",), ("a",)]


def test_quotes_that_swallow_lines_in_a_column_not_read_are_reported(described: Make) -> None:
    instance = described(table("columns: [id, w]"))
    instance.csv("t", 'id,v,w\n1,"x,y\n2,x",y\n3,x,y\n')
    (one,) = instance.sync()["tables"]
    assert "t.csv, line 2 holds a value in quotes with line ends" in one["warnings"][0]


def test_a_table_without_a_row_that_fits_is_told_the_declaration_that_does(described: Make) -> None:
    instance = described(table("csv: {quote: ''}", key=None))
    instance.csv("t", '"id","v"\n1,"a, b"\n2,"c, d"\n3,"e, f"\n')
    report = instance.sync()
    assert report["exit_code"] == 1
    assert "By its beginning, remove csv:" in report["tables"][0]["error"]


def test_months_in_words_have_no_order(described: Make) -> None:
    order = r"(?P<month>[A-Z][a-z]+)(?P<year>\d+)"
    instance = described(table(f"csv: {{order: '{order}'}}"))
    (instance.root / "csv/t").mkdir()
    (instance.root / "csv/t/Jan2026.csv").write_text("id,v\n1,old\n")
    (instance.root / "csv/t/Feb2026.csv").write_text("id,v\n1,new\n")
    report = instance.sync()
    assert report["exit_code"] == 1
    assert "declare csv: {order: time}" in report["tables"][0]["error"]


def test_files_of_mysql_may_have_no_escape(described: Make) -> None:
    csv = "{dialect: mysql, escape: '', null_values: ['NULL'], columns: [id, v]}"
    instance = described(table(f"csv: {csv}"))
    instance.csv("t", "1\tNULL\n2\tC:\\x\n")
    assert instance.sync()["exit_code"] == 0
    assert instance.rows("s/t") == [(1, None), (2, "C:\\x")]


@pytest.mark.parametrize("other", ["b.zip", "b.TSV", "b.tar.gz"])
def test_no_file_of_a_folder_is_passed_over(described: Make, other: str) -> None:
    instance = described(table())
    folder = instance.root / "csv/t"
    folder.mkdir()
    for name in ("a.csv", other):
        (folder / name).write_text(f"id,v\n{len(name)},x\n")
    for name in ("README.txt", "a.csv.md5", f"{other}.part"):
        (folder / name).write_text("")
    report = instance.sync()
    assert report["exit_code"] == 1
    assert f"found {other}" in report["tables"][0]["error"]
    described_anew(instance, table(f"file: t/{other}"))
    assert (instance.sync()["exit_code"], instance.rows("s/t")) == (0, [(len(other), "x")])
