"""A file cut into slices of whole records, so that several can be parsed at a time."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ...errors import SourceError
from .dialect import Dialect
from .records import Lexer, Record

__all__ = ["Cutter"]

LONGEST_RECORD = 32 * 1024 * 1024  # in memory some ten times that, of each table that is read
LONGEST_HEADER = 1024 * 1024


class Cutter:
    """Hands out slices, each of whole records, that together are the text.

    A line end is inside a quoted field where an odd number of quotes stands before it, so
    counting quotes finds where to cut. That is a guess: a stray quote in an unquoted field
    misleads it. The parser notices a wrong cut, and ``recut`` takes the slices back and from
    then on finds the ends of records one by one.
    """

    def __init__(self, blocks: Iterator[bytes], dialect: Dialect, name: str) -> None:
        """``name`` is the file's, for messages."""
        self._blocks = blocks
        self._lexer = Lexer(dialect)
        self._quote = dialect.quote.encode() if dialect.quote else None
        self._escape = dialect.escape.encode() if dialect.escape else None
        self._name = name
        self._rest = b""
        self._ended = False
        self.is_exact = False

    def header(self) -> bytes:
        """The first record that is not an empty line, and the empty lines before it.

        Raises ``SourceError`` where they are longer than any header is.
        """
        empty = self._empty_lines()
        header = self._first_record()
        self._refuse_long_header(len(header))
        return empty + header

    def lines(self, count: int) -> bytes:
        """So many lines, whatever is in them; fewer at the end of the text."""
        taken = b""
        for _ in range(count):
            while not self._ended and not re.search(rb"\n|\r(?!\Z)", self._rest):
                self._refuse_long_header(len(self._rest))
                self._more()
            line = re.match(rb"[^\r\n]*(?:\r\n|\r|\n)?", self._rest)
            taken += line[0] if line else b""
            self._rest = self._rest[line.end() if line else 0 :]
        return taken

    def next(self) -> bytes | None:
        """The next slice, of about a block; None at the end of the text."""
        self._more()
        while not self._ended:
            if end := self._end(self._rest):
                piece, self._rest = self._rest[:end], self._rest[end:]
                return piece
            self._more_of_record()
        piece, self._rest = self._rest, b""
        return piece or None

    def recut(self, pieces: list[bytes]) -> None:
        """Take back the latest slices, in their order, and cut exactly from here on."""
        self._rest = b"".join((*pieces, self._rest))
        self.is_exact = True

    def _empty_lines(self) -> bytes:
        empty = b""
        while True:
            rest = self._rest.lstrip(b"\r\n")
            empty += self._rest[: len(self._rest) - len(rest)]
            self._rest = rest
            self._refuse_long_header(len(empty))
            if rest or self._ended:
                return empty
            self._more()

    def _refuse_long_header(self, size: int) -> None:
        """A program takes some hundred times as much memory for names as they have bytes."""
        if size > LONGEST_HEADER:
            raise SourceError(
                f"has no header within its first {LONGEST_HEADER >> 10:,} KiB",
                where=self._name,
                expected="a line with the names of the columns",
                remedy="Is this a CSV file, and are its line ends those of a text?",
            )

    def _first_record(self) -> bytes:
        while True:
            first = next(self._lexer.records(self._rest), None)
            if first and (self._ended or self._is_whole(first)):
                record, self._rest = self._rest[: first.end], self._rest[first.end :]
                return record
            if self._ended:
                return b""
            self._refuse_long_header(len(self._rest))
            self._more_of_record()

    def _is_whole(self, record: Record) -> bool:
        is_inside = record.end < len(self._rest) or self._rest.endswith(b"\n")
        return is_inside and not record.is_open

    def _more_of_record(self) -> None:
        """Read on where no record ends in what was read: as much again, up to the longest."""
        size = len(self._rest)
        if size > LONGEST_RECORD:
            raise SourceError(
                f"has a record of more than {LONGEST_RECORD >> 20} MiB",
                where=self._name,
                remedy="Probably a closing quote is missing, or csv.quote is declared wrongly.",
            )
        self._more(min(size, LONGEST_RECORD + 1 - size))

    def _more(self, least: int = 1) -> None:
        """Read on, one block at least."""
        added: list[bytes] = []
        while not self._ended and sum(map(len, added)) < max(least, 1):
            block = next(self._blocks, None)
            self._ended = block is None
            added.append(block or b"")
        self._rest = b"".join((self._rest, *added))

    def _end(self, text: bytes) -> int:
        if self.is_exact or b"\n" not in text:
            return self._lexer.last_end(text)
        return self._likely_end(text) or self._lexer.last_end(text)

    def _likely_end(self, text: bytes) -> int:
        """The last line end with an even number of quotes before it; 0 if there is none."""
        if self._quote is None:
            return self._line_end(text, 0, len(text))
        is_odd, end = self._is_odd(text), len(text)
        while end > 0:
            quote = text.rfind(self._quote, 0, end)
            while self._is_escaped(text, quote):
                quote = text.rfind(self._quote, 0, quote)
            if not is_odd and (cut := self._line_end(text, quote + 1, end)):
                return cut
            is_odd, end = not is_odd, quote
        return 0

    def _is_odd(self, text: bytes) -> bool:
        """Whether an odd number of quotes is in it that are not escaped."""
        assert self._quote is not None  # noqa: S101 - asked only where there are quotes
        count = text.count(self._quote)
        if self._escape is not None and self._escape in text:
            pairs = self._escape + self._quote
            count -= text.replace(self._escape * 2, b"").count(pairs)
        return count % 2 == 1

    def _line_end(self, text: bytes, start: int, end: int) -> int:
        """Where the last line in a part of the text ends; 0 if none does."""
        cut = text.rfind(b"\n", start, end)
        while cut >= 0 and self._is_escaped(text, cut - (text[cut - 1 : cut] == b"\r")):
            cut = text.rfind(b"\n", start, cut)
        return cut + 1

    def _is_escaped(self, text: bytes, at: int) -> bool:
        if self._escape is None or at <= 0 or text[at - 1 : at] != self._escape:
            return False
        begin = at - 1
        while text[begin - 1 : begin] == self._escape:
            begin -= 1
        return (at - begin) % 2 == 1
