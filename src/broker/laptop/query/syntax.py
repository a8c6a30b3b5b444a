"""The text of a query as one ``SELECT``, or the ``EXPLAIN`` of one, by DuckDB's own parser."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import duckdb

from ...errors import LaptopError, nearest
from .messages import first_part
from .refusals import refused_count, refused_statement

__all__ = ["SelectStatement", "read_statement"]

_LONGEST = 100_000
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


def read_statement(sql: str) -> SelectStatement:
    """Parse it; raises ``LaptopError`` for all that is not exactly one SELECT or EXPLAIN."""
    if len(sql) > _LONGEST:
        raise LaptopError(
            "the query is too long",
            expected=f"{_LONGEST:,} characters at most",
            found=f"{len(sql):,}",
        )
    if "\0" in sql:
        raise LaptopError("the query has a character that ends texts (NUL)")
    kind, parameters = _only(sql)
    text = _without_end(sql)
    explain = ""
    if kind == "EXPLAIN":
        explain, text = _explained(text)
        kind, parameters = _only(text)
    if kind != "SELECT":
        raise refused_statement(kind, explain)
    return SelectStatement(text, explain, _tree(text), frozenset(parameters))


def _only(sql: str) -> tuple[str, set[str]]:
    try:
        statements = duckdb.extract_statements(sql)
    except duckdb.Error as error:
        raise _syntax_error(error) from error
    if len(statements) != 1:
        raise refused_count(len(statements))
    return statements[0].type.name, set(statements[0].named_parameters)


def _syntax_error(error: Exception) -> LaptopError:
    return LaptopError("the query cannot be parsed", found=first_part(error))


def _words(sql: str) -> list[tuple[int, bytes]]:
    """Each token that is not a comment: where it begins in the bytes of the text, and its text."""
    content = sql.encode()
    tokens = duckdb.tokenize(sql)
    ends = [start for start, _ in tokens[1:]] + [len(content)]
    return [
        (start, content[start:end].strip())
        for (start, kind), end in zip(tokens, ends, strict=True)
        if kind.name != "comment"
    ]


def _without_end(sql: str) -> str:
    """The statement without semicolons, and comments, behind it."""
    end = None
    for start, word in reversed(_words(sql)):
        if word != b";":
            break
        end = start
    return sql.encode()[:end].decode().strip()


def _explained(text: str) -> tuple[str, str]:
    """Take ``EXPLAIN`` or ``EXPLAIN ANALYZE`` off, which are written anew before what is run."""
    words = _words(text)
    first = [word.upper() for _, word in words[:2]]
    count = 2 if first[1:] == [b"ANALYZE"] else 1
    if first[0] != b"EXPLAIN" or len(words) <= count or words[count][1].startswith(b"("):
        raise LaptopError(
            "options of EXPLAIN are not supported",
            expected="EXPLAIN SELECT … or EXPLAIN ANALYZE SELECT …",
        )
    rest = text.encode()[words[count][0] :].decode()
    return ("EXPLAIN ANALYZE" if count == 2 else "EXPLAIN"), rest


def _tree(text: str) -> Mapping[str, Any]:
    """The parsed statement. A second parser's view: it serializes nothing but one SELECT."""
    with duckdb.connect() as connection:
        row = connection.execute(_SERIALIZE, [text]).fetchall()[0]
    try:
        found = json.loads(row[0])
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
