"""The text of a query as one ``SELECT``, or the ``EXPLAIN`` of one, by DuckDB's own parser."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import duckdb

from ...errors import LaptopError, nearest
from ...metrics.tree import kind_of, writing
from .bounds import time_bound
from .messages import first_part
from .refusals import refused_count, refused_statement

__all__ = ["SelectStatement", "read_statement"]

_LONGEST = 100_000
_SECONDS = 5.0  # for the parser, which needs hours for a few words that are nested badly
# What DuckDB takes for a blank: also what editors and web pages put there.
_BLANKS = (
    " \t\r\n\f\v\u00a0\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u200b"
    "\u202f\u205f\u3000\ufeff"
)
_SKIPPED = rf"(?:[{_BLANKS}]|--[^\n]*\n|/\*.*?\*/)"
_EXPLAIN = re.compile(
    rf"{_SKIPPED}*+EXPLAIN{_SKIPPED}++(?:(ANALYZE){_SKIPPED}++)?", re.IGNORECASE | re.DOTALL
)
_SERIALIZE = (
    "SELECT json_serialize_sql(?, skip_null := true, skip_empty := true, skip_default := true)"
)


@dataclass(frozen=True, slots=True)
class SelectStatement:
    """``select`` has no semicolon at its end; ``explain`` stands before it, or is empty.

    ``tree`` is what the parser made of it; ``parameters`` are the names that it wants values for.
    """

    select: str
    explain: str
    tree: Mapping[str, Any] = field(hash=False)
    parameters: frozenset[str]

    @property
    def sql(self) -> str:
        """What is run."""
        return f"{self.explain} {self.select}" if self.explain else self.select

    def check_parameters(self, given: Mapping[str, Any]) -> None:
        """Raise ``LaptopError`` unless each parameter has a value, and each value a parameter."""
        for name in sorted(self.parameters - given.keys()):
            raise LaptopError(
                "a parameter has no value",
                found=f"${name}",
                remedy=f"Add --param {name}=VALUE.",
            )
        for name in sorted(given.keys() - self.parameters):
            near = nearest(name, self.parameters)
            raise LaptopError(
                "a value was given for a parameter that the query does not have",
                expected=f"${near}" if near else "a query with that parameter",
                found=f"${name}",
            )
        for name, value in given.items():
            if isinstance(value, str) and not is_text(value):
                raise LaptopError(
                    "the value of a parameter is not text",
                    where=f"${name}",
                    expected="UTF-8 without NUL",
                )


def read_statement(sql: str) -> SelectStatement:
    """Parse it; raises ``LaptopError`` for all that is not exactly one SELECT or EXPLAIN."""
    if len(sql) > _LONGEST:
        raise LaptopError(
            "the query is too long",
            expected=f"{_LONGEST:,} characters at most",
            found=f"{len(sql):,}",
        )
    if not is_text(sql):
        raise LaptopError("the query is not text", expected="UTF-8 without NUL")
    with duckdb.connect() as parser, time_bound(parser, _SECONDS):
        # By a statement first, which another thread can end: parsing alone holds up all threads.
        _serialized(parser, sql)
        kind, parameters = _only(sql)
        text = _without_ends(sql)
        explain = ""
        if kind == "EXPLAIN":
            explain, text = _explained(text)
            kind, parameters = _only(text)
        if kind != "SELECT":
            raise refused_statement(kind, explain)
        tree = _tree(parser, text)
    for kind in writing(tree):
        raise refused_statement(kind, explain)
    return SelectStatement(text, explain, tree, frozenset(parameters))


def is_text(value: str) -> bool:
    """Whether DuckDB can take it: arguments of a program may be any bytes."""
    try:
        return b"\0" not in value.encode()
    except UnicodeEncodeError:
        return False


def _only(sql: str) -> tuple[str, set[str]]:
    try:
        statements = duckdb.extract_statements(sql)
    except duckdb.Error as error:
        raise _syntax_error(error) from error
    if len(statements) != 1:
        raise refused_count(len(statements))
    return kind_of(statements[0]), set(statements[0].named_parameters)


def _syntax_error(error: Exception) -> LaptopError:
    return LaptopError("the query cannot be parsed", found=first_part(error))


def _words(sql: str) -> list[tuple[int, str]]:
    """Each token that is not a comment: where it begins in the bytes of the text, and its text.

    Blanks that are not of ASCII are tokens of their own, and no words.
    """
    content = sql.encode()
    tokens = [(start, kind.name) for start, kind in duckdb.tokenize(sql)]
    ends = [start for start, _ in tokens[1:]] + [len(content)]
    words = [
        (start, content[start:end].decode(errors="replace").strip(_BLANKS))
        for (start, kind), end in zip(tokens, ends, strict=True)
        if kind != "comment"
    ]
    return [(start, word) for start, word in words if word]


def _without_ends(sql: str) -> str:
    """The statement without semicolons around it, and without comments behind the last."""
    text, end = sql.lstrip(f";{_BLANKS}"), None
    for start, word in reversed(_words(text)):
        if word != ";":
            break
        end = start
    return text.encode()[:end].decode().strip(_BLANKS)


def _explained(text: str) -> tuple[str, str]:
    """Take ``EXPLAIN`` or ``EXPLAIN ANALYZE`` off, which are written anew before what is run.

    The rest is parsed again, so whatever is mistaken here is refused there.
    """
    match = _EXPLAIN.match(text)
    if match is None or text[match.end() :].startswith("("):
        raise LaptopError(
            "options of EXPLAIN are not supported",
            expected="EXPLAIN SELECT … or EXPLAIN ANALYZE SELECT …",
        )
    return ("EXPLAIN ANALYZE" if match[1] else "EXPLAIN"), text[match.end() :]


def _serialized(parser: duckdb.DuckDBPyConnection, text: str) -> str:
    """What the parser makes of it, as JSON: of anything but SELECT an error."""
    try:
        ((found,),) = parser.execute(_SERIALIZE, [text]).fetchall()
    except duckdb.InterruptException as error:
        raise LaptopError(
            "the query takes too long to read", remedy="Nest it less deeply."
        ) from error
    return str(found)


def _tree(parser: duckdb.DuckDBPyConnection, text: str) -> Mapping[str, Any]:
    """The parsed statement. A second parser's view: it serializes nothing but one SELECT."""
    try:
        found = json.loads(_serialized(parser, text))
    except RecursionError as error:
        raise LaptopError("the query is nested too deeply") from error
    if found["error"]:
        raise LaptopError(
            "the query cannot be parsed", found=first_part(found.get("error_message", ""))
        )
    statements = found["statements"]
    if len(statements) != 1:
        raise refused_count(len(statements))
    tree: Mapping[str, Any] = statements[0]
    return tree
