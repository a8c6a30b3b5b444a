"""The process in which metrics are run: ``python -m broker.metrics.computing``.

Its parent ends it where DuckDB looks for no interrupt. It can open the files that it is given and
nothing else. Reads one JSON object from its input, writes a line of JSON for each metric.
"""

from __future__ import annotations

import json
import secrets
import sys
from collections.abc import Mapping, Sequence
from threading import Timer
from typing import Any

import duckdb

from ..tables.session import identifier, literal
from .results import MOST_COLUMNS, MOST_ROWS

__all__ = ["main"]

_LONGEST = 200  # characters of a value
_SETTINGS = """\
SET TimeZone = 'UTC';
SET python_enable_replacements = false;
SET autoinstall_known_extensions = false;
SET autoload_known_extensions = false;
SET allow_community_extensions = false;
SET allow_persistent_secrets = false;
SET enable_progress_bar = false;
SET memory_limit = '{memory} B';
SET threads = {threads};
SET temp_directory = {work};
SET max_temp_directory_size = '{temporary} B';
SET allowed_paths = [{paths}];
SET enable_external_access = false;
SET lock_configuration = true;
"""


def main() -> None:
    """Run the metrics of the request one after the other."""
    request = json.load(sys.stdin)
    _bound_memory(request["process_memory"])
    with duckdb.connect() as connection:
        connection.execute(
            _SETTINGS.format(
                memory=request["memory"],
                temporary=request["memory"] * 4,
                threads=request["threads"],
                work=literal(request["work"]),
                paths=", ".join(map(literal, request["paths"])),
            )
        )
        for one in request["metrics"]:
            sys.stdout.write(json.dumps(_answer(connection, one, request["seconds"])) + "\n")
            sys.stdout.flush()


def _bound_memory(most: int) -> None:
    """DuckDB counts tables and states of operators, but not texts on their way through a query."""
    if sys.platform == "win32":
        return
    import resource  # noqa: PLC0415  Windows has no such module

    _, hard = resource.getrlimit(resource.RLIMIT_DATA)
    if hard != resource.RLIM_INFINITY:
        most = min(most, hard)
    resource.setrlimit(resource.RLIMIT_DATA, (most, hard))


def _answer(
    connection: duckdb.DuckDBPyConnection, metric: Mapping[str, Any], seconds: float
) -> dict[str, Any]:
    """Its rows, or the kind of error: the text of one may show values of rows."""
    timer = Timer(seconds, connection.interrupt)
    timer.daemon = True
    timer.start()
    try:
        for name, query in metric["views"].items():
            connection.execute(f"CREATE VIEW {identifier(name)} AS {query}")
        found = connection.execute(_query(metric)).fetchall()
        return {"time": found[0][-1] if found else None, "rows": [row[:-1] for row in found]}
    except duckdb.InterruptException:
        return {"error": "timeout"}
    except (duckdb.OutOfMemoryException, MemoryError):
        return {"error": "memory"}
    except duckdb.Error as error:
        return {"error": type(error).__name__}
    finally:
        timer.cancel()
        for name in metric["views"]:
            connection.execute(f"DROP VIEW IF EXISTS {identifier(name)}")


def _query(metric: Mapping[str, Any]) -> str:
    """The first rows as text; with a time column, of the last time alone, which is the last text.

    Columns are renamed, as two of a result may have one name.
    """
    names: Sequence[str] = [f"c{at}" for at in range(metric["columns"])]
    time: int | None = metric["time"]
    shown = list(names[: MOST_COLUMNS + 1])
    values = [f"left({name}::VARCHAR, {_LONGEST})" for name in shown]
    values.append("NULL" if time is None else f"c{time}::VARCHAR")
    result = f"m{secrets.token_hex(8)}"  # which is not a table's
    # SQL of the operator's, which was bound before and can open nothing but the tables.
    rows = f"WITH {result}({', '.join(names)}) AS MATERIALIZED (\n{metric['sql']}\n)"
    query = f"{rows} SELECT {', '.join(values)} FROM {result}"  # noqa: S608
    if time is not None:
        query += f" WHERE c{time} = (SELECT max(c{time}) FROM {result})"  # noqa: S608
    return f"{query} LIMIT {MOST_ROWS + 1}"


if __name__ == "__main__":
    main()
