"""Which column was probably wanted, also behind an alias, where DuckDB has no proposal. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping

from ...errors import nearest
from ...manifest import TableEntry
from .names import SqlNames

__all__ = ["suggested"]

# How DuckDB names a column that is not there; the first group is the alias before it, or is empty.
_MISSING = (
    re.compile(r'(?:Values list|Table) "(?P<alias>[^"]+)" does not have a column named "([^"]+)"'),
    re.compile(r'(?P<alias>)Referenced column "([^"]+)" not found'),
    re.compile(r'(?P<alias>)Column "([^"]+)" does not exist on (?:left|right) side'),
    re.compile(r'(?P<alias>)Column "([^"]+)" in (?:EXCLUDE|REPLACE|RENAME) list not found'),
)


_AS_TEXT = "A text stands in single quotes; in double ones stands the name of a column."


def suggested(
    message: str, sql: str, names: SqlNames, views: Mapping[str, TableEntry]
) -> str | None:
    """What to do about an error of the binder; None where no column is like the one written."""
    for pattern in _MISSING:
        match = pattern.search(message)
        if match is None:
            continue
        alias, column = match["alias"], match[2]
        tables = _behind(alias, names, views)
        found = _nearest(column, tables)
        near = f"Did you mean {alias or found[0]}.{found[1]}?" if found else _what_there_is(tables)
        return f"{_AS_TEXT} {near or ''}".strip() if f'"{column}"' in sql else near
    return None


def _behind(alias: str, names: SqlNames, views: Mapping[str, TableEntry]) -> dict[str, TableEntry]:
    """The table that an alias stands for; all tables without one, or for one of a subquery."""
    table = names.aliases.get(alias.lower(), "").lower()
    return {view: entry for view, entry in views.items() if view.lower() == table} or dict(views)


def _nearest(column: str, tables: Mapping[str, TableEntry]) -> tuple[str, str] | None:
    known = {
        name.lower(): (view, name) for view, entry in tables.items() for name in entry.schema.names
    }
    near = nearest(column.lower(), known)
    return None if near is None else known[near]


def _what_there_is(tables: Mapping[str, TableEntry]) -> str | None:
    if len(tables) != 1:
        return None
    ((view, entry),) = tables.items()
    return f"{view} has: {', '.join(entry.schema.names[:30])}."
