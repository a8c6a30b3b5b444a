"""Escaped characters: out of the way before the rows are parsed, and resolved after it.

The parser knows delimiters, line ends and quotes. So what is escaped of these becomes a code that
has none of them, ``\\x01`` and on after the escape character, and each value is resolved once it
stands alone. Where an escape is special before a quote alone, the text becomes RFC 4180.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping

import pyarrow as pa
import pyarrow.compute as pc

from .dialect import Dialect
from .records import Lexer

__all__ = ["EscapeDoubt", "Unescaper"]

_NULL = b"\\N"
_CODES = b"\x01\x02\x03\x04\x05"
# https://dev.mysql.com/doc/refman/8.4/en/load-data.html, table of escape sequences
_MYSQL = {b"0": b"\0", b"b": b"\b", b"n": b"\n", b"r": b"\r", b"t": b"\t", b"Z": b"\x1a"}
# https://www.postgresql.org/docs/current/sql-copy.html, text format; octal and hex below
_POSTGRES = {b"b": b"\b", b"f": b"\f", b"n": b"\n", b"r": b"\r", b"t": b"\t", b"v": b"\v"}
_LETTERS: Mapping[str, Mapping[bytes, bytes]] = {"mysql": _MYSQL, "postgres": _POSTGRES}


class Unescaper:
    """Takes the escapes of one dialect out of texts and values; does nothing where it has none."""

    def __init__(self, dialect: Dialect) -> None:
        """Compile the patterns of the dialect."""
        self._escape = (dialect.escape or "").encode()
        self._quote = (dialect.quote or "").encode()
        self._lexer = Lexer(dialect)
        self._is_before_quotes = dialect.escapes == "quote"
        special = (b"\r\n", b"\r", b"\n", dialect.delimiter.encode(), self._quote or b"\r")
        self._codes = {mark: bytes([code]) for mark, code in zip(special, _CODES, strict=True)}
        self._letters = {
            **_LETTERS.get(dialect.escapes or "", {}),
            **{code: mark for mark, code in self._codes.items()},
        }
        escape = re.escape(self._escape)
        number = rb"[0-7]{1,3}|x[0-9A-Fa-f]{1,2}" if dialect.escapes == "postgres" else rb"(?!)"
        self._pair = re.compile(escape + rb"(\r\n|.)", re.DOTALL)
        self._coded = re.compile(escape + rb"(?:(%b)|(.)|\Z)" % number, re.DOTALL)

    def concerns(self, text: bytes) -> bool:
        """Whether the text holds anything that is escaped."""
        return bool(self._escape) and self._escape in text

    def plain(self, text: bytes) -> bytes | None:
        """The text with nothing escaped that the parser knows; None if it ends inside a pair.

        It begins with a record.
        """
        if not self.concerns(text):
            return text
        if self._is_before_quotes:
            return self._as_rfc4180(text)
        line = text.removesuffix(b"\n").removesuffix(b"\r")
        is_open = (len(line) - len(line.rstrip(self._escape))) % 2 == 1
        return None if is_open else self._pair.sub(self._code, text)

    def values(self, table: pa.Table) -> pa.Table:
        """The table with its values resolved. Raises ``UnicodeDecodeError``."""
        if not self._escape or self._is_before_quotes:
            return table
        for at, name in enumerate(table.column_names):
            column = table.column(at).combine_chunks()
            is_escaped = pc.match_substring(column, self._escape.decode())
            escaped = column.filter(is_escaped)
            if len(escaped):
                found = pa.array([self.value(each) for each in escaped.to_pylist()], pa.string())
                is_escaped = pc.fill_null(is_escaped, fill_value=False)
                table = table.set_column(at, name, pc.replace_with_mask(column, is_escaped, found))
        return table

    def value(self, text: str) -> str:
        """One value, resolved."""
        if not self._escape or self._is_before_quotes:
            return text
        return self._coded.sub(self._resolved, text.encode()).decode()

    def _code(self, pair: re.Match[bytes]) -> bytes:
        mark = pair[1]
        if mark in self._codes:
            return self._escape + self._codes[mark]
        return mark if mark in self._codes.values() else pair[0]

    def _resolved(self, pair: re.Match[bytes]) -> bytes:
        number, mark = pair[1], pair[2]
        if number is not None:
            return bytes([int(number[1:], 16) if number[:1] == b"x" else int(number, 8) & 0xFF])
        return b"" if mark is None else self._letters.get(mark, mark)

    def _as_rfc4180(self, text: bytes) -> bytes:
        parts, at = [], 0
        for field in self._lexer.escaped(text):
            start, end = field.span("quoted")
            parts += [text[at:start], self._pair.sub(self._doubled, field["quoted"])]
            at = end
        return b"".join((*parts, text[at:]))

    def _doubled(self, pair: re.Match[bytes]) -> bytes:
        """A pair as RFC 4180 has it: only a quote and the escape itself are special."""
        return {self._quote: self._quote * 2, self._escape: self._escape}.get(pair[1], pair[0])


class EscapeDoubt:
    """Looks for what backslashes may stand for, where nothing declares that they do.

    Before a quote they may escape it: no text of RFC 4180 has one there, unless a delimiter, a line
    end or another quote follows, as the quote would end its value. A value ``\\N`` may be NULL.
    """

    def __init__(self, dialect: Dialect, null_values: Collection[str] = ()) -> None:
        """Compile the patterns. ``null_values`` are declared, besides those of formats."""
        nulls = {*null_values, *(one for _, each in dialect.formats for one in each.null_values)}
        self._is_null_sure = dialect.is_escape_sure or _NULL.decode() in nulls
        delimiter = re.escape(dialect.delimiter.encode())
        value = rb"(?:(?<=[\r\n%b])|\A)%b(?=[\r\n%b]|\Z)"
        self._null = re.compile(value % (delimiter, re.escape(_NULL), delimiter))
        is_doubtful = dialect.quote is not None and not dialect.is_escape_sure
        self._escaped = b"\\" + (dialect.quote or "").encode() if is_doubtful else b""
        ends = re.escape((dialect.quote or "").encode() + dialect.delimiter.encode())
        self._pattern = re.compile(re.escape(self._escaped) + rb"(?![%b\r\n]|\Z)" % ends)

    def stands_in(self, text: bytes) -> bool:
        """Whether a quote follows a backslash. One byte is looked for fifty times as fast."""
        return bool(self._escaped) and b"\\" in text and self._escaped in text

    def first(self, text: bytes) -> int | None:
        """Where a backslash stands before a quote that RFC 4180 cannot have; None if nowhere."""
        if not self.stands_in(text):
            return None
        found = self._pattern.search(text)
        return None if found is None else found.start()

    def first_null(self, text: bytes) -> int | None:
        """Where a value is ``\\N``, as databases write NULL; None if none is."""
        if self._is_null_sure or b"\\" not in text or _NULL not in text:
            return None
        found = self._null.search(text)
        return None if found is None else found.start()
