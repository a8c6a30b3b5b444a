"""The SQL by which a table's files are read. Pure."""

from __future__ import annotations

from pathlib import Path

from ..foreign.columns import sql_type
from ..manifest import TableEntry
from ..tables.session import identifier, literal

__all__ = ["file_pattern", "openable", "rows_query", "typed_columns"]

_ANY_TYPE = "VARCHAR"  # of a column for which no value ever came


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
    paths = sorted(str(tree / file.path) for file in entry.files)
    listed = ", ".join(literal(file_pattern(path)) for path in paths)
    return f"FROM read_parquet([{listed}], hive_partitioning = false)"


def openable(entry: TableEntry, tree: Path) -> set[str]:
    """What DuckDB must be allowed to open: it compares the pattern, then the file that it finds."""
    paths = [str(tree / file.path) for file in entry.files]
    return {spelling for path in paths for spelling in (path, file_pattern(path))}


def file_pattern(path: str) -> str:
    """The file by its name: in brackets, what DuckDB would take for a pattern is itself."""
    return "".join(f"[{c}]" if c in "*?[" else c for c in path)
