"""The SQL of a table as of a moment, and of what differs between two. Pure.

DuckDB reads which files a macro opens before it reads a file, so what chooses among them is an
expression of constants: the moment as microseconds, put into the sorted list of the moments at
which the versions were made, has its place right behind the version that is asked.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

from ...tables.session import identifier, literal
from ...view_sql import file_pattern
from .table_pasts import PastVersion, TablePast

__all__ = ["VersionReader", "from_files", "from_views", "macro_names", "macros_of", "macros_of_all"]

# The rows of a version of a table, from a table and the SQL of a moment.
VersionReader = Callable[[TablePast, str], str]

_DAY = "[0-9]{4}-[0-9]{2}-[0-9]{2}"
_MINUTE = "[0-9]{2}:[0-9]{2}"
_CHANGE = "change"


def _place(past: TablePast, moment: str) -> str:
    """A list of one: the place of the version that is asked, from 2 on, or 1 where none is so old.

    A day is its end, and what names no zone is in UTC. Releases of DuckDB differ in how they read a
    time without seconds, and drop the offset where they read a TIMESTAMP: so seconds are put in,
    and a zone where there is none. A list of one gives a value a name.
    """
    text = (
        f"regexp_replace(CAST({moment} AS VARCHAR), '^({_DAY}[T ]{_MINUTE})([^:0-9].*)?$', "
        r"'\1:00\2')"
    )
    zone = (
        f"CASE WHEN regexp_full_match(_text, '{_DAY}') THEN ' 23:59:59.999999+00' "
        "WHEN regexp_matches(_text, ':[0-9.]+ ?([Zz]|[+-][0-9:]+)$') THEN '' ELSE '+00' END"
    )
    instant = f"coalesce(epoch_us(CAST(_text || {zone} AS TIMESTAMPTZ)), 0)"
    made = ", ".join(str(instant) for instant, _ in past.steps)
    return (
        f"[list_position(list_sort(list_append([{made}]::BIGINT[], _after)), _after) "
        f"FOR _after IN [{instant} + 1 FOR _text IN [{text}]]]"
    )


def _chosen(past: TablePast, moment: str, values: Sequence[str]) -> str:
    """One of these values, which are of versions, or the error of a version that is not there."""
    name = past.at_name
    too_old = literal(f"{name}: {past.too_old}")
    problems = [f"{name}: {v.problem}" if v.problem else "" for v in _in_steps(past)]
    problem, is_wrong = too_old, "_place = 1"
    if any(problems):
        problem = f"list_extract([{', '.join([too_old, *map(literal, problems)])}], _place)"
        is_wrong = f"{problem} <> ''"
    by_place = ", ".join([values[0], *(values[at] for _, at in past.steps)])
    return (
        f"list_extract([CASE WHEN {is_wrong} THEN error({problem}) "
        f"ELSE list_extract([{by_place}], _place) END FOR _place IN {_place(past, moment)}], 1)"
    )


def _in_steps(past: TablePast) -> Iterator[PastVersion]:
    yield from (past.versions[at] for _, at in past.steps)


def from_files(past: TablePast, moment: str) -> str:
    """Reads exactly the files of the version, each from the newest folder that has it."""
    files = [set(one.files) for one in past.versions if one.files]
    if not files:
        typed = (f"CAST(NULL AS {kind}) AS {identifier(n)}" for n, kind in past.columns.items())
        never = _chosen(past, moment, ["false"] * len(past.versions))
        return f"SELECT {', '.join(typed)} WHERE CAST({never} AS BOOLEAN)"
    # Files of all versions are named once.
    shared = set.intersection(*files)
    stand_in = next(one.files for one in past.versions if one.files)
    own = [
        "[]" if one.problem else _list(set(one.files or stand_in) - shared) for one in past.versions
    ]
    chosen = _chosen(past, moment, own)
    query = (
        f"SELECT * FROM read_parquet(list_concat({_list(shared)}, {chosen}), "
        "hive_partitioning = false)"
    )
    if all(one.files for one in past.versions if not one.problem):
        return query
    # DuckDB reads no empty list: a version without rows has the files of another, and no row.
    full = ["true" if one.files else "false" for one in past.versions]
    return f"{query} WHERE {_chosen(past, moment, full)}"


def _list(paths: set[str]) -> str:
    listed = ", ".join(literal(file_pattern(path)) for path in sorted(paths))
    return f"[{listed}]::VARCHAR[]"


def from_views(names: Mapping[int, str]) -> Callable[[TablePast, str], str]:
    """Reads views instead of files: ``names`` leads from the place of a version to its view."""

    def read(past: TablePast, moment: str) -> str:
        views = [literal(names.get(at, "")) for at, _ in enumerate(past.versions)]
        return f"SELECT * FROM query_table({_chosen(past, moment, views)})"

    return read


def _difference(past: TablePast, read: VersionReader) -> str:
    """The rows that differ, in columns that hold the values of all versions."""
    columns, drifting = past.columns, past.drifting
    side = identifier(_free("_is_new", columns))
    # Names in the order of the newest version, and types where versions differ in them.
    first = [f"CAST(NULL AS BOOLEAN) AS {side}"]
    first += [
        f"{f'CAST(NULL AS {kind})' if name in drifting else 'NULL'} AS {identifier(name)}"
        for name, kind in columns.items()
    ]
    sides = (
        f"u AS (SELECT {', '.join(first)} WHERE false "
        f"UNION ALL BY NAME SELECT false AS {side}, * FROM ({read(past, 'from_moment')}) "
        f"UNION ALL BY NAME SELECT true AS {side}, * FROM ({read(past, 'to_moment')})), "
        f"o AS (SELECT * EXCLUDE ({side}) FROM u WHERE NOT {side}), "
        f"n AS (SELECT * EXCLUDE ({side}) FROM u WHERE {side})"
    )
    return f"WITH {sides} {_by_key(past) if past.key else _as_a_whole(past)}"


def _by_key(past: TablePast) -> str:
    # Rows of the new version that are not so in the old one, but whose keys are, have changed.
    row, key = _row(past), ", ".join(map(identifier, past.key))
    return (
        f"SELECT 'changed' AS {_CHANGE}, {row} FROM (FROM n EXCEPT ALL FROM o) AS x "
        f"SEMI JOIN o USING ({key}) UNION ALL "
        f"SELECT 'added', {row} FROM n AS x ANTI JOIN o USING ({key}) UNION ALL "
        f"SELECT 'removed', {row} FROM o AS x ANTI JOIN n USING ({key})"
    )


def _as_a_whole(past: TablePast) -> str:
    return (
        f"SELECT 'added' AS {_CHANGE}, {_row(past)} FROM (FROM n EXCEPT ALL FROM o) AS x UNION ALL "
        f"SELECT 'removed', {_row(past)} FROM (FROM o EXCEPT ALL FROM n) AS x"
    )


def _row(past: TablePast) -> str:
    """All columns; one that is called as ours gets another name."""
    own = [name for name in past.columns if name.lower() == _CHANGE]
    if not own:
        return "x.*"
    name = identifier(own[0])
    return f"x.* EXCLUDE ({name}), x.{name} AS {identifier(_free('_change', past.columns))}"


def _free(name: str, columns: Mapping[str, str]) -> str:
    taken = {other.lower() for other in columns}
    while name in taken:
        name = f"_{name}"
    return name


def macros_of(past: TablePast, read: VersionReader) -> dict[str, str]:
    """The SQL that makes each macro, by its name."""
    at, diff = past.at_name, past.diff_name
    return {
        at: f"CREATE MACRO {identifier(at)}(moment) AS TABLE {read(past, 'moment')};",
        diff: f"CREATE MACRO {identifier(diff)}(from_moment, to_moment) AS TABLE "
        f"{_difference(past, read)};",
    }


def macro_names(pasts: Sequence[TablePast], views: Sequence[str]) -> dict[str, TablePast]:
    """Which table each macro is of, by its name in lower case.

    A table of that name wins, and so does the macro of a table that comes before.
    """
    taken, found = {view.lower() for view in views}, dict[str, TablePast]()
    for past in pasts:
        for name in (past.at_name.lower(), past.diff_name.lower()):
            if name not in taken:
                found.setdefault(name, past)
    return found


def macros_of_all(pasts: Sequence[TablePast], views: Sequence[str]) -> list[str]:
    """The SQL of the macros of all tables, for a database with these views."""
    owners = macro_names(pasts, views)
    return [
        sql
        for past in pasts
        for name, sql in macros_of(past.merged, from_files).items()
        if owners.get(name.lower()) is past
    ]
