"""The SQL by which the tables of a generation are read, on laptops and beside the data. Pure."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from .foreign.columns import sql_type
from .foreign.text import is_plain, prose
from .manifest import Manifest, TableEntry
from .tables.session import identifier, literal

__all__ = [
    "TableRows",
    "file_pattern",
    "openable",
    "rows_query",
    "typed_columns",
    "view_script",
    "view_statements",
]

_CREATE = re.compile(r"\ACREATE (VIEW|MACRO)")
_WILDCARD = re.compile(r"[*?\[]")
_ANY_TYPE = "VARCHAR"  # of a column for which no value ever came


@dataclass(frozen=True, slots=True)
class TableRows:
    """The SQL of a table's rows, and what DuckDB must be allowed to open for it."""

    sql: str
    paths: frozenset[str]


def typed_columns(entry: TableEntry) -> list[tuple[str, str]]:
    """Name and type of each column, both as SQL."""
    return [
        (identifier(column.name), sql_type(column.type) if column.type else _ANY_TYPE)
        for column in entry.schema.columns
    ]


def rows_query(entry: TableEntry, tree: Path) -> str:
    """The rows of a table that has columns: of exactly its files in the generation at ``tree``."""
    if not entry.files:
        typed = (f"CAST(NULL AS {kind}) AS {name}" for name, kind in typed_columns(entry))
        return f"SELECT {', '.join(typed)} WHERE false"
    paths = sorted(_places(entry, tree))
    listed = ", ".join(literal(file_pattern(path)) for path in paths)
    return f"FROM read_parquet([{listed}], hive_partitioning = false)"


def openable(entry: TableEntry, tree: Path) -> set[str]:
    """What DuckDB must be allowed to open: it compares the pattern, then the file that it finds."""
    return {spelling for path in _places(entry, tree) for spelling in (path, file_pattern(path))}


def view_statements(manifest: Manifest, tree: Path) -> list[str]:
    """The SQL of the views: one per table that has columns, but for those still loading.

    ``tree`` is the path of the generation's folder. Where it is relative, so are the views: they
    are of what stands there, seen from the folder in which DuckDB runs.
    """
    return [line for entry in manifest.tables for line in _of_table(manifest, entry, tree)]


def view_script(statements: Iterable[str], *remarks: str) -> bytes:
    """The same for ``duckdb -init FILE``, which may be read again and again.

    People read it, so a macro with a column whose name acts on a terminal is in the database alone.
    """
    safe = (line for line in statements if is_plain(line) or not line.startswith("CREATE MACRO"))
    lines = [_CREATE.sub(r"CREATE OR REPLACE \1", line, count=1) for line in safe]
    comments = [f"-- {prose(remark)}" for remark in remarks]
    return ("\n".join([*comments, "SET TimeZone = 'UTC';", *lines]) + "\n").encode()


def _of_table(manifest: Manifest, entry: TableEntry, tree: Path) -> Iterator[str]:
    if entry.loading or not (entry.files or entry.schema.columns):
        return
    query = rows_query(entry, tree)
    name = identifier(manifest.view_names[entry.path])
    yield f"CREATE VIEW {name} AS {query};"
    if entry.description:
        yield f"COMMENT ON VIEW {name} IS {literal(prose(entry.description))};"
    for column in entry.schema.columns:
        if column.description:
            place = f"{name}.{identifier(column.name)}"
            yield f"COMMENT ON COLUMN {place} IS {literal(prose(column.description))};"


def _places(entry: TableEntry, tree: Path) -> list[str]:
    """Where its files are; a path that is absolute stays. As texts: there may be very many."""
    base = tree.as_posix()  # DuckDB takes slashes on every system
    return [posixpath.join(base, file.path) for file in entry.files]


def file_pattern(path: str) -> str:
    """The file by its name: in brackets, what DuckDB would take for a pattern is itself."""
    return _WILDCARD.sub(r"[\g<0>]", path)
