"""A slice of a file into an Arrow table of text columns, and what does not fit."""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv

from ...tables.rows import Reject
from ...tables.values.bulk import holds_byte, is_utf8
from .dialect import Dialect
from .escapes import EscapeDoubt, Unescaper
from .header import fields_of
from .records import MARK, Lexer, Record, count_lines
from .remarks import Remark, RemarkKind

__all__ = ["NOT_UTF8", "Parsed", "Parser"]

NOT_UTF8 = "is not valid UTF-8"
_LONGEST_VALUE = 500
_MOST_DOUBTED = 200  # columns; the pattern of a row grows with them


@dataclass(frozen=True, slots=True)
class Parsed:
    """The content of a slice. Its rows and lines count from 1 within the slice."""

    table: pa.Table
    records: int
    lines: int
    rejects: list[Reject] = field(default_factory=list)
    remarks: list[Remark] = field(default_factory=list)


class Parser:
    """Parses slices of one file; may be called by several threads."""

    def __init__(
        self,
        dialect: Dialect,
        names: Sequence[str],
        wanted: Sequence[str],
        null_values: Sequence[str],
        header: bytes = b"",
    ) -> None:
        """``names`` are the file's columns in its order, ``wanted`` those to hand over.

        ``header`` is the line in which the file has them, if it has.
        """
        self._dialect, self._names = dialect, list(names)
        self._header, self._has_lf = header.strip(b"\r\n"), header.endswith(b"\n")
        self._headers = _ways_to_write(self._header, dialect)
        self._lexer = Lexer(dialect)
        self._escapes = Unescaper(dialect)
        self._token = secrets.token_hex(16)
        # After a trailing delimiter stands one more column, in which nothing may be.
        self._after = [secrets.token_hex(16)] if dialect.trailing_delimiter else []
        self._columns = [*self._names, *self._after]
        self._sentinel = _sentinel(dialect, self._token, len(self._columns))
        self._parse_options = _parse_options(dialect, ignore_empty_lines=len(self._names) > 1)
        self._wanted, nulls = list(wanted), {*dialect.null_values, *null_values}
        self._doubt = EscapeDoubt(dialect, nulls)
        self._is_empty_null = dialect.quoted_empty_is_null or "" in nulls
        self._convert_options = csv.ConvertOptions(
            column_types=dict.fromkeys(self._columns, pa.string()),
            include_columns=[*wanted, *self._after],
            null_values=[*nulls, *([""] if dialect.empty_is_null else [])],
            strings_can_be_null=True,
            quoted_strings_can_be_null=False,
            check_utf8=False,  # `is_utf8` does, in a tenth of the time
        )

    def parse(self, piece: bytes) -> Parsed | None:
        """The rows of a slice; None if it does not end where a record ends.

        A row with too few or too many fields, with a NUL byte or with bytes that are not UTF-8
        is rejected; the others stay.
        """
        parsed = self._parsed(piece)
        if parsed is not None:
            parsed.remarks.extend(self._doubts(piece, parsed.lines))
        return parsed

    def _doubts(self, piece: bytes, lines: int) -> Iterator[Remark]:
        """What a person should look at, although rows come of it: the first place of each kind."""
        if (at := self._doubt.first(piece)) is not None:
            yield Remark(RemarkKind.ESCAPED, 1 + count_lines(piece[:at]))
        if (at := self._doubt.first_null(piece)) is not None:
            yield Remark(RemarkKind.NULL, 1 + count_lines(piece[:at]))
        has_cr = self._has_lf and b"\r" in piece and lines > piece.count(b"\n")
        if has_cr and (at := self._lexer.first_end_at_cr(piece)) is not None:
            yield Remark(RemarkKind.CUT, count_lines(piece[:at]))

    def _parsed(self, piece: bytes) -> Parsed | None:
        if b"\0" in piece or self._is_joined(piece):
            return self._sorted_out(piece)
        try:
            self._refuse_other_bytes(piece)
            table = self._rows(self._escapes.plain(piece))
        except (pa.ArrowInvalid, UnicodeDecodeError):
            return self._sorted_out(piece)
        if table is None:
            return None
        parsed = Parsed(table, table.num_rows, count_lines(piece))
        if parsed.records < parsed.lines or not piece.endswith((b"\r", b"\n")):
            if not self._lexer.is_tidy(piece) and self._has_tail(piece):
                return self._sorted_out(piece)
            if self._holds_rows(table):
                parsed.remarks.extend(self._whole_rows(piece, 0))
        return parsed

    def open_line(self, piece: bytes) -> int:
        """The line of the slice, from 1, in which the record begins that never ends."""
        starts = [record.start for record in self._lexer.records(piece) if record.is_open]
        return 1 + count_lines(piece[: starts[0]] if starts else piece)

    def _is_joined(self, piece: bytes) -> bool:
        """Whether a second file may begin in the slice: at a mark, or with the same header."""
        header, ends = self._header, (b"\n", b"\r") if b"\r" in piece else (b"\n",)
        if MARK[:1] in piece and MARK in piece:  # one byte is looked for fifty times as fast
            glued = any(MARK + each in piece for each in self._headers)
            if glued or piece.startswith(MARK) or any(end + MARK in piece for end in ends):
                return True
        if not header or len(self._names) == 1:
            return False
        return piece.startswith(self._headers) or any(
            end + each in piece for each in self._headers for end in ends
        )

    def _has_tail(self, text: bytes) -> bool:
        """Whether text follows the closing quote of a value with line ends."""
        return any(one["tail"] is not None for one in self._lexer.spreads(text))

    def _holds_rows(self, table: pa.Table) -> bool:
        """Whether a value is like rows, with the fields before and after it in its lines."""
        width, delimiter = len(self._columns), self._dialect.delimiter
        if self._dialect.quote is None or not 2 <= width <= _MOST_DOUBTED:
            return False
        if len(self._wanted) < len(self._names):
            return True  # the value may be in a column that is not here
        for name in table.column_names:
            column = table.column(name)
            if not holds_byte(column, b"\n"):
                continue
            several = column.filter(pc.match_substring(column, "\n"))
            pattern = _like_rows(delimiter, self._columns.index(name), width)
            if pc.any(pc.match_substring_regex(several, pattern)).as_py():
                return True
        return False

    def _whole_rows(self, text: bytes, line: int) -> Iterator[Remark]:
        """Quoted values of which most lines would be rows, if quotes were nothing special."""
        delimiter, width = self._dialect.delimiter.encode(), len(self._columns)
        end = b"\n" if b"\n" in text else b"\r"
        for spread in self._lexer.spreads(text):
            first = text.rfind(end, 0, spread.start("value")) + 1
            last = text.find(end, spread.end("value"))
            rows = text[first : last if last >= 0 else len(text)].splitlines()
            whole = sum(row.count(delimiter) == width - 1 for row in rows)
            is_prose = (delimiter, width) == (b",", 2) and (
                whole < len(rows) or not all(row[:1].isdigit() for row in rows[1:])
            )
            if 2 * whole > len(rows) and not is_prose:
                yield Remark(RemarkKind.SPREAD, line + 1 + count_lines(text[:first]))

    def _refuse_other_bytes(self, piece: bytes) -> None:
        """Raise ``ArrowInvalid`` where bytes are not UTF-8 in a column that is not wanted.

        ``_rows`` looks at the others.
        """
        if len(self._wanted) < len(self._names) and not piece.isascii():
            pa.array([piece], pa.binary()).cast(pa.string())

    def _rows(self, plain: bytes | None) -> pa.Table | None:
        """The rows of a text without escapes; None if it ends inside a field, or is None.

        Arrow takes a text that ends inside a quoted field as if the field were whole.
        A sentinel after the text tells: where it does not come back as the last row, the
        text ended inside of a field that swallowed it.
        """
        if plain is None:
            return None
        mark = MARK if plain.startswith(MARK) else b""  # of two at the start, Arrow takes one
        end = b"" if plain.endswith((b"\n", b"\r")) or not plain else b"\n"
        text = b"".join((mark, plain, end, self._sentinel))
        read_options = csv.ReadOptions(
            column_names=self._columns, use_threads=False, block_size=len(text) + 1
        )
        table = csv.read_csv(
            pa.py_buffer(text),
            read_options=read_options,
            parse_options=self._parse_options,
            convert_options=self._convert_options,
        )
        if not all(map(is_utf8, table.columns)):
            raise pa.ArrowInvalid(NOT_UTF8)
        last = table.num_rows - 1
        if last < 0 or table.column(0)[last].as_py() != self._token:
            return None
        return self._values(table.slice(0, last), plain)

    def _values(self, table: pa.Table, plain: bytes) -> pa.Table:
        """The columns that are wanted; raises ``ArrowInvalid`` where one more has a value."""
        if self._after:
            rest = table.column(self._after[0])
            if pc.any(pc.not_equal(rest, "")).as_py():
                raise pa.ArrowInvalid("a value stands after the last delimiter")
            table = table.select(self._wanted)
        if self._escapes.concerns(plain):
            table = self._escapes.values(table)
        if self._is_empty_null:
            for at, name in enumerate(table.column_names):
                column = table.column(at)
                kept = pc.if_else(pc.equal(column, ""), None, column)
                table = table.set_column(at, name, kept)
        return table

    def _sorted_out(self, piece: bytes) -> Parsed | None:
        good, rejects, remarks, number, line = [], [], [], 0, 1
        for record in self._lexer.records(piece):
            if record.is_open:
                return None
            text = piece[record.start : record.end]
            is_marked = text.startswith(MARK)
            text = text.removeprefix(MARK)
            beginning = self._beginning(text, is_marked=is_marked)
            if beginning is not None:
                remarks.append(Remark(beginning, line))
            if beginning is not RemarkKind.HEADER and self._counts(record, text):
                number += 1
                # An escaped line end must not be taken for the end of the row from here on.
                plain = self._filled(record, self._escapes.plain(text) or b"")
                reason = self._fault(record, text, plain)
                if reason is None:
                    # A CR must not become half of a CRLF with what follows it now.
                    good.append(plain[:-1] + b"\n" if plain.endswith(b"\r") else plain)
                else:
                    rejects.append(Reject(number, None, reason, _shown(text), line))
            line += count_lines(text)
        table = self._rows(b"".join(good))
        if table is None:
            return None
        if self._holds_rows(table):
            remarks.extend(self._whole_rows(piece, 0))
        return Parsed(table, number, count_lines(piece), rejects, remarks)

    def _beginning(self, text: bytes, *, is_marked: bool) -> RemarkKind | None:
        """Which beginning of a second file a record is; None for any other.

        In one column the header may be a value, unless a byte order mark stands before it.
        """
        is_header = text.strip(b"\r\n") in self._headers
        if is_header and (is_marked or len(self._names) > 1):
            return RemarkKind.HEADER
        if not is_marked:
            return None
        is_other = self._header and {*fields_of(text, self._dialect)} & {*self._names}
        return RemarkKind.OTHER if is_other else RemarkKind.JOINED

    def _counts(self, record: Record, text: bytes) -> bool:
        """An empty line is not a row, except in a table of one column, which is NULL there."""
        return record.fields > 1 or len(self._names) == 1 or text.strip(b"\r\n") != b""

    def _filled(self, record: Record, plain: bytes) -> bytes:
        """A row that may be short, with the delimiters that it has not."""
        width = len(self._columns)
        most = width - 1 if self._dialect.fills_short_rows else len(self._after)
        missing = width - record.fields
        if not 0 < missing <= most:
            return plain
        return plain.rstrip(b"\r\n") + self._dialect.delimiter.encode() * missing + b"\n"

    def _misfit(self, record: Record, plain: bytes) -> str | None:
        """What is wrong with the number of fields."""
        expected, found = len(self._names), record.fields
        delimiter = self._dialect.delimiter.encode()
        is_trailed = plain.rstrip(b"\r\n").endswith(delimiter)
        is_one_more = found == expected + 1
        if self._after and is_one_more and not is_trailed and not self._is_read(plain):
            return "text stands after the last delimiter"
        fewest = 1 if self._dialect.fills_short_rows else expected
        if not fewest <= found <= expected + len(self._after):
            hint = is_one_more and is_trailed
            return f"expected {expected} fields, found {found}" + (
                ", the last one empty: csv: {trailing_delimiter: true}" if hint else ""
            )
        return None

    def _is_read(self, plain: bytes) -> bool:
        """Whether Arrow takes one row, as it would among others."""
        try:
            return self._rows(plain) is not None
        except (pa.ArrowInvalid, UnicodeDecodeError):
            return False

    def _fault(self, record: Record, text: bytes, plain: bytes) -> str | None:
        if misfit := self._misfit(record, plain):
            return misfit
        if b"\0" in text:
            return "holds a NUL byte"
        if any(MARK + each in text for each in self._headers):
            return "holds the header of a second file: no line end stands between the two files"
        if self._has_tail(text):
            return (
                f"holds a value in quotes that goes over {count_lines(text.rstrip()) + 1} lines, "
                f"with text after its closing quote: {self._remedy(text)}"
            )
        return None if self._is_utf8(text, plain) else NOT_UTF8

    def _remedy(self, text: bytes) -> str:
        if self._doubt.stands_in(text):
            return "where a backslash before a quote escapes it, declare csv: {escape: '\\'}"
        return "where nothing is quoted, declare csv: {quote: ''}"

    def _is_utf8(self, text: bytes, plain: bytes) -> bool:
        try:
            decoded = text.decode()
        except UnicodeDecodeError:
            return False
        try:
            self._escapes.value(decoded)
        except UnicodeDecodeError:
            return self._is_read(plain)  # in a column that is not wanted, or in two halves
        return True


def _ways_to_write(header: bytes, dialect: Dialect) -> tuple[bytes, ...]:
    """The header as it stands, with each name in quotes, and with none."""
    if not header or dialect.quote is None or dialect.escape is not None:
        return (header,) if header else ()
    quote, delimiter = dialect.quote.encode(), dialect.delimiter.encode()
    names = [name.encode() for name in fields_of(header, dialect)]
    if not names or any(mark in name for name in names for mark in (quote, delimiter, b"\n")):
        return (header,)
    quoted = delimiter.join(quote + name + quote for name in names)
    return tuple({header: None, quoted: None, delimiter.join(names): None})


def _parse_options(dialect: Dialect, *, ignore_empty_lines: bool) -> csv.ParseOptions:
    return csv.ParseOptions(
        delimiter=dialect.delimiter,
        quote_char=dialect.quote or False,
        double_quote=dialect.quote is not None,
        escape_char=False,
        newlines_in_values=True,
        ignore_empty_lines=ignore_empty_lines,
    )


def _like_rows(delimiter: str, at: int, width: int) -> str:
    """The pattern of a value in column ``at`` that runs to the same column of a later row, or
    holds a whole one.

    In two columns with commas, prose is that by chance, unless its lines begin with a number.
    """
    mark = f"\\x{ord(delimiter):02x}"
    fields = f"[^\\n{mark}]*(?:{mark}[^\\n{mark}]*){{{{{{}}}}}}".format
    first, inner, last = fields(width - 1 - at), fields(width - 1), fields(at)
    if (delimiter, width) == (",", 2):
        return r"^[^\n,]*(?:\n[0-9]+,[^\n,]*)+$"
    return f"^{first}\\n(?:[^\\n]*\\n)*{last}$|\\n{inner}\\n"


def _sentinel(dialect: Dialect, token: str, width: int) -> bytes:
    return dialect.delimiter.join([token] * width).encode() + b"\n"


def _shown(text: bytes) -> str:
    shown = text[: _LONGEST_VALUE * 4].decode(errors="backslashreplace").rstrip("\r\n")
    return shown if len(shown) <= _LONGEST_VALUE else shown[: _LONGEST_VALUE - 1] + "…"
