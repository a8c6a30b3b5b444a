"""Files as other programs write them, by their documentation."""

from __future__ import annotations

import bz2
import gzip
import itertools
import lzma
from collections.abc import Callable
from typing import Any

import pytest

from broker.config.csvdialect import CsvDialect
from broker.errors import ConfigError, SourceError
from broker.sources.contract import TableRequest
from broker.sources.csv import CsvSource
from broker.sources.delimited.dialect import dialect_from
from broker.sources.delimited.line_ends import with_line_ends_escaped

from ..conftest import Put, Read

TWO = {"columns": ["id", "v"]}
CASES: dict[str, tuple[dict[str, Any], bytes | str, list[tuple[Any, ...]]]] = {
    "an escape before a quote alone": (
        {"escape": "\\"},
        'id,p,q\n1,"C:\\temp,new","say \\"hi\\""\n2,C:\\x,\\\\host\n',
        [("1", "C:\\temp,new", 'say "hi"'), ("2", "C:\\x", "\\\\host")],
    ),
    "an escape after the closing quote": (
        {"escape": "\\", **TWO},
        'id,v\n1,"\\a"\\""\n',
        [("1", '\\a\\""')],
    ),
    "an escaped CR at the end of a short row": (
        {"escape": "\\", "escapes": "any", "short_rows": "null"},
        "id,v\r1,2\ra\\\r\r3,4\r",
        [("1", "2"), ("a\r", None), ("3", "4")],
    ),
    "an escaped CR at the end of a header": (
        {"escape": "\\", "escapes": "any"},
        "id,v\\\r\r1,2\r",
        [("1", "2")],
    ),
    "Spark": (
        {"dialect": "spark"},
        'id,v\n1,"C:\\temp,\\"new\\""\n2,"a\nb, \\\\"\n3,""\n4,\n5,C:\\dir\\\n6,"\\\\\\""',
        [
            ("1", 'C:\\temp,"new"'),
            ("2", "a\nb, \\"),
            ("3", ""),
            ("4", None),
            ("5", "C:\\dir\\"),
            ("6", '\\"'),
        ],
    ),
    "MySQL": (
        {"dialect": "mysql", **TWO},
        '1\ta\\\tb\n2\t\\N\n3\tx\\\ny\n4\t\n5\t\\\\N\n6\t"q\\n\\t\\0\\Z\\%\n7\tC:\\\\temp\\\\\n',
        [
            ("1", "a\tb"),
            ("2", None),
            ("3", "x\ny"),
            ("4", ""),
            ("5", "\\N"),
            ("6", '"q\n\t\0\x1a%'),
            ("7", "C:\\temp\\"),
        ],
    ),
    "MySQL with line ends of Windows in values": (
        {"dialect": "mysql", **TWO},
        "1\ta\r\\\nb\n2\tc\rd\n3\te\r\n4\t\r\n5\t\\\\\r\n6\tf\\\tg\n7\th\n",
        [
            ("1", "a\r\nb"),
            ("2", "c\rd"),
            ("3", "e\r"),
            ("4", "\r"),
            ("5", "\\\r"),
            ("6", "f\tg"),
            ("7", "h"),
        ],
    ),
    "MySQL with rows that end with CRLF": (
        {"dialect": "mysql", **TWO},
        "1\ta\r\n2\tb\nc\r\n3\td\\\r\ne\r\n4\t\\\r\r\n5\t\\\\\r\n",
        [("1", "a"), ("2", "b\nc"), ("3", "d\r\ne"), ("4", "\r"), ("5", "\\")],
    ),
    "MySQL with rows that end with CRLF, and more line ends in values": (
        {"dialect": "mysql", **TWO},
        "1\ta\nb\nc\\\r\n\r\n2\td\n\r\n",
        [("1", "a\nb\nc\r\n"), ("2", "d\n")],
    ),
    "MySQL with a CR at the end of most rows": (
        {"dialect": "mysql", **TWO},
        "1\ta\\\nb\r\n2\tc\r\n3\td\n",
        [("1", "a\nb\r"), ("2", "c\r"), ("3", "d")],
    ),
    "MySQL, and a header that ends otherwise": (
        {"dialect": "mysql", "header": True},
        "id\tv\n1\ta\r\n2\tb\r\n",
        [("1", "a"), ("2", "b")],
    ),
    "MySQL in quotes": (
        {"dialect": "mysql", "delimiter": ",", "quote": '"', **TWO},
        '1,"a,\\"b\\\nc"\n2,\\N\n3,"d\\\\"\n4,"say ""x"""\n',
        [("1", 'a,"b\nc'), ("2", None), ("3", "d\\"), ("4", 'say "x"')],
    ),
    "PostgreSQL": (
        {"dialect": "postgres", **TWO},
        "1\ta\\tb\\nc\n2\t\\N\n3\tC:\\\\temp\n4\t\n5\t\\101\\x42\\303\\251\\.\n6\t\\v\\f\\b\\r\n",
        [
            ("1", "a\tb\nc"),
            ("2", None),
            ("3", "C:\\temp"),
            ("4", ""),
            ("5", "ABé."),
            ("6", "\v\f\b\r"),
        ],
    ),
    "Snowflake": (
        {"dialect": "snowflake", **TWO},
        '1,a\\,b\n2,\\N\n3,C:\\\\temp\n4,\n5,"x"\n6,a\\\nb\n',
        [("1", "a,b"), ("2", None), ("3", "C:\\temp"), ("4", ""), ("5", '"x"'), ("6", "a\nb")],
    ),
    "Salesforce": (
        {"dialect": "salesforce"},
        '"ID","NAME"\n"001","Ada"\n"002",""\n',
        [("001", "Ada"), ("002", None)],
    ),
    "SAP": ({"dialect": "sap"}, 'MATNR;MAKTX\n1;Rohr 5"\n', [("1", 'Rohr 5"')]),
    "sqlcmd": (
        {"dialect": "sqlcmd"},
        "id,v\r\n--,-\r\n1,a\r\n2,NULL\r\n3,\r\n\r\n(3 rows affected)\r\n",
        [("1", "a"), ("2", None), ("3", "")],
    ),
    "sqlcmd in UTF-16": (
        {"dialect": "sqlcmd", "encoding": "utf-16"},
        "id,v\r\n--,-\r\n1,é\r\n\r\n(1 row affected)\r\n".encode("utf-16"),
        [("1", "é")],
    ),
    "Excel in Austria": (
        {"dialect": "excel", "locale": "de_AT", "encoding": "cp1252"},
        "id;v\r\n1;M\xfc\xdfig\r\n".encode("cp1252"),
        [("1", "Müßig")],
    ),
    "Excel in Mexico": ({"dialect": "excel", "locale": "es-MX"}, "id,v\n1,2\n", [("1", "2")]),
    "Excel with its separator line": (
        {"dialect": "excel"},
        "\ufeffsep=;\r\nid;v\r\n1;a\r\n",
        [("1", "a")],
    ),
    "a separator line of tabs": ({"dialect": "excel"}, '"sep=\t"\nid\tv\n1\ta\n', [("1", "a")]),
    "a title, dashes and a footer": (
        {"skip_rows": 2, "skip_after_header": 1, "footer": "Total.*|-+"},
        'Report "x\n\nid,v\n-----\n1,a\n2,b\n\n----\n\nTotal: 2\n\n',
        [("1", "a"), ("2", "b")],
    ),
    "a footer of two lines": ({"footer": 2}, "id,v\n1,a\nTotal\nEnd", [("1", "a")]),
    "no footer": ({"footer": "Total.*"}, "id,v\n1,a\n", [("1", "a")]),
    "empty lines that are values": ({"footer": "x"}, "v\na\n\n", [("a",), (None,)]),
    "lines skipped without a header": (
        {"skip_rows": 1, "header": False, **TWO},
        "banner\n1,a\n",
        [("1", "a")],
    ),
    "a delimiter after the rows": (
        {"trailing_delimiter": True},
        'id,v\n1,a,\n2,"b,",\n3,c\n',
        [("1", "a"), ("2", "b,"), ("3", "c")],
    ),
    "a delimiter after header and rows": (
        {"trailing_delimiter": True, "delimiter": ";"},
        "id;v;\n1;a;\n2;;\n",
        [("1", "a"), ("2", None)],
    ),
    "short rows": (
        {"short_rows": None},
        'id,v,w\n1,a\n2\n\n3,"b\n",\n4,a,b\n',
        [("1", "a", None), ("2", None, None), ("3", "b\n", None), ("4", "a", "b")],
    ),
    "empty is text": ({"empty": "text"}, 'id,v\n1,\n2,""\n', [("1", ""), ("2", "")]),
    "quoted empty is null": (
        {"quoted_empty": None},
        'id,v\n1,\n2,""\n',
        [("1", None), ("2", None)],
    ),
    "null words of the dialect": (
        {"null_values": ["-"]},
        'id,v\n-,a\n2,"-"\n',
        [(None, "a"), ("2", "-")],
    ),
}


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("block", [1 << 20, 1, 3])
def test_dialects(
    put: Put, read: Read, case: str, block: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("broker.sources.delimited.streams._BLOCK_BYTES", block)
    monkeypatch.setattr("broker.sources.delimited.streams._FIRST_BYTES", max(block, 64))
    options, text, rows = CASES[case]
    put("t.csv", text)
    found, end = read(options=options)
    assert (found, end.rejects) == (rows, ())


def test_null_values_with_the_empty_text_hold_in_quotes(put: Put, read: Read) -> None:
    put("t.csv", 'id,v\n"1",""\n')
    assert read(null_values=("",))[0] == [("1", None)]


def test_names_are_resolved_as_values_are(put: Put, source: CsvSource) -> None:
    put("t.csv", "a\\tb\tc\\\\d\n")
    options = {"dialect": "postgres", "header": True}
    assert source.describe(TableRequest("t", options=options)).schema.names == ("a\tb", "c\\d")
    put("t.csv", '"a\\"b",C:\\d\n')
    options = {"dialect": "spark"}
    assert source.describe(TableRequest("t", options=options)).schema.names == ('a"b', "C:\\d")


def test_a_separator_line_that_is_not_declared_is_no_header(put: Put, read: Read) -> None:
    put("t.csv", "sep=;\nid;v\n1;a\n")
    with pytest.raises(SourceError, match=r"found sep=;\. Declare csv: \{dialect: excel\}"):
        read()
    assert read(options={"skip_rows": 1, "delimiter": ";"})[0] == [("1", "a")]


@pytest.mark.parametrize(
    ("options", "text", "reason"),
    [
        ({}, "id,v\n1,a,\n", r"the last one empty: csv: {trailing_delimiter: true}"),
        ({"trailing_delimiter": True}, "id,v\n1,a,b\n", "text stands after the last delimiter"),
        ({"trailing_delimiter": True}, "id,v\n1,a,,\n", "expected 2 fields, found 4"),
        ({"trailing_delimiter": True}, "id,v,w\n1,a\n", "expected 3 fields, found 2"),
        ({"short_rows": "null"}, "id,v\n1,a,b\n", "expected 2 fields, found 3"),
        ({"dialect": "postgres", "header": True}, "id\tv\n1\t\\377\n", "is not valid UTF-8"),
    ],
)
def test_rows_that_do_not_fit_their_dialect(
    put: Put, read: Read, options: dict[str, Any], text: str, reason: str
) -> None:
    put("t.csv", text)
    rows, end = read(options=options)
    assert rows == []
    assert reason in end.rejects[0].reason


@pytest.mark.parametrize("dialect", ["mysql", "postgres", "snowflake"])
def test_a_dialect_without_header_needs_names(put: Put, read: Read, dialect: str) -> None:
    put("t.csv", "1\ta\n")
    with pytest.raises(ConfigError, match=r"csv\.columns is missing"):
        read(options={"dialect": dialect})


PIECES = ["a", "\\", "\t", "\n", "\r", '"', "N", "é", ",", ""]


@pytest.mark.parametrize("name", ["mysql", "postgres", "spark"])
def test_what_was_written_is_read(put: Put, read: Read, name: str) -> None:
    values = ["".join(each) for each in itertools.product(PIECES, repeat=3)]
    write = {"mysql": mysql, "postgres": postgres, "spark": spark}[name]
    delimiter = "," if name == "spark" else "\t"
    lines = [f"{at}{delimiter}{write(value)}\n" for at, value in enumerate(values)]
    put("t.csv", "".join(lines))
    rows, end = read(options={"dialect": name, "header": False, **TWO})
    assert [value for _, value in rows] == values
    assert end.rejects == ()


@pytest.mark.parametrize(
    ("end", "tail", "expected"),
    [
        (b"\n", b"a\r\\\nb\\\r\\\\\r\nc\r", b"a\\r\\\nb\\r\\\\\\r\nc\\r"),
        (b"\r\n", b"a\nb\\\r\nc\\\\\r\nd\n", b"a\\nb\\r\\nc\\\\\r\nd\\n"),
    ],
    ids=["LF", "CRLF"],
)
def test_line_ends_in_values_are_escaped_wherever_a_block_ends(
    end: bytes, tail: bytes, expected: bytes
) -> None:
    rows = b"1\ta" + end
    beginning = rows * (32 * 1024 // len(rows) + 1)
    for at in range(len(tail) + 1):
        blocks = iter([beginning, tail[:at], tail[at:]])
        assert b"".join(with_line_ends_escaped(blocks, b"\\")) == beginning + expected


def test_a_declaration_that_fits_half_of_the_lines_is_not_advised(put: Put, read: Read) -> None:
    put("t.csv", 'id,v\n"1,x\n2,y,z\n3,"a\n4,b,c\n"')
    with pytest.raises(SourceError, match="ends inside a quoted field") as caught:
        read()
    assert "By its beginning" not in str(caught.value)


def mysql(value: str) -> str:
    return "".join("\\" + mark if mark in "\\\t\n" else mark for mark in value)


def postgres(value: str) -> str:
    letters = {"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"}
    return "".join(letters.get(mark, mark) for mark in value)


def spark(value: str) -> str:
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'


@pytest.mark.parametrize(
    ("options", "text", "declared"),
    [
        ({}, "id;v\n1;a\n", "csv: {delimiter: ;}"),
        ({"delimiter": ";"}, "id,v\n1,a\n", "remove csv:"),
        ({"quote": "'"}, 'id,v\n1,"a,b"\n2,"c,d"\n', "remove csv:"),
        ({}, "Report\n\nid,v\n1,a\n2,b\n", "csv: {skip_rows: 2}"),
        ({}, 'id\tv\n1\t"Foo\n2\tb\n', "csv: {delimiter: \"\\t\", quote: ''}"),
        ({"encoding": "utf-8"}, "id,v\n1,é\n".encode("utf-16"), "csv: {encoding: utf-16}"),
        ({}, "id,v\n1,é\n2,a\n3,b\n".encode("cp1252"), "csv: {encoding: cp1252}"),
    ],
)
def test_a_wrong_declaration_is_answered_with_the_one_that_fits(
    put: Put, read: Read, source: CsvSource, options: dict[str, Any], text: Any, declared: str
) -> None:
    put("t.csv", text)
    try:
        source.describe(TableRequest("t", primary_key=("id",), options=options))
        answers = read(options=options)[1].warnings
    except SourceError as error:
        answers = (str(error),)
    assert any(declared in each and "lines have" in each for each in answers), answers


def test_null_behind_a_quote_is_answered_with_another_export(put: Put, read: Read) -> None:
    put("t.csv", 'id,v\n1,"N\n2,"a"\n3,"N\n')
    with pytest.raises(SourceError, match="Export the table with ESCAPED BY"):
        read()


def test_values_that_sqlcmd_filled_up_are_refused(put: Put, read: Read) -> None:
    put(
        "t.csv", "id         ,name  \n-----------,------\n          1,Ada   \n\n(1 rows affected)\n"
    )
    with pytest.raises(SourceError, match=r"padded with spaces.*Add -W"):
        read(options={"dialect": "sqlcmd"})


@pytest.mark.parametrize("pack", [gzip.compress, bz2.compress, lzma.compress])
def test_parts_of_spark_may_be_empty_and_compressed(
    put: Put, read: Read, pack: Callable[[bytes], bytes]
) -> None:
    put("t/part-1.csv.gz", pack(b""))
    put("t/part-2.csv.gz", pack(b"a\n1\n"))
    assert read(options={"dialect": "spark"})[0] == [("1",)]


def test_parts_of_spark_may_be_empty(put: Put, read: Read) -> None:
    for name, text in {"0": "", "1": "id\n1\n", "2": ""}.items():
        put(f"t/part-{name}.csv", text)
    assert read(options={"dialect": "spark"})[0] == [("1",)]
    with pytest.raises(SourceError, match=r"is empty.*dialect: spark"):
        read()
    put("t/part-1.csv", "")
    with pytest.raises(SourceError, match="is empty"):
        read(options={"dialect": "spark"})


# A declaration without the key, and a value of the key that makes another dialect of it.
CHANGED: dict[str, tuple[dict[str, Any], Any]] = {
    "dialect": ({}, "sap"),
    "delimiter": ({}, ";"),
    "quote": ({}, "'"),
    "escape": ({}, "\\"),
    "escapes": ({"escape": "\\"}, "any"),
    "header": ({"columns": ["a"]}, False),
    "encoding": ({}, "cp1250"),
    "columns": ({}, ["a"]),
    "null_values": ({}, ["-"]),
    "empty": ({}, "text"),
    "quoted_empty": ({}, "null"),
    "locale": ({}, "de-AT"),
    "separator_line": ({}, True),
    "skip_rows": ({}, 1),
    "skip_after_header": ({}, 1),
    "footer": ({}, 1),
    "short_rows": ({}, "null"),
    "trailing_delimiter": ({}, True),
    "formats": ({}, {"a": {"trim": True}}),
    "order": ({}, "time"),
}


def test_every_key_of_csv_changes_the_dialect() -> None:
    assert {*CHANGED} == {*CsvDialect.model_fields}
    for key, (declared, value) in CHANGED.items():
        assert dialect_from({**declared, key: value}, "") != dialect_from(declared, ""), key
