"""One DuckDB view per table of a generation, in a database that holds nothing else.

Standard library only, Python 3.9 or later; works with the ``duckdb`` module or else with the
``duckdb`` command. The views name the exact files of one generation, so whoever opens the
database reads one moment of all tables, also while the next generation is arriving.

views.py TREE DATABASE
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any, Callable  # noqa: UP035  evaluated below, where Python 3.9 needs it

__all__ = ["ViewsError", "create_views", "rebuild"]

FOREIGN = """
SELECT table_name AS name FROM duckdb_tables() WHERE NOT internal
UNION ALL
SELECT view_name FROM duckdb_views() WHERE NOT internal
    AND NOT contains(sql, 'read_parquet(') AND NOT contains(sql, 'CAST(NULL AS')
ORDER BY name
"""

Run = Callable[[Path, str, bool], "list[str]"]
"""(database, SQL, read_only) to the first column of what the last statement answers."""


class ViewsError(Exception):
    """The views cannot be rebuilt; the text says what to do."""


def create_views(manifest: dict[str, Any], tree: Path) -> str:
    """The SQL. ``tree`` is the absolute path of the generation's folder."""
    names = [table["name"] for table in manifest["tables"]]
    statements = ["SET TimeZone = 'UTC';"]
    for table in manifest["tables"]:
        is_shared = names.count(table["name"]) > 1
        name = _quoted(table["path"].replace("/", "_") if is_shared else table["name"])
        query = _files_query(table, tree) if table["files"] else _empty_query(table)
        if query is None:
            continue
        statements.append(f"CREATE VIEW {name} AS {query};")
        if table.get("description"):
            statements.append(f"COMMENT ON VIEW {name} IS {_text(table['description'])};")
    return "\n".join(statements) + "\n"


def _files_query(table: dict[str, Any], tree: Path) -> str:
    """Each file by its name: in brackets, what DuckDB would take for a pattern is itself."""
    paths = sorted(str(tree / file["path"]) for file in table["files"])
    names = ("".join(f"[{c}]" if c in "*?[" else c for c in path) for path in paths)
    listed = ", ".join(_text(name) for name in names)
    return f"FROM read_parquet([{listed}], hive_partitioning = false)"


def _empty_query(table: dict[str, Any]) -> str | None:
    columns = table["schema"]["columns"]
    if not columns:
        return None
    typed = (f"CAST(NULL AS {column['type']}) AS {_quoted(column['name'])}" for column in columns)
    return f"SELECT {', '.join(typed)} WHERE false"


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"


def rebuild(tree: Path, database: Path) -> None:
    """Put a database with the views of this generation in the place of ``database``."""
    tree = tree.resolve()
    sql = create_views(json.loads((tree / "manifest.json").read_bytes()), tree)
    run = _runner()
    if database.exists():
        _refuse_foreign(run, database)
    arriving = database.with_name(f".{database.name}.arriving")
    arriving.unlink(missing_ok=True)
    run(arriving, sql, False)
    arriving.replace(database)


def _refuse_foreign(run: Run, database: Path) -> None:
    """Opening it also tells whether another program is writing: DuckDB locks what it writes."""
    try:
        foreign = run(database, FOREIGN, True)
    except ViewsError as error:
        if "lock" not in str(error):
            return  # unreadable here (a newer DuckDB's, or damaged), and made anew from files
        raise ViewsError(
            f"{database.name} is open for writing in another program. Close it there, sync again, "
            "and open it read-only from then on."
        ) from error
    if foreign:
        raise ViewsError(
            f"{database.name} holds something of yours ({', '.join(foreign)}), which a rebuild "
            "would remove. Move it to a database of its own in user/duckdb/, then sync again."
        )


def _runner() -> Run:
    try:
        import duckdb  # noqa: F401, PLC0415  either this or the command may be there
    except ImportError:
        if shutil.which("duckdb") is None:
            raise ViewsError(
                "DuckDB is missing. Install it (`python3 -m pip install duckdb`, or from "
                "duckdb.org) and sync again."
            ) from None
        return _run_command
    return _run_module


def _run_module(database: Path, sql: str, read_only: bool) -> list[str]:
    import duckdb  # noqa: PLC0415  see above

    try:
        with duckdb.connect(str(database), read_only=read_only) as connection:
            return [str(row[0]) for row in connection.execute(sql).fetchall()]
    except duckdb.Error as error:
        raise ViewsError(str(error)) from error


def _run_command(database: Path, sql: str, read_only: bool) -> list[str]:
    options = ["-readonly"] if read_only else []
    answer = subprocess.run(
        ["duckdb", "-batch", "-bail", "-noheader", "-list", *options, str(database)],
        input=sql,
        capture_output=True,
        text=True,
        check=False,
    )
    if answer.returncode != 0:
        raise ViewsError(answer.stderr.strip())
    return answer.stdout.splitlines()


if __name__ == "__main__":
    try:
        rebuild(*map(Path, sys.argv[1:]))
    except (OSError, ValueError, ViewsError) as error:
        sys.exit(f"sync_data: {error}")
