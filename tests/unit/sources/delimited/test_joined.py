"""Files joined in one, and quotes that swallow lines: reported, and no row gone without a count."""

from __future__ import annotations

import gzip
from typing import Any

import pytest

from broker.errors import SourceError

from ..conftest import Put, Read

MARK = "\ufeff"
JOINED = f"{MARK}id,v\n1,a\n{MARK}id,v\n2,b\n"
TITLES = 'id\ttitle\tx\n1\t"Foo\tx\n2\tb\tx\n3\tc\tx\n4\t"Bar\ty\n5\te\tx\n'


@pytest.mark.parametrize("head", [MARK, ""])
@pytest.mark.parametrize("quote", ["", '"'])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16-le"])
def test_a_header_in_a_later_line_is_not_a_row(
    put: Put, read: Read, head: str, quote: str, end: str, encoding: str
) -> None:
    one = f"{head}{quote}id{quote},v{end}"
    put("t.csv", f'{one}1,"a\nb"{end}{one}{quote}2{quote},b{end}'.encode(encoding))
    rows, last = read(options={"encoding": encoding})
    assert rows == [("1", "a\nb"), ("2", "b")]
    assert last.warnings == (
        "t.csv, line 4 repeats the header and is not a row: files were joined in one",
    )


def test_headers_of_several_joined_files_are_one_warning(put: Put, read: Read) -> None:
    put("t.csv.gz", gzip.compress(JOINED.encode()) + gzip.compress(JOINED.encode()))
    rows, end = read()
    assert rows == [("1", "a"), ("2", "b"), ("1", "a"), ("2", "b")]
    (warning,) = end.warnings
    assert warning.startswith("t.csv.gz, line 3, and 2 more, repeats the header")


def test_a_mark_before_rows_is_left_out(put: Put, read: Read) -> None:
    put("t.csv", f'1,a\n{MARK}"2, or so",b\n')
    rows, end = read(options={"header": False, "columns": ["id", "v"]})
    assert rows == [("1", "a"), ("2, or so", "b")]
    assert "line 2 begins with a byte order mark" in end.warnings[0]


def test_a_mark_inside_a_value_belongs_to_it(put: Put, read: Read) -> None:
    put("t.csv", f'id,v\n1,"a\n{MARK}b"\n2,{MARK}c\n')
    rows, end = read()
    assert rows == [("1", f"a\n{MARK}b"), ("2", f"{MARK}c")]
    assert end.warnings == ()


def test_of_one_column_the_header_may_be_a_value(put: Put, read: Read) -> None:
    put("t.csv", f"name\nname\n{MARK}name\nx\n")
    rows, end = read()
    assert rows == [("name",), ("x",)]
    assert len(end.warnings) == 1


@pytest.mark.parametrize("other", ["v,id", "id,w", "v,id,w"])
def test_joined_files_of_other_columns_fail(put: Put, read: Read, other: str) -> None:
    put("t.csv", f"{MARK}id,v\n1,a\n{MARK}{other}\nb,2\n")
    with pytest.raises(SourceError, match=r"t\.csv, line 3: two files with different columns"):
        read()


@pytest.mark.parametrize("header", ["id", "id,v"])
def test_files_joined_within_a_line_reject_it(put: Put, read: Read, header: str) -> None:
    row = ",".join("1" for _ in header.split(","))
    put("t.csv", f"{MARK}{header}\n{row}{MARK}{header}\n{row}\n")
    rows, end = read()
    assert (len(rows), len(end.rejects)) == (1, 1)
    assert end.rejects[0].line == 2


def test_a_quote_that_swallows_lines_rejects_them_with_their_number(put: Put, read: Read) -> None:
    put("t.csv", TITLES)
    rows, end = read(options={"delimiter": "tab"})
    assert rows == [("5", "e", "x")]
    (reject,) = end.rejects
    assert (reject.row, reject.line) == (1, 2)
    assert "goes over 4 lines" in reject.reason
    assert "declare csv: {quote: ''}" in reject.reason
    rows, end = read(options={"delimiter": "tab", "quote": ""})
    assert (len(rows), end.rejects, end.warnings) == (5, (), ())


@pytest.mark.parametrize(
    ("options", "text", "lines"),
    [
        ({"delimiter": "tab"}, 'a\tb\n1\t"x\n2\ty"\n3\t"a\nb"\n', [2]),
        ({}, 'a,b,c\n1,"x,u\n2,y,v\n3,z",w\n', [2]),
        ({}, 'a,b,c\n1,"x,u\n2,y\n3,z",w\n', [2]),
        ({}, 'a,b,c\n1,"x,u\n2,y,v\n3",w\n', [2]),
        ({}, 'a,b,c\n1,"x,u\n2\n3,z\n4\n5,v",w\n', []),
        ({}, 'a,b,c\n1,"x\n2,y",v\n', []),
        ({}, 'a,b\n1,"Dear\nA, B"\n', []),
        ({}, 'a,b\n1,"x\n2,y\n3,z"\n', [2]),
    ],
)
def test_a_value_of_whole_rows_is_a_warning(
    put: Put, read: Read, options: dict[str, Any], text: str, lines: list[int]
) -> None:
    put("t.csv", text)
    warnings = read(options=options)[1].warnings
    assert [f"line {line} holds a value in quotes" in warnings[0] for line in lines] == (
        [True] * len(warnings)
    )


def test_quotes_around_each_value_are_doubted_where_none_are_declared(put: Put, read: Read) -> None:
    put("t.csv", 'a,b,c\n"1",x,"\n"2","y",\n')
    rows, end = read(options={"quote": ""})
    assert rows[0] == ('"1"', "x", '"')
    assert end.warnings[0].startswith("t.csv: each value of a stands in quotes")


@pytest.mark.parametrize(
    ("text", "options"),
    [
        ("1,Ada,2.50\n2,Bob,3\n", {"columns": ["id", "name", "amount"]}),
        ("id,name,at\n1,Ada,2026-01-01\n2,Bob,2026-01-02\n", {"skip_rows": 1}),
        ("1,Ada,true\n2,Bob,false\n", {}),
        ("1,Ada,x\n\n\n--,--\n2,Bob,y\n", {"skip_after_header": 3}),
    ],
)
def test_a_header_that_looks_like_the_row_after_it_is_told(
    put: Put, read: Read, text: str, options: dict[str, Any]
) -> None:
    put("t.csv", text)
    (warning,) = read(options=options)[1].warnings
    assert read(options={**options, "header": True})[1].warnings == ()
    line = 2 if "skip_rows" in options else 1
    assert warning.startswith(f"t.csv, line {line} was taken for the names of the columns")
    assert "header: false" in warning


@pytest.mark.parametrize(
    "text",
    [
        "name,2023,2024\nAda,5,7\n",
        "name,2024-01-01,2024-02-01\nAda,5,7\n",
        "id,1st,true?\n1,2,true\n",
        "id,v\n",
        "1,2\n,\n",
    ],
)
def test_a_header_of_names_is_a_header(put: Put, read: Read, text: str) -> None:
    put("t.csv", text)
    assert read()[1].warnings == ()
