"""What is wrong with a file is told, row by row or as a whole, and never shifts a column."""

from __future__ import annotations

import gzip
import os
from typing import Any

import pytest

from broker.errors import SourceError
from broker.sources.contract import TableRequest, Window
from broker.sources.csv import CsvSource
from broker.tables.rows import End

from ..conftest import Put, Read


def rejects(end: End) -> list[tuple[Any, ...]]:
    return [(one.row, one.line, one.reason, one.value) for one in end.rejects]


def test_ragged_rows_are_rejected_with_row_and_line(put: Put, read: Read) -> None:
    put("t.csv", 'a,b,c\n1,"x\ny",z\n2,few\n3,too,many,fields\n\n4,5,6\n')
    rows, end = read()
    assert rows == [("1", "x\ny", "z"), ("4", "5", "6")]
    assert end.rows == 2
    assert rejects(end) == [
        (2, 4, "expected 3 fields, found 2", "2,few"),
        (3, 5, "expected 3 fields, found 4", "3,too,many,fields"),
    ]


def test_bytes_that_are_no_utf8_reject_their_row_alone(put: Put, read: Read) -> None:
    put("t.csv", b"a,b\n1,x\n2,caf\xe9\n3,y\n")
    rows, end = read()
    assert rows == [("1", "x"), ("3", "y")]
    assert rejects(end) == [(2, 3, "is not valid UTF-8", "2,caf\\xe9")]


def test_bytes_that_are_no_utf8_reject_their_row_whatever_columns_are_read(
    put: Put, read: Read
) -> None:
    put("t.csv", b"a,b\n1,x\n2,caf\xe9\n3,y\n")
    rows, end = read(columns=("a",))
    assert rows == [("1",), ("3",)]
    assert rejects(end) == [(2, 3, "is not valid UTF-8", "2,caf\\xe9")]


def test_a_header_of_half_a_character_or_half_an_escape_is_refused(put: Put, read: Read) -> None:
    put("t.csv", "a,b\\xc3\n1,2\n")
    options = {"escape": "\\", "escapes": "postgres"}
    with pytest.raises(SourceError, match="the header cannot be read: it is not valid UTF-8"):
        read(options=options)
    put("t.csv", "a,b\\")
    with pytest.raises(SourceError, match=r"the header cannot be read.*ends with an escape"):
        read(options=options)


def test_a_nul_byte_rejects_its_row_alone(put: Put, read: Read) -> None:
    put("t.csv", b"a,b\n1,x\n2,\0\n3,y\n")
    rows, end = read()
    assert rows == [("1", "x"), ("3", "y")]
    assert rejects(end)[0][:3] == (2, 3, "holds a NUL byte")


def test_row_and_line_go_on_from_slice_to_slice_in_a_file(
    put: Put, read: Read, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("broker.sources.delimited.streams._BLOCK_BYTES", 50)
    monkeypatch.setattr("broker.sources.delimited.streams._FIRST_BYTES", 50)
    body = "".join(f'{number},"x\ny"\n' for number in range(100))
    put("t/1.csv", f"a,b\n{body}bad\n{body}")
    put("t/2.csv", f"b,a\r\nbad\r\n{body}")
    rows, end = read()
    assert len(rows) == 300
    places = [str(one.place) for one in end.rejects]
    assert places == ["1.csv, row 101 (line 202)", "2.csv, row 1 (line 2)"]


def test_a_file_that_ends_inside_a_quoted_field_is_cut_off(put: Put, read: Read) -> None:
    put("t.csv", 'a,b\n1,x\n2,"y\nz\n')
    with pytest.raises(SourceError, match=r"inside a quoted field .* begins in line 3"):
        read()


@pytest.mark.parametrize("content", ["", "\n\n", "\ufeff"])
def test_an_empty_file_is_no_table(put: Put, read: Read, source: CsvSource, content: str) -> None:
    put("t.csv", content)
    with pytest.raises(SourceError, match=r"t\.csv: is empty; expected a line with the names"):
        read()
    with pytest.raises(SourceError, match="is empty"):
        source.describe(TableRequest("t"))


def test_a_header_alone_is_a_table_without_rows(put: Put, read: Read) -> None:
    put("t.csv", "a,b")
    assert read()[0] == []
    assert read()[1].rows == 0


def test_without_a_header_an_empty_file_is_a_table_without_rows(put: Put, read: Read) -> None:
    put("t.csv", "")
    assert read(options={"header": False, "columns": ["a"]})[0] == []


@pytest.mark.parametrize(
    ("header", "sentence"),
    [
        ("id,x,ID", "names a column twice: ID, id"),
        ("id,,x,", "has no name for column 2, 4"),
        ("id,x\udce9", "not valid UTF-8"),
        ("i\0d\0", "NUL bytes.*utf-16"),
    ],
)
def test_a_header_that_names_no_columns(put: Put, read: Read, header: str, sentence: str) -> None:
    put("t.csv", (header + "\n1,2,3\n").encode(errors="surrogateescape"))
    with pytest.raises(SourceError, match=sentence):
        read()


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("column," * 200_000 + "last\n", "no header within its first 1,024 KiB"),
        ("column," * 200_000, "no header within its first 1,024 KiB"),
        ("\n" * (3 << 19) + "a,b\n1,2\n", "no header within its first 1,024 KiB"),
        ("," * 20_000 + "\n", "too many columns; expected at most 10,000; found 20,001"),
    ],
)
def test_a_header_beyond_all_measure_is_refused_before_its_names_take_memory(
    put: Put, read: Read, content: str, sentence: str
) -> None:
    put("t.csv.gz", gzip.compress(content.encode(), 1))
    with pytest.raises(SourceError, match=sentence):
        read()


def test_empty_lines_before_a_header_cost_no_more_than_others(put: Put, read: Read) -> None:
    put("t.csv", "\r\n" * 200_000 + "a,b\n1,2\n3\n")
    rows, end = read()
    assert rows == [("1", "2")]
    assert [one.line for one in end.rejects] == [200_003]


def test_files_whose_names_are_no_text_are_read_and_named(put: Put, read: Read) -> None:
    put("t/a\udcff.csv", "a,b\n1,2\n3\n")
    put("t/b\n.CSV.GZ", gzip.compress(b"a,b\n5,6\n7\n"))
    rows, end = read()
    assert rows == [("1", "2"), ("5", "6")]
    assert [one.file for one in end.rejects] == ["a\\udcff.csv", "b\\n.CSV.GZ"]


def test_files_of_a_folder_match_by_name_in_natural_order(put: Put, read: Read) -> None:
    put("t/part-10.csv", "b,a\n4,3\n")
    put("t/part-2.csv", "a,b\n1,2\n")
    put("t/_SUCCESS", "")
    assert read()[0] == [("1", "2"), ("3", "4")]


def test_files_with_other_columns_are_refused(put: Put, read: Read) -> None:
    put("t/1.csv", "a,b\n1,2\n")
    put("t/2.csv", "a,c\n1,2\n")
    with pytest.raises(SourceError, match=r"2\.csv: .* missing: b; found in addition: c"):
        read()


def test_a_file_that_changes_meanwhile_is_no_table(put: Put, source: CsvSource) -> None:
    path = put("t.csv", "a,b\n1,2\n")
    reading = source.read(TableRequest("t"), Window())
    batches = reading.batches()
    assert next(batches).num_rows == 1
    with path.open("a") as stream:
        stream.write("3,4\n")
    with pytest.raises(SourceError, match=r"t\.csv: changed while it was being read"):
        list(batches)
    with pytest.raises(SourceError, match="not read to their end"):
        reading.end()


def test_a_file_that_appears_meanwhile_is_missed_aloud(put: Put, source: CsvSource) -> None:
    put("t/1.csv", "a\n1\n")
    batches = source.read(TableRequest("t"), Window()).batches()
    next(batches)
    put("t/2.csv", "a\n2\n")
    with pytest.raises(SourceError, match=r"2\.csv: changed"):
        list(batches)


def test_a_file_replaced_by_another_of_the_same_size_and_time(put: Put, source: CsvSource) -> None:
    path = put("t.csv", "a\n1\n")
    status = path.stat()
    batches = source.read(TableRequest("t"), Window()).batches()
    next(batches)
    other = put("other", "a\n2\n")
    os.utime(other, ns=(status.st_atime_ns, status.st_mtime_ns))
    other.replace(path)
    with pytest.raises(SourceError, match="changed"):
        list(batches)


def test_there_is_no_end_before_the_end(put: Put, source: CsvSource) -> None:
    put("t.csv", "a\n1\n")
    reading = source.read(TableRequest("t"), Window())
    next(reading.batches())
    with pytest.raises(SourceError, match="not read to their end"):
        reading.end()


def test_too_many_rejects_are_a_wrong_dialect(
    put: Put, read: Read, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("broker.sources.delimited.reading.MAX_REJECTS", 3)
    put("t.csv", "a,b\n" + "x;y\n" * 4)
    with pytest.raises(SourceError, match="more than 3 rows do not fit the declared dialect"):
        read()


def test_a_record_that_never_ends(put: Put, read: Read, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("broker.sources.delimited.slices.LONGEST_RECORD", 1 << 20)
    put("t.csv", 'a,b\n1,"' + "x\n" * (3 << 18) + "2,y\n")
    with pytest.raises(SourceError, match="has a record of more than 1 MiB"):
        read()


@pytest.mark.parametrize("number", [1, 4])
def test_a_record_may_be_as_long_as_is_said(
    put: Put, read: Read, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    monkeypatch.setattr("broker.sources.delimited.slices.LONGEST_RECORD", 1 << 20)
    monkeypatch.setattr("broker.sources.delimited.streams._BLOCK_BYTES", 100_000)
    value = "x" * ((1 << 20) - 10)
    put("t.csv", "a,b\n" + f"1,{value}\n" * number + '5,5" wide\n')
    rows, _ = read()
    assert rows == [*[("1", value)] * number, ("5", '5" wide')]


def test_quotes_where_none_belong_do_not_shift_a_row(
    put: Put, read: Read, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("broker.sources.delimited.streams._BLOCK_BYTES", 100)
    lines = [f'{number},5" pipe,"a\n{number},b,c"' for number in range(200)]
    put("t.csv", "id,name,note\n" + "\n".join(lines))
    rows, end = read()
    assert rows == [(str(number), '5" pipe', f"a\n{number},b,c") for number in range(200)]
    assert end.rejects == ()
