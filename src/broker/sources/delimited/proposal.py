"""Which declaration fits a text, and what speaks for it. Pure."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from typing import Any

import yaml

from .dialect import Dialect, dialect_from
from .header import fields_of
from .line_ends import with_line_ends_escaped
from .looks import shape_of
from .records import Lexer, Record, count_lines

__all__ = ["Fit", "Proposal", "fit_of", "inline_yaml", "propose"]

_DELIMITERS = (",", ";", "\t", "|")
_MOST_BEFORE = 10  # lines of a title
_DASHES = re.compile(rb"[-=+|,;\s]*[-=]{2}[-=+|,;\s]*")
_AFFECTED = re.compile(rb"\([0-9]+ rows? affected\)\s*\Z")
_ESCAPED_QUOTE = re.compile(rb'\\"(?:[^"\r\n,;\t|]|"(?:[\r\n,;\t|]|\Z))')
_ESCAPED_BARE = re.compile(rb'(?:^|[\r\n,;\t|])(?!")[^\r\n,;\t|]*\\[\\"]')
_DOUBLED = {  # as in a JSON text
    quote: re.compile(rb"[^%b\\\r\n,;\t|]%b[^%b\r\n,;\t|]" % (quote, quote * 2, quote))
    for quote in (b'"', b"'")
}
_QUOTED = re.compile(rb'(?:^|[\r\n\t,;|])"[^"]*+"(?=[\r\n\t,;|]|\Z)')
_EMPTY = re.compile(rb"(?:^|[\r\n,;\t|])[,;\t|]|[,;\t|](?=[\r\n]|\Z)")
_PATH = re.compile(rb"[A-Za-z]:\\[^\\]")
_ESCAPED_NULL = re.compile(rb"(?:^|[\r\n\t,;|])\\N(?:[\r\n\t,;|]|\Z)")
_ESCAPED = re.compile(rb"\\(?:\r\n|(.))", re.DOTALL)
_LETTERS = frozenset(b"bfnrtv")  # of PostgreSQL; MySQL writes a backslash before the line end
_OF_MYSQL = frozenset(b"\n\r0Z")
_NULL_AFTER_QUOTE = re.compile(rb'(?:^|[\r\n\t,;|])"N(?=[\r\n\t,;|]|\Z)')
_SINGLE_QUOTED = re.compile(rb"(?:^|[\r\n\t,;|])'[^'\r\n]*'(?:[\r\n\t,;|]|\Z)")

_LOST = (
    "Where MySQL has ESCAPED BY '\"', NULL is \"N, which no declaration reads. "
    "Export the table with ESCAPED BY '\\\\' and declare dialect: mysql."
)


@dataclass(frozen=True, slots=True)
class Fit:
    """Of ``lines``, how many hold rows of as many ``fields`` as most rows have."""

    regular: int
    lines: int
    fields: int

    @property
    def rank(self) -> tuple[float, int]:
        """A single column proves nothing: every wrong delimiter gives one."""
        is_split = self.fields > 1 and self.lines > 0
        return (self.regular / self.lines if is_split else 0.0, self.fields)

    @property
    def is_likely(self) -> bool:
        """Whether it has several fields, and most lines fit. A half of them fits by chance."""
        return self.fields > 1 and 3 * self.regular >= 2 * self.lines


@dataclass(frozen=True, slots=True)
class Proposal:
    """What to write under ``csv:``, and how well that fits the text.

    ``doubt`` is a sentence, where no declaration reads the text as it was written.
    """

    declared: Mapping[str, Any]
    fit: Fit
    doubt: str | None = None

    @property
    def evidence(self) -> str:
        """What speaks for it, as a sentence without an end."""
        values = "1 value" if self.fit.fields == 1 else f"{self.fit.fields:,} values"
        return f"{self.fit.regular:,} of the first {self.fit.lines:,} lines have {values} each"

    @property
    def yaml(self) -> str:
        """The declaration, as it is written in one line."""
        return f"csv: {inline_yaml(self.declared)}"


def inline_yaml(value: Mapping[str, Any]) -> str:
    """A mapping in one line."""
    text = yaml.safe_dump(dict(value), default_flow_style=True, width=10_000, allow_unicode=True)
    return str(text).strip()


def propose(text: bytes, *, is_whole: bool) -> Proposal:
    """The declaration that fits best; of two that fit as well, the simpler one."""
    candidates = [*_candidates(text)]
    fits = [fit_of(text, dialect_from(one, ""), is_whole=is_whole) for one in candidates]
    best = max(range(len(fits)), key=lambda at: fits[at].rank)
    dialect = dialect_from(candidates[best], "")
    declared = {**candidates[best], **_around(text, dialect, fits[best].fields, is_whole=is_whole)}
    is_lost = dialect.quote is None and _NULL_AFTER_QUOTE.search(text) is not None
    return Proposal(_named(declared), fits[best], _LOST if is_lost else None)


def fit_of(text: bytes, dialect: Dialect, *, is_whole: bool) -> Fit:
    """How well a dialect fits the beginning of a text, its header included."""
    text = _with_own_ends(_separator(text)[1], dialect)
    records = _records(text, dialect, is_whole=is_whole)
    if not records:
        return Fit(0, 0, 1)
    counts = Counter(one.fields for one in records)
    fields = max(counts, key=lambda count: (counts[count], count))
    lines = regular = 0
    lexer = Lexer(dialect)
    for one in records:
        record = text[one.start : one.end]
        count = count_lines(record.rstrip(b"\r\n")) + 1
        is_sound = not one.is_open and (
            count == 1 or all(each["tail"] is None for each in lexer.spreads(record))
        )
        lines += count
        regular += count if one.fields == fields and is_sound else 0
    return Fit(regular, lines, fields)


def _with_own_ends(text: bytes, dialect: Dialect) -> bytes:
    if not dialect.escapes_own_ends or not dialect.escape:
        return text
    return b"".join(with_line_ends_escaped(iter([text]), dialect.escape.encode(), has_header=True))


def _records(text: bytes, dialect: Dialect, *, is_whole: bool) -> Sequence[Record]:
    every = [one for one in Lexer(dialect).records(text) if text[one.start : one.end].strip()]
    return every if is_whole else every[:-1] or every  # the sample cuts the last one


def _candidates(text: bytes) -> Iterator[dict[str, Any]]:
    mark, rest = _separator(text)
    if mark:
        yield {"dialect": "excel", "delimiter": mark}
    escaped = {ord(one) if one else ord("\n") for one in _ESCAPED.findall(rest)}
    for delimiter in _DELIMITERS:
        for quote in (one for one in ('"', "'") if _is_around(one, rest, delimiter)):
            yield from _with_escapes(rest, delimiter, quote, escaped)
        is_plain = delimiter != "\t" and escaped == {*b"N"}
        is_quoted = is_plain and _QUOTED.search(rest) is not None
        has_null = _ESCAPED_NULL.search(rest) is not None and not is_quoted
        if has_null or (delimiter == "\t" and _is_escaped(rest, escaped)):
            yield _unquoted(rest, delimiter, escaped)
    quotes = ('"', "'", "") if _SINGLE_QUOTED.search(rest) else ('"', "", "'")
    for quote in quotes:
        for delimiter in _DELIMITERS:
            chosen = {} if delimiter == "," else {"delimiter": delimiter}
            yield chosen if quote == '"' else {**chosen, "quote": quote}


def _is_around(quote: str, text: bytes, delimiter: str) -> bool:
    """Whether some value begins with a quote."""
    begin = rb"(?:^|[\r\n%b])%b" % (re.escape(delimiter.encode()), quote.encode())
    return re.search(begin, text) is not None


def _with_escapes(
    text: bytes, delimiter: str, quote: str, escaped: Set[int]
) -> Iterator[dict[str, Any]]:
    """Dialects with quotes, in or beside which a backslash stands for something."""
    chosen = {} if delimiter == "," else {"delimiter": delimiter}
    has_null = _ESCAPED_NULL.search(text) is not None
    is_doubled = _DOUBLED[quote.encode()].search(text) is not None
    is_plain = quote == '"'
    has_quotes = (_ESCAPED_QUOTE.search(text) if is_plain else b"\\'" in text) and not is_doubled
    is_known = escaped <= {*b"\\N", ord(quote), *_OF_MYSQL} and not is_doubled
    if is_known and (escaped & _OF_MYSQL or (has_quotes and (has_null or not is_plain))):
        yield {"dialect": "mysql", "delimiter": delimiter, "quote": quote, "header": True}
    # Where an empty value may be NULL, \N is rather a text.
    is_null = has_null and delimiter != "\t" and not _EMPTY.search(text)
    if is_null and (is_doubled or escaped == {*b"N"}):
        yield {"dialect": "snowflake", **chosen, "quote": quote, "header": True}
    if has_quotes and is_plain:
        # Python's csv escapes backslashes outside quotes as well; Spark leaves them as they are.
        is_bare = escaped <= {*b'\\"'} and _ESCAPED_BARE.search(text) is not None
        found = {"escape": "\\", "escapes": "any"} if is_bare else {"dialect": "spark"}
        yield {**found, **chosen}


def _is_escaped(text: bytes, escaped: Set[int]) -> bool:
    """Whether a text without quotes has backslashes, and all as programs write them."""
    is_quoted = re.search(rb"(?:^|[\r\n\t])\"", text) and ord("\\") not in escaped
    is_other = is_quoted or _PATH.search(text)
    return bool(escaped) and escaped <= {*b"\\N\t", *_LETTERS, *_OF_MYSQL} and not is_other


def _unquoted(text: bytes, delimiter: str, escaped: Set[int]) -> dict[str, Any]:
    header = {"header": True}
    has_letters = bool(escaped & _LETTERS)
    if delimiter == "," and not has_letters:
        return {"dialect": "snowflake", **header}
    is_of_mysql = bool(escaped & {*_OF_MYSQL, ord(delimiter)}) and not has_letters
    is_of_mysql |= re.search(rb"\r(?!\n)", text) is not None  # PostgreSQL escapes every CR
    name = "mysql" if is_of_mysql else "postgres"
    return {"dialect": name, **({} if delimiter == "\t" else {"delimiter": delimiter}), **header}


def _around(text: bytes, dialect: Dialect, fields: int, *, is_whole: bool) -> dict[str, Any]:
    """What stands around the rows: lines before and after them, dashes, a last delimiter."""
    text = _with_own_ends(_separator(text)[1], dialect)
    records = _records(text, dialect, is_whole=is_whole)
    first = next((at for at, one in enumerate(records) if one.fields == fields), 0)
    found: dict[str, Any] = {}
    delimiter = dialect.delimiter.encode()
    ends = [_line(text, one).endswith(delimiter) for one in records[first : first + 3]]
    is_short = first > 0 and records[first - 1].fields == fields - 1
    if fields > 1 and ends and all(ends) and (is_short or first == 0):
        found["trailing_delimiter"] = True
        first -= int(is_short)
    elif fields > 1 and first == 1 and records[0].fields > fields:
        found["short_rows"] = "null"
        first = 0
    if first and fields > 1 and (skipped := count_lines(text[: records[first].start])):
        found |= {"skip_rows": skipped} if skipped <= _MOST_BEFORE else {}
    rows = [_line(text, one) for one in records[first : first + 2]]
    if len(rows) > 1 and _DASHES.fullmatch(rows[1]):
        found["skip_after_header"] = 1
    if is_whole and records and _AFFECTED.match(text[records[-1].start :]):
        found["footer"] = r"\([0-9]+ rows? affected\)"
    return {**found, **_header(rows[0] if rows else b"", dialect, found)}


def _line(text: bytes, record: Record) -> bytes:
    return text[record.start : record.end].rstrip(b"\r\n")


def _header(row: bytes, dialect: Dialect, found: Mapping[str, Any]) -> dict[str, Any]:
    """Whether the first row names the columns; where it does not, they are numbered."""
    first = fields_of(row, dialect)
    if "trailing_delimiter" in found and first and not first[-1]:
        first.pop()
    names = {name.strip().lower() for name in first}
    is_header = len(names) == len(first) and not any(map(_is_value, first))
    if is_header or not first:
        return {}
    return {"header": False, "columns": [f"column_{at}" for at in range(1, len(first) + 1)]}


def _is_value(name: str) -> bool:
    return name.strip() in ("", "\\N") or shape_of(name) is not None


def _named(declared: Mapping[str, Any]) -> dict[str, Any]:
    """The same in fewer words, where a dialect says them."""
    left = dict(declared)
    if "footer" in left and "skip_after_header" in left:
        left = {"dialect": "sqlcmd", **left}
        for key in ("footer", "skip_after_header", "quote"):
            left.pop(key, None)
    if left.get("dialect") == "excel" and left.get("delimiter") == ",":
        left.pop("delimiter")
    if left.get("header") is False and left.get("dialect") in ("mysql", "postgres", "snowflake"):
        left.pop("header")
    return left


def _separator(text: bytes) -> tuple[str, bytes]:
    """The delimiter that a first line such as ``sep=;`` names, and the text after that line."""
    found = re.match(rb'"?sep=([^\r\n\w])"?[ \t]*(?:\r\n|\r|\n)', text, re.IGNORECASE)
    if found is None or not found[1].isascii():
        return "", text
    return found[1].decode(), text[found.end() :]
