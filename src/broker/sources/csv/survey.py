"""What the rows of a table say of it: types, key, a partition. Reads the whole table once."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import fields, replace
from itertools import combinations
from math import prod
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import duckdb
import pyarrow as pa

from ...tables.inference import Guess, guess
from ...tables.model import Limits
from ...tables.rows import End
from ...tables.session import identifier, literal, one_row, session
from ..contract import TableRequest, Window
from ..draft import Draft
from .dialect import Dialect
from .sniff import sniff
from .source import CsvSource

__all__ = ["survey"]

# Words that programs write for a missing value. A person has to confirm that they mean it:
# NA is also Namibia.
_NULL_WORDS = ("NA", "N/A", "NULL", "null", "None", "\\N", "NaN", "nan", "#N/A", "-")
_LARGE = 1_000_000  # rows from which partitions pay
_MOST_CHECKS = 20
_KEY_NAME = re.compile(r".*(_id|_key|_code|_uuid|_guid|_no|_nr|_number)|id|key|code|uuid")
_KEY_TYPES = ("BIGINT", "VARCHAR", "DATE", "TIMESTAMP", "TIMESTAMPTZ")
_TIMES = ("DATE", "TIMESTAMP", "TIMESTAMPTZ")


def survey(source: CsvSource, found: TableRequest) -> Draft:
    """A draft of one table. Raises ``SourceError`` when it cannot be read."""
    dialect = sniff(source.files(found))
    request = replace(found, options={**found.options, **_declared(dialect)})
    with _loaded(source, request) as (connection, names, remarks):
        rows = one_row(connection, "SELECT count(*) FROM t")[0]
        columns = _Columns(connection, names)
        partition_by = columns.time() if rows >= _LARGE else None
        return Draft(
            found.id,
            types=columns.types,
            file=found.options.get("file"),
            primary_key=_key(connection, columns, found.id, rows),
            partition_by=partition_by,
            partition_granularity="month" if partition_by else None,
            csv=_declared(dialect),
            null_values=columns.null_words,
            remarks=(f"{rows:,} rows.", *remarks, *_doubts(dialect, columns)),
        )


def _declared(dialect: Dialect) -> dict[str, Any]:
    """What of a dialect is not the default, as ``csv:`` says it."""
    default = Dialect()
    pairs = {item.name: getattr(dialect, item.name) for item in fields(Dialect)}
    said = {key: value for key, value in pairs.items() if value != getattr(default, key)}
    return {key: list(value) if isinstance(value, tuple) else value for key, value in said.items()}


@contextmanager
def _loaded(
    source: CsvSource, request: TableRequest
) -> Iterator[tuple[duckdb.DuckDBPyConnection, tuple[str, ...], list[str]]]:
    """The table as ``t`` of a database of its own, that spills to disk."""
    reading = source.read(request, Window())
    with TemporaryDirectory() as work, session(Limits(), Path(work)) as connection:
        rows = pa.RecordBatchReader.from_batches(reading.schema, reading.batches())
        connection.register("rows", rows)
        connection.execute("CREATE TABLE t AS SELECT * FROM rows")
        yield connection, tuple(reading.schema.names), list(_remarks(reading.end()))


def _remarks(end: End) -> Iterator[str]:
    if end.rejects:
        first, count = end.rejects[0], len(end.rejects)
        verb = "row does" if count == 1 else "rows do"
        yield f"{count:,} {verb} not fit: line {first.line}, for one, {first.reason}."


class _Columns:
    """Types of columns, with the words that stand for NULL in a column that is no text."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, names: Sequence[str]) -> None:
        self.names = names
        self.expressions = {name: identifier(name) for name in names}
        guesses = self._guessed(connection, names)
        words: set[str] = set()
        texts = [name for name in names if guesses[name].kind == "VARCHAR"]
        for name, (found, cleaned) in self._without_words(connection, texts).items():
            if cleaned.kind not in (None, "VARCHAR"):
                guesses[name] = cleaned
                words.update(found)
                self.expressions[name] = _cleaned(name)
        self.types = {name: guesses[name].type for name in names}
        self.null_words = tuple(word for word in _NULL_WORDS if word in words)

    def time(self) -> str | None:
        """The column that best says when a row came to be."""
        times = [name for name in self.names if self.types[name] in _TIMES]
        likely = [name for name in times if re.search("creat|order|event|date|_at$|_on$", name)]
        return next(iter(likely or times), None)

    def _guessed(
        self, connection: duckdb.DuckDBPyConnection, names: Sequence[str]
    ) -> dict[str, Guess]:
        found = guess(connection, "t", [self.expressions[name] for name in names])
        return {name: found[self.expressions[name]] for name in names}

    def _without_words(
        self, connection: duckdb.DuckDBPyConnection, names: Sequence[str]
    ) -> dict[str, tuple[list[str], Guess]]:
        if not names:
            return {}
        cleaned = guess(connection, "t", [_cleaned(name) for name in names])
        return {name: (_words(connection, name), cleaned[_cleaned(name)]) for name in names}


def _cleaned(name: str) -> str:
    words = ", ".join(literal(word) for word in _NULL_WORDS)
    column = identifier(name)
    return f"(CASE WHEN {column} NOT IN ({words}) THEN {column} END)"


def _words(connection: duckdb.DuckDBPyConnection, name: str) -> list[str]:
    rows = connection.table("t").project(identifier(name)).distinct().fetchall()
    return [row[0] for row in rows if row[0] in _NULL_WORDS]


def _key(
    connection: duckdb.DuckDBPyConnection, columns: _Columns, table_id: str, rows: int
) -> tuple[str, ...]:
    """The smallest unique column without NULL, or pair of them, names like ``id`` first."""
    if not rows:
        return ()
    distinct = _distinct(connection, columns, rows)
    ranked = sorted(distinct, key=lambda name: _rank(name, columns.types[name], table_id))
    for candidate in _candidates(ranked, distinct, rows)[:_MOST_CHECKS]:
        values = ", ".join(columns.expressions[name] for name in candidate)
        unique = connection.table("t").project(values).distinct().count("*").fetchall()
        if unique[0][0] == rows:
            return candidate
    return ()


def _distinct(
    connection: duckdb.DuckDBPyConnection, columns: _Columns, rows: int
) -> dict[str, int]:
    """About how many values the columns have that could be in a key: never NULL, not too long."""
    able = [name for name in columns.names if columns.types[name] in _KEY_TYPES]
    measures = [
        f"count({text}), approx_count_distinct({text}), max(length({text}))"
        for text in (columns.expressions[name] for name in able)
    ]
    query = f"SELECT {', '.join(measures)} FROM t"  # noqa: S608 - identifiers are quoted
    values = one_row(connection, query) if able else ()
    facts = zip(able, values[::3], values[1::3], values[2::3], strict=True)
    return {name: about for name, count, about, longest in facts if count == rows and longest < 100}


def _candidates(
    ranked: Sequence[str], distinct: dict[str, int], rows: int
) -> list[tuple[str, ...]]:
    """Single columns, then pairs, whose values may be enough; the estimate errs by some percent."""
    sets = [*combinations(ranked, 1), *combinations(ranked, 2)]
    return [one for one in sets if prod(distinct[name] for name in one) >= rows * 0.8]


def _rank(name: str, type_: str, table_id: str) -> tuple[int, int]:
    """How much a name looks like that of a key: lower is more."""
    lower, table = name.lower(), table_id.rpartition(".")[2].lower()
    own = {"id", f"{table}_id", f"{table.removesuffix('s')}_id"}
    likeness = 0 if lower in own else 1 if _KEY_NAME.fullmatch(lower) else 2
    return likeness, int(type_ in _TIMES)


def _doubts(dialect: Dialect, columns: _Columns) -> Iterator[str]:
    if dialect.encoding in ("cp1252", "iso8859-1"):
        yield "The encoding is a guess: look at letters with accents."
    if columns.null_words:
        words = ", ".join(columns.null_words)
        yield f"Without quotes, {words} is taken for NULL in every column: make sure of that."
