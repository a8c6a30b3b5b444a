"""A file that is something else by its content is called what it is."""

from __future__ import annotations

import io
import sqlite3
import zipfile
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from pyarrow import parquet

from broker.errors import SourceError

from ..conftest import Put, Read


def zipped(*names: str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name in names:
            archive.writestr(name, "a,b\n1,2\n")
    return buffer.getvalue()


def as_parquet() -> bytes:
    buffer = io.BytesIO()
    parquet.write_table(pa.table({"a": [1]}), buffer)
    return buffer.getvalue()


FORMATS = {
    "an HTML page": [
        "<!DOCTYPE html>\n<html></html>",
        "\ufeff \n<html lang='en'>\n",
        "<?xml version='1.0'?>\n<html xmlns='x'>",
        "<HEAD><TITLE>403 Forbidden</TITLE></HEAD>",
    ],
    "XML": ["<?xml version='1.0'?>\n<rows/>", "<Error><Code>AccessDenied</Code></Error>", "<a/>"],
    "JSON": ['{"id": 1, "v": "a"}\n{"id": 2}\n', '[{"id": 1}]', "[\n  {\n", "[]", "{}\n", '["a"]'],
    "an Excel workbook": [
        zipped("[Content_Types].xml", "xl/workbook.xml"),
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",
    ],
    "a PDF document": ["%PDF-1.7\n"],
    "a rich text document": ["{\\rtf1\\ansi a,b\n}"],
    "a key, a certificate": ["-----BEGIN PGP MESSAGE-----\n\nhQEM\n", "-----BEGIN KEY-----\r\nx"],
    "a pointer of Git LFS": ["version https://git-lfs.github.com/spec/v1\noid sha256:1\nsize 2\n"],
    "an e-mail": ["MIME-Version: 1.0\nFrom: a@example.com\n"],
    "a Parquet file": [as_parquet()],
}


@pytest.mark.parametrize(
    ("what", "content"),
    [(what, one) for what, them in FORMATS.items() for one in them],
    ids=lambda value: value if isinstance(value, str) and value in FORMATS else "",
)
def test_other_formats_are_named(put: Put, read: Read, what: str, content: Any) -> None:
    put("t.csv", content)
    with pytest.raises(SourceError, match=rf"t\.csv: is {what}.*expected delimited text"):
        read()


def test_a_database_is_named(read: Read, tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "t.csv") as database:
        database.execute("CREATE TABLE t (a)")
    with pytest.raises(SourceError, match="is an SQLite database"):
        read()


@pytest.mark.parametrize(
    "header",
    [
        "<DATE>,<OPEN>",
        "<DATE>",
        "[id],[v]",
        "PAR1,PAR2",
        "ORCID,x",
        "PK,x",
        "{id},{v}",
        "%PDF",
        "From: name,To: name",
        "BZh",
    ],
)
def test_headers_that_look_alike_are_headers(put: Put, read: Read, header: str) -> None:
    put("t.csv", f"{header}\n{','.join('1' for _ in header.split(','))}\n")
    assert len(read()[0]) == 1


def test_a_document_may_be_a_first_value_without_header(put: Put, read: Read) -> None:
    put("t.csv", '{"a":1}\tx\n<a>b</a>\ty\n')
    options = {"header": False, "columns": ["j", "v"], "delimiter": "tab", "quote": ""}
    assert len(read(options=options)[0]) == 2
