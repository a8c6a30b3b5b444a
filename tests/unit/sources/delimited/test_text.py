"""What stands in the file is what arrives, to the character."""

from __future__ import annotations

import codecs
import gzip
from typing import Any

import pyarrow as pa
import pytest

from broker.errors import SourceError
from broker.sources.contract import TableRequest, Window
from broker.sources.csv import CsvSource

from ..conftest import Put, Read

AWKWARD = 'id,text,note\n1,"",\n2,NA,"NA"\n3,"a\nb, ""c""",😀\n4, x ,null\n'
AWKWARD_ROWS = [
    ("1", "", None),
    ("2", "NA", "NA"),
    ("3", 'a\nb, "c"', "😀"),
    ("4", " x ", "null"),
]


def test_null_empty_and_words_are_three_things(put: Put, read: Read) -> None:
    put("t.csv", AWKWARD)
    rows, end = read()
    assert rows == AWKWARD_ROWS
    assert (end.rows, end.rejects) == (4, ())


def test_a_listed_null_value_is_null_only_without_quotes(put: Put, read: Read) -> None:
    put("t.csv", AWKWARD)
    rows, _ = read(null_values=("NA", "null"))
    assert rows[1] == ("2", None, "NA")
    assert rows[3] == ("4", " x ", None)


def test_columns_are_text_by_schema(put: Put, source: CsvSource) -> None:
    put("t.csv", AWKWARD)
    reading = source.read(TableRequest("t"), Window())
    assert reading.schema == pa.schema([(name, pa.string()) for name in ("id", "text", "note")])
    assert [batch.schema for batch in reading.batches()] == [reading.schema]


@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("last", [True, False])
def test_line_ends(put: Put, read: Read, line_end: str, last: bool) -> None:
    lines = ["a,b", "1,x", "", '2,"y"', "3,"]
    put("t.csv", line_end.join(lines) + (line_end if last else ""))
    assert read()[0] == [("1", "x"), ("2", "y"), ("3", None)]


def test_an_empty_line_of_a_table_of_one_column_is_a_null(put: Put, read: Read) -> None:
    put("t.csv", 'a\n1\n\n""\n')
    assert read()[0] == [("1",), (None,), ("",)]


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"delimiter": ";"}, "a;b\n1;x,y\n"),
        ({"delimiter": "tab"}, "a\tb\n1\tx,y\n"),
        ({"delimiter": "|", "quote": "'"}, "a|b\n1|'x,y'\n"),
        ({"escape": "\\", "delimiter": ";"}, 'a;b\n"1";"x,y"\n'),
        ({"header": False, "columns": ["a", "b"]}, '1,"x,y"\n'),
        ({"columns": ["a", "b"]}, 'A,A\n1,"x,y"\n'),
    ],
)
def test_declared_dialects(
    put: Put, read: Read, source: CsvSource, options: dict[str, Any], text: str
) -> None:
    put("t.csv", text)
    assert read(options=options)[0] == [("1", "x,y")]
    assert source.describe(TableRequest("t", options=options)).schema.names == ("a", "b")


def test_without_quotes_a_quote_is_a_character(put: Put, read: Read) -> None:
    put("t.csv", 'a,b\n1,"x\n2,5" pipe\n')
    assert read(options={"quote": ""})[0] == [("1", '"x'), ("2", '5" pipe')]


def test_an_escaped_quote(put: Put, read: Read) -> None:
    put("t.csv", 'a,b\n1,"say \\"x, y\\""\n2,a\\b\n')
    assert read(options={"escape": "\\"})[0] == [("1", 'say "x, y"'), ("2", "a\\b")]


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "cp1250", "iso8859-2"]
)
def test_encodings(put: Put, read: Read, encoding: str) -> None:
    text = "jméno,město\nŽofie,Třebíč\n"
    put("t.csv", text.encode(encoding))
    assert read(options={"encoding": encoding})[0] == [("Žofie", "Třebíč")]


def test_a_byte_order_mark_is_understood_without_being_declared(
    put: Put, source: CsvSource
) -> None:
    put("t.csv", codecs.BOM_UTF8 + b'"id",x\n1,2\n')
    assert source.describe(TableRequest("t")).schema.names == ("id", "x")


def test_a_character_cut_in_two_by_a_block(
    put: Put, read: Read, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("broker.sources.delimited.streams._BLOCK_BYTES", 7)
    monkeypatch.setattr("broker.sources.delimited.streams._FIRST_BYTES", 7)
    rows = [(str(number), "ž€😀" * number) for number in range(30)]
    text = "a,b\n" + "".join(f"{a},{b}\n" if b else f'{a},""\n' for a, b in rows)
    for encoding in ("utf-8", "utf-16"):
        put("t.csv", text.encode(encoding))
        assert read(options={"encoding": encoding})[0] == rows


def test_a_wrong_encoding_is_told_with_its_place_and_no_value(put: Put, read: Read) -> None:
    put("t.csv", b"a\ncaf\x81\n")
    with pytest.raises(SourceError, match=r"t\.csv: is not text in cp1250, near byte 5") as error:
        read(options={"encoding": "cp1250"})
    assert "caf" not in str(error.value)


def test_compressed(put: Put, read: Read) -> None:
    put("gz.csv.gz", gzip.compress(AWKWARD.encode()))
    put("two.csv.gz", gzip.compress(b"a\n1\n") + gzip.compress(b"2\n"))
    put("zst.csv.zst", pa.Codec("zstd").compress(AWKWARD.encode(), asbytes=True))
    assert read("gz")[0] == AWKWARD_ROWS
    assert read("zst")[0] == AWKWARD_ROWS
    assert read("two")[0] == [("1",), ("2",)]


@pytest.mark.parametrize("ending", [".gz", ".zst"])
@pytest.mark.parametrize("kept", [0.5, 0.999])
def test_a_compressed_file_that_is_cut_off_is_no_shorter_table(
    put: Put, read: Read, ending: str, kept: float
) -> None:
    text = "a,b\n" + "".join(f"{number},{number * 7919}\n" for number in range(100_000))
    codec = "zstd" if ending == ".zst" else "gzip"
    whole = pa.Codec(codec).compress(text.encode(), asbytes=True)
    put(f"t.csv{ending}", whole[: int(len(whole) * kept)])
    with pytest.raises(SourceError, match="cannot be read to its end"):
        read()


def test_a_cell_of_many_megabytes(put: Put, read: Read) -> None:
    cell = "x\n" * 10_000_000
    put("t.csv", f'a,b\n1,"{cell}"\n2,y\n')
    rows, _ = read()
    assert [(a, len(b)) for a, b in rows] == [("1", len(cell)), ("2", 1)]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_the_mark_of_an_end_of_dos_is_no_row(put: Put, read: Read, encoding: str) -> None:
    put("t.csv", "name\nAda\nB\x1aob\n\x1a".encode(encoding))
    assert read(options={"encoding": encoding})[0] == [("Ada",), ("B\x1aob",)]
