"""Names of columns as SQL compares them; types as a manifest writes them, written anew for SQL."""

from __future__ import annotations

import re

__all__ = ["SIMPLE", "folded", "sql_type"]

SIMPLE = (
    "BOOLEAN",
    "BIGINT",
    "DOUBLE",
    "VARCHAR",
    "DATE",
    "TIME",
    "TIMESTAMP",
    "TIMESTAMPTZ",
    "BLOB",
    "JSON",
)
_DIGITS = 38
_MOST_CHARACTERS = 20_000
_DEEPEST = 32
_DECIMAL = re.compile(r"DECIMAL\(([0-9]{1,2}),([0-9]{1,2})\)")
_SIMPLE = re.compile("|".join(sorted(SIMPLE, key=len, reverse=True)))
_NAME = re.compile(r'"((?:[^"\x00]|"")+)"|([A-Za-z_][A-Za-z0-9_]*)')
_EXPECTED = f"expected a column type: {', '.join(SIMPLE)}, DECIMAL(p,s), T[] or STRUCT(name T, …)"


def folded(name: str) -> str:
    """The name of a column as DuckDB compares it: Total and total are one column.

    It folds ASCII alone: É and é are two.
    """
    if name.isascii():  # nearly all are, and a history has very many
        return name.lower()
    return "".join(c.lower() if c.isascii() else c for c in name)


def sql_type(text: str) -> str:
    """The type as SQL: words of this language and quoted names, safe in any statement.

    Raises ``ValueError`` for a text that is not such a type from its first to its last character.
    """
    if len(text) > _MOST_CHARACTERS:
        raise ValueError(f"a column type is longer than {_MOST_CHARACTERS:,} characters")
    reader = _Reader(text)
    sql = reader.type(0)
    if reader.at != len(text):
        raise ValueError(_EXPECTED)
    return sql


class _Reader:
    """Takes a text apart from left to right."""

    def __init__(self, text: str) -> None:
        self._text = text
        self.at = 0

    def type(self, depth: int) -> str:
        """A type with the brackets of its lists."""
        if depth > _DEEPEST:
            raise ValueError(f"a column type is nested deeper than {_DEEPEST} times")
        sql = self._struct(depth) if self._takes("STRUCT(") else self._scalar()
        while self._takes("[]"):
            sql += "[]"
        return sql

    def _scalar(self) -> str:
        if decimal := self._match(_DECIMAL):
            precision, scale = int(decimal[1]), int(decimal[2])
            if not (1 <= precision <= _DIGITS and scale <= precision):
                raise ValueError("expected DECIMAL(p,s) with 1 <= p <= 38 and s <= p")
            return f"DECIMAL({precision},{scale})"
        simple = self._match(_SIMPLE)
        if simple is None:
            raise ValueError(_EXPECTED)
        return simple[0]

    def _struct(self, depth: int) -> str:
        members = [self._member(depth)]
        while self._takes(", "):
            members.append(self._member(depth))
        if not self._takes(")"):
            raise ValueError(_EXPECTED)
        return f"STRUCT({', '.join(members)})"

    def _member(self, depth: int) -> str:
        name = self._match(_NAME)
        if name is None or not self._takes(" "):
            raise ValueError(_EXPECTED)
        quoted = name[1] if name[1] is not None else name[2]
        return f'"{quoted}" {self.type(depth + 1)}'

    def _match(self, pattern: re.Pattern[str]) -> re.Match[str] | None:
        match = pattern.match(self._text, self.at)
        if match is not None:
            self.at = match.end()
        return match

    def _takes(self, word: str) -> bool:
        found = self._text.startswith(word, self.at)
        self.at += len(word) if found else 0
        return found
