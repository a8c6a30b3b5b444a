"""One DuckDB view per table of a generation, in a database that holds nothing else.

The views name the exact files of one generation, so a reader of the database sees one moment of
all tables, also while the next generation is arriving. They are made by a DuckDB that can open
those files and no other, load no extension, and whose settings cannot be changed again. Older
releases of DuckDB can open the database: 1.0 and later.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import duckdb

from ..errors import LaptopError
from ..files import write_atomic
from ..manifest import Manifest
from ..tables.session import literal
from ..view_sql import openable, view_script, view_statements

__all__ = ["rebuild"]

_LOCKS = """
SET TimeZone = 'UTC';
SET autoinstall_known_extensions = false;
SET autoload_known_extensions = false;
SET allow_community_extensions = false;
SET allowed_paths = [{paths}];
SET enable_external_access = false;
SET lock_configuration = true;
"""
# What was made in a database, and its definition.
_OBJECTS = """
SELECT 'table' AS kind, table_name AS name, sql FROM duckdb_tables() WHERE NOT internal
UNION ALL SELECT 'view', view_name, sql FROM duckdb_views() WHERE NOT internal
UNION ALL SELECT 'macro', function_name, md5(macro_definition) FROM duckdb_functions()
    WHERE NOT internal
UNION ALL SELECT 'sequence', sequence_name, sql FROM duckdb_sequences()
UNION ALL SELECT 'type', type_name, logical_type FROM duckdb_types() WHERE NOT internal
UNION ALL SELECT 'schema', schema_name, '' FROM duckdb_schemas() WHERE NOT internal
    AND schema_name <> 'main'
ORDER BY ALL
"""


def _locks(allowed: set[str]) -> str:
    return _LOCKS.format(paths=", ".join(map(literal, sorted(allowed))))


def rebuild(
    manifest: Manifest, tree: Path, database: Path, memory: Path, macros: Sequence[str] = ()
) -> Path | None:
    """Put a database with the views of this generation in the place of ``database``.

    ``macros`` is the SQL of what else is in it.

    ``memory`` is the file that remembers what was put there, this time and the time before:
    whatever else is found in it is the analyst's own, and the whole database is set aside beside
    it; its new path is returned.
    Raises ``LaptopError`` where another program has it open for writing.
    """
    tree = tree.resolve()
    statements = [*view_statements(manifest, tree), *macros]
    paths = {path for entry in manifest.tables for path in openable(entry, tree)}
    arriving = database.with_name(f".{database.name}.arriving")
    for left in (arriving, _log_of(arriving)):
        left.unlink(missing_ok=True)
    database.parent.mkdir(parents=True, exist_ok=True)
    made = [_make(arriving, statements, _locks(paths))]
    aside = None
    if _is_own(database, memory):
        aside = _set_aside(database)
    elif database.exists():
        made.append(_objects(database))  # a sync that is killed here leaves that one
    write_atomic(memory, json.dumps(made) + "\n", mode=0o644)
    try:
        arriving.replace(database)
    except PermissionError as error:  # as Windows says it, also of who only reads
        raise _open_elsewhere(database, "Close it there, and sync again.") from error
    write_atomic(database.with_name("views.sql"), view_script(statements), mode=0o644)
    return aside


def _make(place: Path, statements: list[str], locks: str) -> list[list[str]]:
    """Write the database, and open it once before it counts."""
    try:
        with duckdb.connect() as connection:
            connection.execute(f"ATTACH {literal(str(place))} AS made (STORAGE_VERSION 'v1.0.0')")
            connection.execute(f"USE made; {locks}")
            connection.execute("BEGIN")
            for statement in statements:
                connection.execute(statement)
            connection.execute("COMMIT")
        return _objects(place)
    except duckdb.Error as error:
        raise LaptopError(f"the views cannot be made: {error}") from error


def _objects(place: Path) -> list[list[str]]:
    with duckdb.connect(str(place), read_only=True) as connection:
        connection.execute(_locks(set()))
        return [[str(part) for part in row] for row in connection.execute(_OBJECTS).fetchall()]


def _is_own(database: Path, memory: Path) -> bool:
    """Whether something is in it that no sync made. What cannot be read is not ours either.

    So is what a program that was killed left beside it: DuckDB would apply it to what comes.
    """
    if not database.exists():
        return _log_of(database).exists()
    try:
        found = _objects(database)
        made = json.loads(memory.read_text())
    except duckdb.Error as error:
        if "Could not set lock" not in str(error):
            return True
        remedy = "Close it there, sync again, and open it read-only from then on."
        raise _open_elsewhere(database, remedy, " for writing") from error
    except (OSError, ValueError):
        return True
    return found not in made or _log_of(database).exists()


def _open_elsewhere(database: Path, remedy: str, how: str = "") -> LaptopError:
    return LaptopError(
        f"the views stay as they were: their database is open{how} in another program",
        where=str(database),
        remedy=remedy,
    )


def _set_aside(database: Path) -> Path:
    """Rename it and what belongs to it, and return its new name."""
    stamp = f"{datetime.now(UTC):%Y%m%dT%H%M%S}"
    aside = database.with_name(f"{database.stem}-kept-{stamp}{database.suffix}")
    number = 1
    while aside.exists() or _log_of(aside).exists():
        number += 1
        aside = database.with_name(f"{database.stem}-kept-{stamp}-{number}{database.suffix}")
    for source, target in ((_log_of(database), _log_of(aside)), (database, aside)):
        if source.exists():
            source.rename(target)
    return aside


def _log_of(database: Path) -> Path:
    return database.with_name(f"{database.name}.wal")
