"""DuckDB, as the ``duckdb`` module or else as the ``duckdb`` command."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from typing import Callable  # noqa: UP035  evaluated below, where Python 3.9 needs it

__all__ = ["RunSql", "ViewsError", "find_duckdb"]

# Without the person's ~/.duckdbrc, which may print, or put something into the database.
PLAIN = ("-init", os.devnull, "-batch", "-bail", "-noheader", "-list")
RunSql = Callable[[Path, str, bool], "list[str]"]
"""(database, SQL, read_only) to the first column of what the last statement answers."""


class ViewsError(Exception):
    """The views cannot be rebuilt; the text says what to do."""


def find_duckdb() -> RunSql:
    """Whichever is there; raises ``ViewsError`` where none is."""
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
        raise _explained(str(error)) from error


def _run_command(database: Path, sql: str, read_only: bool) -> list[str]:
    options = ["-readonly"] if read_only else []
    answer = subprocess.run(
        ["duckdb", *PLAIN, *options, str(database)],
        input=sql,
        capture_output=True,
        text=True,
        check=False,
    )
    if answer.returncode != 0:
        raise _explained(answer.stderr.strip())
    return answer.stdout.splitlines()


def _explained(message: str) -> ViewsError:
    if "allowed_paths" in message:
        return ViewsError(
            "this DuckDB cannot be kept from other files; version 1.2 or later can. Update it "
            "(`python3 -m pip install --upgrade duckdb`, or from duckdb.org) and sync again."
        )
    return ViewsError(message)
