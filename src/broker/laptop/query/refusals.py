"""What is refused, and what to do instead."""

from __future__ import annotations

from ...errors import LaptopError

__all__ = [
    "IS_SETTING",
    "OWN_DATABASE",
    "WHAT_THERE_IS",
    "is_refused_function",
    "is_table_function",
    "refused_count",
    "refused_function",
    "refused_statement",
    "refused_table_function",
]

OWN_DATABASE = (
    "Keep tables of your own in a database of your own in user/duckdb/, and ask that with duckdb "
    "itself."
)
WHAT_THERE_IS = "SHOW TABLES and DESCRIBE TABLE say what there is."
IS_SETTING = "Settings are fixed here: the time zone is UTC; limits are options of this command."
_FILES = "Ask a table by its name: SHOW TABLES lists them."
_OF_STATEMENT = {
    "COPY": "To keep an answer, add --csv or --json and redirect the output to a file.",
    "EXPORT": "To keep an answer, add --csv or --json and redirect the output to a file.",
    "ATTACH": OWN_DATABASE,
    "DETACH": OWN_DATABASE,
    "CREATE": OWN_DATABASE,
    "CREATE_FUNC": OWN_DATABASE,
    "INSERT": OWN_DATABASE,
    "UPDATE": OWN_DATABASE,
    "DELETE": OWN_DATABASE,
    "MERGE_INTO": OWN_DATABASE,
    "DROP": OWN_DATABASE,
    "ALTER": OWN_DATABASE,
    "VACUUM": OWN_DATABASE,
    "TRANSACTION": "Each query sees one generation as a whole; nothing is to begin or commit.",
    "SET": IS_SETTING,
    "VARIABLE_SET": f"{IS_SETTING} A value comes in by --param NAME=VALUE.",
    "PRAGMA": f"{IS_SETTING} {WHAT_THERE_IS}",
    "LOAD": "No extension can be installed or loaded here.",
    "CALL": "Write a SELECT.",
    "PREPARE": "Write the SELECT with $name in it, and give --param NAME=VALUE.",
    "EXECUTE": "Write the SELECT with $name in it, and give --param NAME=VALUE.",
    "MULTI": "PIVOT needs its values: PIVOT table ON column IN ('a', 'b') USING sum(x).",
}
_TABLE_FUNCTIONS = frozenset(
    {
        "generate_series",
        "json_each",
        "json_tree",
        "pg_timezone_names",
        "range",
        "repeat",
        "repeat_row",
        "unnest",
    }
)
# Scalar functions that show or change what is not data: settings, variables, sequences, the log.
_FUNCTIONS = frozenset(
    {
        "add_parquet_key",
        "current_connection_id",
        "current_query",
        "current_query_id",
        "current_setting",
        "currval",
        "getenv",
        "getvariable",
        "json_execute_serialized_sql",
        "nextval",
        "pg_sleep",
        "query",
        "query_table",
        "setval",
        "sleep_ms",
        "write_log",
    }
)


def refused_count(count: int) -> LaptopError:
    """The error for another number of statements than one."""
    return LaptopError(
        "a query is one statement",
        expected="exactly one SELECT or EXPLAIN",
        found=f"{count} statements" if count else "none",
        remedy="Ask one after the other." if count else "Write a SELECT.",
    )


def refused_statement(kind: str, explain: str = "") -> LaptopError:
    """The error for a statement of another kind than SELECT, perhaps behind an EXPLAIN."""
    return LaptopError(
        "the data can be read, and nothing else",
        expected="one SELECT or EXPLAIN of a SELECT",
        found=f"{explain} {kind}".strip(),
        remedy=_OF_STATEMENT.get(kind, "Write a SELECT."),
    )


def is_table_function(name: str) -> bool:
    """Whether a query may have it in FROM."""
    return name.lower() in _TABLE_FUNCTIONS


def refused_table_function(name: str) -> LaptopError:
    """The error for a function in FROM that opens files, or shows what is not data."""
    is_catalog = name.lower().startswith(("duckdb_", "pragma_"))
    return LaptopError(
        "a query reads tables, not files or settings",
        expected=f"a table, or one of {', '.join(sorted(_TABLE_FUNCTIONS))} in FROM",
        found=f"{name}()",
        remedy=WHAT_THERE_IS if is_catalog else _FILES,
    )


def is_refused_function(name: str) -> bool:
    """Whether a query may not call it."""
    return name.lower() in _FUNCTIONS


def refused_function(name: str) -> LaptopError:
    """The error for a function that shows or changes what is not data."""
    return LaptopError(
        "a query computes from data, not from settings or the environment",
        found=f"{name}()",
        remedy=IS_SETTING,
    )
