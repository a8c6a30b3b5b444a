"""A private DuckDB for one piece of work, and the quoting that hostile names need."""

from __future__ import annotations

import atexit
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, TypeVar

import duckdb

from .model import Limits

__all__ = ["each", "identifier", "literal", "one_row", "parquet", "session", "worker"]

Item = TypeVar("Item")
Result = TypeVar("Result")


# Databases at rest, by what they may use. Making one takes longer than reading a small table.
_idle: dict[Limits, list[duckdb.DuckDBPyConnection]] = defaultdict(list)


@contextmanager
def session(limits: Limits, work: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """Lend an in-memory database that spills into ``work`` and takes nothing from the network.

    It is exclusive meanwhile, and what is left behind in it is dropped. One that spilled, or
    in which something failed, is not lent again.
    """
    idle, spills = _idle[limits], work / "duckdb"
    try:
        database = idle.pop()
    except IndexError:
        database = _database(limits)
    try:
        database.execute(f"SET temp_directory = {literal(str(spills))}")
        with worker(database) as connection:
            yield connection
        _clear(database)
    except BaseException:
        database.close()
        raise
    if spills.exists():
        database.close()
    else:
        idle.append(database)


@atexit.register
def _close_idle() -> None:
    for idle in _idle.values():
        while idle:
            idle.pop().close()


def _clear(database: duckdb.DuckDBPyConnection) -> None:
    """Drop tables; views of what Python holds went with the connection that made them."""
    for (name,) in database.execute("SELECT table_name FROM duckdb_tables()").fetchall():
        database.execute(f"DROP TABLE {identifier(name)}")


def _database(limits: Limits) -> duckdb.DuckDBPyConnection:
    """The zone is UTC whatever the machine's is: a cast must not depend on where it runs."""
    database = duckdb.connect(
        config={
            "memory_limit": f"{limits.memory_bytes // 2}B",
            "threads": limits.threads,
            "preserve_insertion_order": True,
            # Without threads for I/O: a write that fails, as on a full disk, could wait for them
            # for ever (DuckDB 2.0.0, issue 23885).
            "async_threads": 0,
            "autoinstall_known_extensions": False,
            "enable_external_file_cache": False,
        }
    )
    database.execute("SET GLOBAL TimeZone = 'UTC'")
    # Parquet columns would be REQUIRED in files that happen to hold no NULL, and OPTIONAL in
    # others of the same table: DuckDB asks the statistics that this optimizer gathers.
    database.execute("SET GLOBAL disabled_optimizers = 'statistics_propagation'")
    return database


def one_row(
    connection: duckdb.DuckDBPyConnection, query: str, parameters: list[Any] | None = None
) -> tuple[Any, ...]:
    """Run a query that answers one row, and leave no half-read result on the connection."""
    (row,) = connection.execute(query, parameters).fetchall()
    return tuple(row)


@contextmanager
def worker(connection: duckdb.DuckDBPyConnection) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open a second connection to the same database, for another thread.

    It takes over what is set globally, and of the rest what is set here.
    """
    with connection.cursor() as cursor:
        cursor.execute("SET enable_progress_bar = false")
        yield cursor


def each(
    connection: duckdb.DuckDBPyConnection,
    work: Callable[[Item], Result],
    items: Sequence[Item],
    threads: int,
) -> list[Result]:
    """Do the same to every item, a few at a time; the results are in the order of the items.

    What has too little memory beside others is done again, alone and with one thread: sorts
    that go on side by side share the limit, and none can spill below what it holds at least.
    """

    def first(item: Item) -> Result | None:
        with suppress(duckdb.OutOfMemoryException):
            return work(item)
        return None

    with ThreadPoolExecutor(min(threads, len(items)) or 1) as pool:
        found = list(pool.map(first, items))
    if None not in found:
        return [one for one in found if one is not None]
    connection.execute("SET threads = 1")
    done = [work(item) if one is None else one for item, one in zip(items, found, strict=True)]
    connection.execute(f"SET threads = {threads}")
    return done


def columns_of(connection: duckdb.DuckDBPyConnection, relation: str) -> dict[str, str]:
    """The columns of a relation and their types, in DuckDB's own words."""
    rows = connection.execute(f"DESCRIBE SELECT * FROM {relation}").fetchall()
    return {row[0]: row[1] for row in rows}


def identifier(name: str) -> str:
    """Quote a name for SQL."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """Quote a text for SQL."""
    return "'" + text.replace("'", "''") + "'"


def parquet(paths: list[Path]) -> str:
    """The SQL to read exactly these files, and nothing else.

    A bracket in a path is not a pattern, and a folder called ``region=eu`` not a column.
    """
    names = ("".join(f"[{c}]" if c in "*?[" else c for c in str(path)) for path in paths)
    listed = ", ".join(literal(name) for name in names)
    return f"read_parquet([{listed}], hive_partitioning = false)"


def numbered(paths: list[Path], columns: Iterable[str]) -> str:
    """The SQL to read files that have these columns, by the names that ``inside`` gives them.

    So ``file_row_number`` is where a row stands in its file, even if a column is called so.
    """
    names = (value.partition(".")[2] for value in inside(columns).values())
    return f"{parquet(paths)} AS p({', '.join(names)})"


def inside(columns: Iterable[str]) -> dict[str, str]:
    """Column to the SQL of its value, from what ``numbered`` reads."""
    return {name: f"p.p{at}" for at, name in enumerate(columns)}
