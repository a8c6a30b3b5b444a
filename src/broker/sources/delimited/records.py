"""Where records begin and end, exactly: the slow and careful way.

Arrow's parser reads the rows. This lexer finds the ends of records for it where counting quotes
does not, and takes apart what it refuses. Both follow the same rules (a property test holds them
together): a quote opens a quoted field only as its first character, and what follows the
closing quote belongs to the field as it stands.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from .dialect import Dialect

__all__ = ["MARK", "Lexer", "Record", "count_lines"]

MARK = b"\xef\xbb\xbf"
"""The byte order mark of UTF-8. Before a record it is not a part of it."""


@dataclass(frozen=True, slots=True)
class Record:
    """The place of one record. ``is_open``: the text ends inside a quoted field, or escape."""

    start: int
    end: int
    fields: int
    is_open: bool


class Lexer:
    """Takes bytes apart by a dialect. A line that is empty counts as a record of one field."""

    def __init__(self, dialect: Dialect) -> None:
        """Compile the pattern of a field and what ends it."""
        self._delimiter = dialect.delimiter.encode()
        self._escape = dialect.escape.encode() if dialect.escape else None
        end = rb"(\r\n|\r|\n|\Z|%b)" % re.escape(self._delimiter)
        self._field = re.compile(_field(dialect) + end, re.DOTALL)
        self._is_before_quotes = dialect.escapes == "quote"
        self._spread = _holding(rb"\r\n", dialect)
        self._escaped = _holding(re.escape(self._escape), dialect) if self._escape else None
        self._tidy = _tidy(dialect)
        self._to_cr = _to_cr(dialect)

    def records(self, text: bytes) -> Iterator[Record]:
        """Every record of the text, in order; the last one may end without a line end."""
        at = 0
        while at < len(text):
            record = self._record(text, at)
            yield record
            at = record.end

    def spreads(self, text: bytes) -> Iterator[re.Match[bytes]]:
        """The quoted fields that hold a line end, in order; ``text`` begins with a record.

        Group ``value`` is the field, ``quoted`` what its quotes enclose, with them, and group
        ``tail`` is set where text follows its closing quote: the quote that closed it then was
        hardly written to do so.
        """
        at = 0
        while self._spread and (match := self._spread.match(text, at)):
            yield match
            at = match.end()

    def is_tidy(self, text: bytes) -> bool:
        """Whether quotes stand as RFC 4180 has them, which is known in a third of the time."""
        return self._tidy is None or self._tidy.fullmatch(text) is not None

    def first_end_at_cr(self, text: bytes) -> int | None:
        """Where the first record ends that ends with CR alone; ``text`` begins with a record."""
        found = self._to_cr.match(text)
        return None if found is None else found.end()

    def escaped(self, text: bytes) -> Iterator[re.Match[bytes]]:
        """The same of quoted fields that hold the escape character."""
        at = 0
        while self._escaped and (match := self._escaped.match(text, at)):
            yield match
            at = match.end()

    def last_end(self, text: bytes) -> int:
        """How much of the text is whole records, if more text may follow; 0 if nothing is."""
        end = 0
        for record in self.records(text):
            # A carriage return as the very last byte may be half of a line end.
            if record.is_open or (record.end == len(text) and not text.endswith(b"\n")):
                break
            end = record.end
        return end

    def _record(self, text: bytes, start: int) -> Record:
        at, count = start + len(MARK) * text.startswith(MARK, start), 0
        while True:
            match = self._field.match(text, at)
            assert match is not None  # noqa: S101 - the pattern matches the empty text too
            at, count = match.end(), count + 1
            if match[2] != self._delimiter:
                is_open = match["open"] is not None or self._is_escaped_end(text, match[2])
                return Record(start, at, count, is_open)

    def _is_escaped_end(self, text: bytes, end: bytes) -> bool:
        """Whether the text ends in an escaped line end, or an escape with nothing after it."""
        if self._escape is None or self._is_before_quotes or end:
            return False
        escapes = len(text) - len(text.rstrip(self._escape))
        return escapes % 2 == 1 or text.endswith((b"\r", b"\n"))


def count_lines(text: bytes) -> int:
    """The line ends of a text: LF, CRLF, or CR alone."""
    if b"\r" not in text:
        return text.count(b"\n")
    return text.count(b"\n") + text.count(b"\r") - text.count(b"\r\n")


def _field(dialect: Dialect, group: bytes = b"?P<open>") -> bytes:
    """The pattern of one field; its group ``open`` is set where a quoted field never ends.

    ``*+`` gives nothing back, so time is linear whatever the text.
    """
    escape = re.escape(dialect.escape.encode()) if dialect.escape else None
    bare = _bare(dialect)
    if dialect.quote is None:
        return rb"(%b(?!))?" % group + bare
    quote = re.escape(dialect.quote.encode())
    inside = rb"(?:%b|%b%b)*+" % (_run(quote, escape, least=1), quote, quote)
    return rb"(?:%b%b(?:%b%b|(%b\Z))|%b)" % (quote, inside, quote, bare, group, bare)


def _bare(dialect: Dialect) -> bytes:
    """The pattern of a field without quotes, or of what follows them."""
    is_special = dialect.escape is not None and dialect.escapes != "quote"
    escape = re.escape((dialect.escape or "").encode())
    return _run(rb"\r\n" + re.escape(dialect.delimiter.encode()), escape if is_special else None)


def _holding(special: bytes, dialect: Dialect) -> re.Pattern[bytes] | None:
    """The pattern of a quoted field with one of ``special`` in it, and of all fields before it.

    It may be open.
    """
    if dialect.quote is None:
        return None
    escape = re.escape(dialect.escape.encode()) if dialect.escape else None
    delimiter = re.escape(dialect.delimiter.encode())
    quote = re.escape(dialect.quote.encode())
    plain = _run(quote + special, None if special == escape else escape, least=1)
    flat = rb"(?:%b|%b%b)*+" % (plain, quote, quote)
    inside = rb"(?:%b|%b%b)*+" % (_run(quote, escape, least=1), quote, quote)
    end = rb"(?:\r\n|\r|\n|%b)" % delimiter
    wide = rb"%b%b(?=[%b])%b(?:%b|\Z)" % (quote, flat, special, inside, quote)
    other = rb"(?!%b)%b%b" % (wide, _field(dialect, group=b"?:"), end)
    value = rb"(?P<value>(?P<quoted>%b)(?P<tail>(?!%b|\Z))?%b)" % (wide, end, _bare(dialect))
    return re.compile(rb"(?:%b)*+%b(?:%b|\Z)" % (other, value, end), re.DOTALL)


def _to_cr(dialect: Dialect) -> re.Pattern[bytes]:
    """The pattern of all fields up to a CR that ends a record and is not half of a CRLF."""
    field = _field(dialect, group=b"?:")
    other = rb"(?:%b(?:\r\n|\n|%b))*+" % (field, re.escape(dialect.delimiter.encode()))
    return re.compile(other + field + rb"\r(?!\n)", re.DOTALL)


def _tidy(dialect: Dialect) -> re.Pattern[bytes] | None:
    """The pattern of a text in which a delimiter or line end stands before and after quotes.

    It looks at nothing but quotes. None where there are none.
    """
    if dialect.quote is None:
        return None
    if dialect.escape is not None:
        return re.compile(rb"(?!)")
    quote, delimiter = re.escape(dialect.quote.encode()), re.escape(dialect.delimiter.encode())
    outside = rb"[^%b]*+" % quote
    inside = rb"%b(?:%b%b%b)*+" % (outside, quote, quote, outside)
    around = rb"(?<![^\r\n%b])%b%b%b(?=[\r\n%b]|\Z)" % (delimiter, quote, inside, quote, delimiter)
    return re.compile(rb"(?:%b%b)*+%b" % (outside, around, outside))


def _run(stops: bytes, escape: bytes | None, least: int = 0) -> bytes:
    """As many characters as possible up to one of ``stops`` that is not escaped."""
    if escape is None:
        return rb"[^%b]%b" % (stops, b"++" if least else b"*+")
    return rb"(?:[^%b%b]|%b(?:\r\n|.|\Z))%b" % (stops, escape, escape, b"++" if least else b"*+")
