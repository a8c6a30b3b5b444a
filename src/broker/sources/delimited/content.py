"""What a file is that is not delimited text, by its beginning. Pure."""

from __future__ import annotations

import re

from ...errors import SourceError
from .dialect import Dialect
from .records import Lexer

__all__ = ["refuse_binary", "refuse_markup"]

_PAGE = "Perhaps an error or a login page stands in for the file; deliver it again."
_CSV = "Deliver the table as delimited text (CSV)."
_LFS = "Deliver the file that it stands for (git lfs pull)."
_MAIL = rb"(?:From|Return-Path|Received|MIME-Version): [^\n]*\n(?:[\w-]+: |[ \t])"
_SAVE = "Save its sheet as CSV and deliver that."

# https://www.iana.org/assignments/media-types and the specification of each format
_Formats = tuple[tuple[bytes, str, str], ...]

_BINARY: _Formats = (
    (rb"PK\x03\x04.*\bxl/", "an Excel workbook (.xlsx)", _SAVE),
    (rb"PK\x03\x04.*\[Content_Types\]\.xml", "an Office document", _SAVE),
    (rb"PK\x03\x04.*\bMETA-INF/manifest\.xml", "an OpenDocument file (.ods)", _SAVE),
    (rb"\x1f\x8b|\x28\xb5\x2f\xfd|\xfd7zXZ\0", "a compressed file in another", "Compress it once."),
    (rb"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an Excel workbook (.xls)", _SAVE),
    (rb"%PDF-", "a PDF document", _CSV),
    (rb"PAR1[^\x20-\x7e]", "a Parquet file", _CSV),
    (rb"ORC[^\x20-\x7e\r\n\t]", "an ORC file", _CSV),
    (rb"Obj\x01", "an Avro file", _CSV),
    (rb"ARROW1\0", "an Arrow file", _CSV),
    (rb"SQLite format 3\0", "an SQLite database", _CSV),
    (rb"7z\xbc\xaf\x27\x1c", "a 7z archive", "Deliver the file that is in it."),
    (rb"Rar!\x1a\x07", "a RAR archive", "Deliver the file that is in it."),
)
_MARKUP: _Formats = (
    (rb"<(?:!doctype\s+html|html|head|body|script|meta|title)\b", "an HTML page", _PAGE),
    (rb"<\?xml\b.*<html\b", "an HTML page", _PAGE),
    (rb"<(?:\?xml\b|!doctype\b|!--)", "XML", _CSV),
    (rb"<([A-Za-z][\w:.-]*)(?:\s[^<>]*)?>.*</\1\s*>", "XML", _CSV),
    (rb"<[A-Za-z][^<>]*/>\s*\Z", "XML", _CSV),
    (rb"\{\s*(?:\"[^\"\n]*\"\s*:|\}\s*\Z)", "JSON", _CSV),
    (rb"\[\s*(?:[\[{]|\]\s*\Z|\"[^\"\n]*\"\s*[,\]])", "JSON", _CSV),
    (rb"\{\\rtf[0-9]", "a rich text document (.rtf)", _CSV),
    (rb"-----BEGIN [A-Z0-9 ]+-----\s", "a key, a certificate or an encrypted text", _CSV),
    (rb"version https://git-lfs\.github\.com/spec/", "a pointer of Git LFS", _LFS),
    (_MAIL, "an e-mail", "Deliver the file that it brings."),
)


def refuse_binary(beginning: bytes, name: str) -> None:
    """Raise ``SourceError`` for the first bytes of a file of another format."""
    _refuse(beginning, name, _BINARY, re.DOTALL)


def refuse_markup(beginning: bytes, dialect: Dialect, name: str) -> None:
    """Raise ``SourceError`` for text that is a page or a document, and not a table.

    Without a header, the first value may be a document. A header like ``<DATE>,<OPEN>`` is one.
    """
    first = next(Lexer(dialect).records(beginning), None)
    if dialect.header or first is None or first.fields != len(dialect.columns):
        _refuse(beginning.lstrip(), name, _MARKUP, re.DOTALL | re.IGNORECASE)


def _refuse(beginning: bytes, name: str, formats: _Formats, flags: int) -> None:
    for pattern, what, remedy in formats:
        if re.match(pattern, beginning, flags):
            raise SourceError(f"is {what}", where=name, expected="delimited text", remedy=remedy)
