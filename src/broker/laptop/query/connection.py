"""A DuckDB in memory that can open the files it is given and nothing else, for one query."""

from __future__ import annotations

import os
import secrets
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

from ...tables.session import literal
from .bounds import memory_bound, time_bound
from .limits import QueryLimits

__all__ = ["SPILL", "locked"]

SPILL = "broker-query-"

_BEFORE = """\
SET TimeZone = 'UTC';
SET python_enable_replacements = false;
SET autoinstall_known_extensions = false;
SET autoload_known_extensions = false;
SET allow_community_extensions = false;
SET allow_persistent_secrets = false;
SET memory_limit = '{memory} B';
SET max_temp_directory_size = '{temporary} B';
SET temp_directory = {spill};
"""
# In this order: paths can be allowed only before, and nothing can be changed after the lock.
_AFTER = """\
SET allowed_paths = [{paths}];
SET enable_external_access = false;
SET lock_configuration = true;
"""


@contextmanager
def locked(
    limits: QueryLimits, state: Path, *, paths: Iterable[str] = (), setup: Iterable[str] = ()
) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection that ``setup`` was run on and that is locked down then, within its limits.

    What does not fit into memory goes to a folder below ``state``, or below the system's for
    temporary files where this process may not write there. It is gone afterwards.
    """
    above = state if os.access(state, os.W_OK) else Path(tempfile.gettempdir())
    spill = above / f"{SPILL}{os.getpid()}-{secrets.token_hex(4)}"
    try:
        with (
            duckdb.connect() as connection,
            memory_bound(limits.memory_bytes),
            time_bound(connection, limits.seconds, spill),
        ):
            connection.execute(
                _BEFORE.format(
                    memory=limits.memory_bytes,
                    temporary=limits.temporary_bytes,
                    spill=literal(str(spill)),
                )
            )
            if limits.threads is not None:
                connection.execute(f"SET threads = {limits.threads}")
            for statement in setup:
                connection.execute(statement)
            allowed = ", ".join(map(literal, sorted(paths)))
            connection.execute(_AFTER.format(paths=allowed))
            yield connection
    finally:
        shutil.rmtree(spill, ignore_errors=True)
