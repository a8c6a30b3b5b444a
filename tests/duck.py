"""One DuckDB for what tests read back: making one takes longer than reading a small table."""

from __future__ import annotations

import atexit
from functools import cache

import duckdb

__all__ = ["reader"]


def reader() -> duckdb.DuckDBPyConnection:
    """A connection in UTC, to be closed; it finds no table, and keeps nothing of a file."""
    return _database().cursor()


@cache
def _database() -> duckdb.DuckDBPyConnection:
    database = duckdb.connect(config={"enable_external_file_cache": False})
    database.execute("SET GLOBAL TimeZone = 'UTC'")
    atexit.register(database.close)
    return database
