"""One DuckDB view per table of a generation, in a database that holds nothing else.

The views name the exact files of one generation, so a reader of the database sees one moment of
all tables, also while the next generation is arriving. They are made by a DuckDB that can open
those files and no other, load no extension, and whose settings cannot be changed again.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from .duck import RunSql, ViewsError, find_duckdb
from .foreign.text import prose, shown
from .manifest import Manifest, Table, read_in

__all__ = ["create_views", "rebuild"]

LOCKS = """\
SET TimeZone = 'UTC';
SET autoinstall_known_extensions = false;
SET autoload_known_extensions = false;
SET allow_community_extensions = false;
SET allowed_paths = [{paths}];
SET enable_external_access = false;
SET lock_configuration = true;
"""
# What a sync did not make: its views read the Parquet of a generation, or nothing.
FOREIGN = """
SELECT table_name AS name FROM duckdb_tables() WHERE NOT internal
UNION
SELECT view_name FROM duckdb_views() WHERE NOT internal AND NOT contains(sql, 'CAST(NULL AS')
    AND NOT (contains(sql, 'read_parquet(') AND contains(sql, 'hive_partitioning')
        AND contains(sql, '/parquet/'))
UNION
SELECT function_name FROM duckdb_functions() WHERE NOT internal
UNION
SELECT sequence_name FROM duckdb_sequences()
UNION
SELECT type_name FROM duckdb_types() WHERE NOT internal
ORDER BY name
"""


def create_views(manifest: Manifest, tree: Path) -> str:
    """The SQL. ``tree`` is the absolute path of the generation's folder."""
    names = manifest.view_names
    paths = [str(tree / file.path) for table in manifest.tables for file in table.files]
    statements = [_locks(paths)]
    for table in manifest.tables:
        name = _quoted(names[table.path])
        query = _files_query(table, tree) if table.files else _empty_query(table)
        if query is None:
            continue
        statements.append(f"CREATE VIEW {name} AS {query};")
        if table.description:
            statements.append(f"COMMENT ON VIEW {name} IS {_text(prose(table.description))};")
    return "\n".join(statements) + "\n"


def _locks(paths: Iterable[str]) -> str:
    """DuckDB compares what a view names, the pattern, and then the file that the pattern finds."""
    allowed = {spelling for path in paths for spelling in (path, _pattern(path))}
    return LOCKS.format(paths=", ".join(map(_text, sorted(allowed))))


def _files_query(table: Table, tree: Path) -> str:
    paths = sorted(str(tree / file.path) for file in table.files)
    listed = ", ".join(_text(_pattern(path)) for path in paths)
    return f"FROM read_parquet([{listed}], hive_partitioning = false)"


def _pattern(path: str) -> str:
    """The file by its name: in brackets, what DuckDB would take for a pattern is itself."""
    return "".join(f"[{c}]" if c in "*?[" else c for c in path)


def _empty_query(table: Table) -> str | None:
    if not table.columns:
        return None
    typed = (f"CAST(NULL AS {column.type}) AS {_quoted(column.name)}" for column in table.columns)
    return f"SELECT {', '.join(typed)} WHERE false"


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"


def rebuild(tree: Path, database: Path) -> None:
    """Put a database with the views of this generation in the place of ``database``."""
    tree = tree.resolve()
    sql = create_views(read_in(tree), tree)
    run = find_duckdb()
    if database.exists():
        _refuse_foreign(run, database)
    arriving = database.with_name(f".{database.name}.arriving")
    for left in (arriving, _log_of(arriving)):
        left.unlink(missing_ok=True)
    run(arriving, sql, False)
    _put_aside(_log_of(database))
    arriving.replace(database)


def _log_of(database: Path) -> Path:
    return database.with_name(f"{database.name}.wal")


def _put_aside(log: Path) -> None:
    """What a program that was killed left: DuckDB would apply it to the new database, or refuse
    that. It may hold something of a database that was moved, so it is kept."""
    if log.exists():
        log.replace(log.with_name(f"{log.name}.before"))


def _refuse_foreign(run: RunSql, database: Path) -> None:
    """Opening it also tells whether another program is writing: DuckDB locks what it writes."""
    try:
        foreign = run(database, _locks([]) + FOREIGN, True)
    except ViewsError as error:
        if "Could not set lock" not in str(error):
            return  # unreadable here (a newer DuckDB's, or damaged), and made anew from files
        raise ViewsError(
            f"{database.name} is open for writing in another program. Close it there, sync again, "
            "and open it read-only from then on."
        ) from error
    if foreign:
        found = ", ".join(map(shown, foreign))
        raise ViewsError(
            f"{database.name} holds something of yours ({found}), which a rebuild "
            "would remove. Move it to a database of its own in user/duckdb/, then sync again."
        )
