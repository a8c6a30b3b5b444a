"""How to ask a table from a laptop: in SQL, in Python, and through an agent. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from shlex import quote

from ...catalog.model import CatalogMetric, CatalogTable
from ...foreign.text import is_plain

__all__ = ["Queries", "metric_queries", "table_queries"]

_SHOWN_COLUMNS = 5
_DAYS = 30
_PROGRAM = "bash server/scripts/broker.sh"


@dataclass(frozen=True, slots=True)
class Queries:
    """Texts to copy. ``shell`` asks by the program of a laptop, ``python`` by DuckDB's package."""

    sql: str
    shell: str
    python: str
    agent: str


def table_queries(table: CatalogTable) -> Queries | None:
    """None where a name in them would not show what it is."""
    columns = [column.name for column in table.columns[:_SHOWN_COLUMNS]]
    if not all(map(is_plain, [*columns, table.view, table.path])):
        return None
    names = map(_identifier, columns)
    where = ""
    if table.partitioning:
        column = _identifier(table.partitioning.column)
        where = f"\nWHERE {column} >= current_date - INTERVAL {_DAYS} DAY"
    # Text for a reader, which nothing here runs.
    sql = f"SELECT {', '.join(names) or '*'}\nFROM {_identifier(table.view)}{where}\nLIMIT 10"
    page = f"server/docs/tables/{table.path}.markdown"
    agent = f"The table {table.view} is described in {page}; `{_PROGRAM} sql` asks it."
    return _queries(sql, f"{_PROGRAM} sql {quote(sql.replace(chr(10), ' '))}", agent)


def metric_queries(metric: CatalogMetric) -> Queries | None:
    """The same of a metric, which the program knows by its name."""
    agent = f"The metric {metric.name} is defined; `{_PROGRAM} metric {metric.name}` answers it."
    return _queries(metric.sql, f"{_PROGRAM} metric {metric.name}", agent)


def _queries(sql: str, shell: str, agent: str) -> Queries | None:
    if not all(is_plain(line) for line in [*sql.splitlines(), shell, agent]):
        return None
    python = (
        "import duckdb\n\n"
        'with duckdb.connect("user/duckdb/analytics.duckdb", read_only=True) as connection:\n'
        "    connection.execute(\"SET TimeZone = 'UTC'\")\n"
        f"    connection.sql({_python_text(sql)}).show()"
    )
    return Queries(sql, shell, python, agent)


def _python_text(sql: str) -> str:
    """As a literal of several lines where nothing in it can end it, else as Python writes it."""
    if "\\" in sql or '"""' in sql or sql.endswith('"'):
        return repr(sql)
    return f'"""\n{sql}\n"""'


def _identifier(name: str) -> str:
    """Quote a name for SQL; the engine's own does the same, and would load DuckDB."""
    return '"' + name.replace('"', '""') + '"'
