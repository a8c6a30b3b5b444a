"""The names of a file's columns."""

from __future__ import annotations

import csv
import io
import re
import unicodedata
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, replace

from ...errors import SourceError
from ...foreign.text import shown
from .dialect import Dialect
from .escapes import Unescaper
from .slices import Cutter

__all__ = ["Header", "fields_of", "separated", "take_header"]

_MOST_COLUMNS = 10_000
_SEPARATOR = re.compile(rb'"?sep=(?P<mark>[^\r\n])"?[ \t]*(?:\r\n|\r|\n|\Z)', re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Header:
    """The names of the columns, and the bytes they stood in.

    ``found`` are the names that stood there, which declared ones may stand for. ``is_composed``:
    letters that stood there with combining marks are single characters in ``names``.
    """

    names: tuple[str, ...]
    text: bytes
    found: tuple[str, ...] = ()
    is_composed: bool = False


def take_header(cutter: Cutter, dialect: Dialect, name: str) -> Header:
    """Take the header off the text.

    Declared ``columns`` win over the header. Raises ``SourceError`` when there is no header, or
    one that cannot name columns.
    """
    if not dialect.header:
        return Header(dialect.columns, b"")
    header = cutter.header()
    if not header.strip(b"\r\n"):
        raise SourceError(
            "is empty",
            where=name,
            expected="a line with the names of the columns, at least",
            remedy="A table without rows is a header alone; without a header, say header: false; "
            "parts without rows, as Spark writes them, are read with dialect: spark.",
        )
    names = _names(header, dialect, name)
    if dialect.trailing_delimiter and len(names) > 1 and not names[-1].strip():
        names.pop()
    if dialect.has_dashes and any(each != each.rstrip(" ") for each in names):
        raise SourceError(
            "has columns padded with spaces, which would become part of the values",
            where=name,
            expected="values as they are, as sqlcmd writes them with -W",
            remedy="Add -W to the command that exports the table.",
        )
    if len(names) > _MOST_COLUMNS:
        raise SourceError(
            "has too many columns",
            where=name,
            expected=f"at most {_MOST_COLUMNS:,}",
            found=f"{len(names):,}",
            remedy="Is csv.delimiter declared as it is?",
        )
    if dialect.columns:
        _compare_width(names, dialect, name)
        return Header(dialect.columns, header, tuple(names))
    composed = [unicodedata.normalize("NFC", each) for each in names]
    _refuse_unnamed(composed, name)
    return Header(tuple(composed), header, tuple(names), is_composed=composed != names)


def _names(header: bytes, dialect: Dialect, name: str) -> list[str]:
    if b"\0" in header:
        raise SourceError(
            "the header holds NUL bytes",
            where=name,
            remedy="If the file is in UTF-16, declare it: csv: {encoding: utf-16}.",
        )
    try:
        return _fields(header.decode(), dialect)
    except UnicodeDecodeError as error:
        raise SourceError(
            "the header cannot be read: it is not valid UTF-8",
            where=name,
            remedy="Declare the encoding of the file: csv: {encoding: …}.",
        ) from error
    except csv.Error as error:
        raise SourceError("the header cannot be read", where=name, found=str(error)) from error


def fields_of(record: bytes, dialect: Dialect) -> list[str]:
    """The fields of a record as text; none where it cannot be taken apart."""
    with suppress(csv.Error, UnicodeDecodeError):
        return _fields(record.decode(errors="replace"), dialect)
    return []


def separated(beginning: bytes, dialect: Dialect, name: str) -> tuple[Dialect, bytes]:
    """The dialect with the delimiter that a first line like ``sep=;`` names, and that line.

    Raises ``SourceError`` where there is such a line and the dialect has none.
    """
    line = _SEPARATOR.match(beginning)
    if line is None or dialect.skip_rows:
        return dialect, b""
    mark = line["mark"].decode(errors="replace")
    if not dialect.separator_line:
        raise SourceError(
            "begins with a line that names the delimiter, as Excel understands it",
            where=name,
            found=f"sep={shown(mark)}",
            remedy="Declare csv: {dialect: excel}.",
        )
    if mark in (dialect.quote, dialect.escape) or not mark.isascii() or mark.isalnum():
        raise SourceError("names an invalid delimiter", where=name, found=f"sep={mark}")
    return replace(dialect, delimiter=mark), line[0]


def _fields(text: str, dialect: Dialect) -> list[str]:
    escapes = Unescaper(dialect)
    plain = escapes.plain(text.lstrip("\r\n").encode())
    if plain is None:
        raise csv.Error("it ends with an escape character, or an escaped line end")
    reader = csv.reader(
        io.StringIO(plain.rstrip(b"\r\n").decode(), newline=""),
        delimiter=dialect.delimiter,
        quotechar=dialect.quote,
        quoting=csv.QUOTE_MINIMAL if dialect.quote else csv.QUOTE_NONE,
    )
    return [escapes.value(field) for field in next(reader, [])]


def _compare_width(names: list[str], dialect: Dialect, name: str) -> None:
    if len(names) != len(dialect.columns):
        raise SourceError(
            "csv.columns does not fit the header",
            where=name,
            expected=f"{len(dialect.columns)} columns",
            found=f"{len(names)}",
        )


def _refuse_unnamed(names: list[str], name: str) -> None:
    """Names that differ only in case are one name in SQL."""
    remedy = "Correct the header, or name the columns in csv: {columns: [...]}."
    empty = [str(at) for at, column in enumerate(names, 1) if not column.strip()]
    if empty:
        raise SourceError(
            f"the header has no name for column {', '.join(empty)}", where=name, remedy=remedy
        )
    counts = Counter(column.lower() for column in names)
    twice = sorted({column for column in names if counts[column.lower()] > 1})
    if twice:
        raise SourceError(
            f"the header names a column twice: {', '.join(twice)}", where=name, remedy=remedy
        )
