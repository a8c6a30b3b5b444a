"""What the rows of a table say of it: types, key, a partition. Reads the whole table once."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import combinations
from math import prod
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from ...foreign.text import shown
from ...tables.model import Limits
from ...tables.rows import End
from ...tables.session import identifier, literal, one_row, session
from ...tables.values.inference import NOTHING, Guess, guess, join
from ...tables.values.text import fits
from ..contract import TableRequest, Window
from ..delimited.format_proposal import FORMATS, fitting, unlike
from ..delimited.proposal import Proposal, inline_yaml
from ..delimited.reading import DelimitedReading
from ..delimited.sniff import sniff
from ..draft import Draft
from .source import CsvSource

__all__ = ["survey"]

# Words that programs write for a missing value. A person has to confirm that they mean it:
# NA is also Namibia.
_NULL_WORDS = ("NA", "N/A", "NULL", "null", "None", "\\N", "NaN", "nan", "#N/A", "-")
_FEW = 1_000  # values
_LARGE = 1_000_000  # rows from which partitions pay
_MOST_CHECKS = 20
_KEY_NAME = re.compile(r".*(_id|_key|_code|_uuid|_guid|_no|_nr|_number)|id|key|code|uuid")
_KEY_TYPES = ("BIGINT", "VARCHAR", "DATE", "TIMESTAMP", "TIMESTAMPTZ")
_TIMES = ("DATE", "TIMESTAMP", "TIMESTAMPTZ")


def survey(source: CsvSource, found: TableRequest) -> Draft:
    """A draft of one table. Raises ``SourceError`` when it cannot be read."""
    files = source.files(found)
    proposal = sniff(files.inputs, files.find()[0])
    with TemporaryDirectory() as work, session(Limits(), Path(work)) as connection:
        reading, columns = _read(connection, source, found, proposal.declared)
        formats = {name: ways[0] for name, ways in columns.formats.items() if len(ways) == 1}
        if formats:
            declared = {**proposal.declared, "formats": formats}
            proposal = replace(proposal, declared=declared)
            ambiguous = columns.formats
            reading, columns = _read(connection, source, found, declared)
            columns.formats = ambiguous
        end = reading.end()
        partition_by = columns.time() if end.rows >= _LARGE else None
        return Draft(
            found.id,
            types=columns.types,
            file=found.options.get("file"),
            primary_key=_key(connection, columns, found.id, end.rows),
            partition_by=partition_by,
            partition_granularity="month" if partition_by else None,
            csv=proposal.declared,
            null_values=columns.null_words,
            remarks=tuple(_remarks(end, proposal, columns)),
        )


def _read(
    connection: duckdb.DuckDBPyConnection,
    source: CsvSource,
    found: TableRequest,
    declared: Mapping[str, Any],
) -> tuple[DelimitedReading, _Columns]:
    request = replace(found, options={**found.options, **declared})
    reading = source.read(request, Window())
    return reading, _loaded(connection, reading)


def _loaded(connection: duckdb.DuckDBPyConnection, reading: DelimitedReading) -> _Columns:
    """Copy the rows into ``t``, and find the types on the way."""
    guesses = dict.fromkeys(reading.schema.names, (NOTHING, NOTHING))
    words: dict[str, set[str]] = {name: set() for name in reading.schema.names}
    connection.register("rows", reading.schema.empty_table())
    connection.execute("CREATE OR REPLACE TABLE t AS FROM rows")
    for batch in reading.batches():
        chunk = pa.Table.from_batches([batch])
        connection.register("chunk", chunk)
        connection.execute("INSERT INTO t FROM chunk")
        for name, seen in guesses.items():
            found = _words(chunk[name])
            words[name] |= found
            as_is = _guessed(connection, identifier(name), chunk[name])
            cleaned = _guessed_without(connection, name, chunk[name]) if found else as_is
            guesses[name] = join(seen[0], as_is), join(seen[1], cleaned)
    columns = _Columns(guesses, words)
    columns.settle(connection)
    for name, type_ in columns.types.items():
        if type_ == "VARCHAR":
            columns.formats[name] = _formats(connection, identifier(name))
    return columns


def _formats(connection: duckdb.DuckDBPyConnection, column: str) -> Sequence[Mapping[str, Any]]:
    """Ways to read a column of text of ``t``. Most do not fit its first values."""
    values = connection.table("t").project(column).filter(f"{column} IS NOT NULL")
    formats: Sequence[Mapping[str, Any]] = FORMATS
    for texts in (values.limit(_FEW), values):
        found = _without_words(texts.to_arrow_table().column(0))
        formats = fitting(found, formats)
        if not formats:
            return ()
    return unlike(found, formats)


class _Columns:
    """Types of columns; in one that is not text, words may stand for NULL.

    ``formats`` are ways to read columns of text, by column: where there are several, they differ.
    """

    def __init__(
        self, guesses: Mapping[str, tuple[Guess, Guess]], words: Mapping[str, set[str]]
    ) -> None:
        """``guesses`` of each column as it is, and without ``words``."""
        self.types: dict[str, str] = {}
        self.formats: dict[str, Sequence[Mapping[str, Any]]] = {}
        self.expressions: dict[str, str] = {}
        replaced: set[str] = set()
        for name, (as_is, cleaned) in guesses.items():
            is_cleaned = as_is.kind == "VARCHAR" and cleaned.kind not in (None, "VARCHAR")
            self.types[name] = cleaned.type if is_cleaned else as_is.type
            self.expressions[name] = _cleaned(name) if is_cleaned else identifier(name)
            replaced |= words[name] if is_cleaned else set()
        self.null_words = tuple(word for word in _NULL_WORDS if word in replaced)

    def settle(self, connection: duckdb.DuckDBPyConnection) -> None:
        """Make text of numbers that a DOUBLE would not hold."""
        doubles = [name for name, type_ in self.types.items() if type_ == "DOUBLE"]
        if not doubles:
            return
        exact = (fits(self.expressions[name], "DOUBLE", strict=True) for name in doubles)
        query = f"SELECT {', '.join(f'bool_and({one})' for one in exact)} FROM t"  # noqa: S608 - identifiers are quoted
        lossy = zip(doubles, one_row(connection, query), strict=True)
        self.types.update({name: "VARCHAR" for name, is_exact in lossy if not is_exact})

    def time(self) -> str | None:
        """The column that best says when a row came to be."""
        times = [name for name, type_ in self.types.items() if type_ in _TIMES]
        likely = [name for name in times if re.search("creat|order|event|date|_at$|_on$", name)]
        return next(iter(likely or times), None)


def _guessed(
    connection: duckdb.DuckDBPyConnection, expression: str, values: pa.ChunkedArray
) -> Guess:
    return guess(connection, "chunk", {expression: values})[expression]


def _guessed_without(
    connection: duckdb.DuckDBPyConnection, name: str, values: pa.ChunkedArray
) -> Guess:
    return _guessed(connection, _cleaned(name), _without_words(values))


def _without_words(values: pa.ChunkedArray) -> pa.ChunkedArray:
    return pc.if_else(pc.is_in(values, pa.array(_NULL_WORDS)), None, values)


def _words(values: pa.ChunkedArray) -> set[str]:
    words = values.filter(pc.is_in(values, pa.array(_NULL_WORDS)))
    return set(words.unique().to_pylist())


def _cleaned(name: str) -> str:
    words = ", ".join(literal(word) for word in _NULL_WORDS)
    column = identifier(name)
    return f"(CASE WHEN {column} NOT IN ({words}) THEN {column} END)"


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
    able = [name for name, type_ in columns.types.items() if type_ in _KEY_TYPES]
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


def _remarks(end: End, proposal: Proposal, columns: _Columns) -> Iterator[str]:
    yield f"{end.rows:,} rows."
    if proposal.declared:
        yield f"How the file is written is a guess: {proposal.evidence}."
    if proposal.doubt:
        yield proposal.doubt
    if end.rejects:
        first, count = end.rejects[0], len(end.rejects)
        verb = "row does" if count == 1 else "rows do"
        yield f"{count:,} {verb} not fit: line {first.line}, for one, {first.reason}."
    for name, ways in columns.formats.items():
        if len(ways) == 1:
            yield f"How {shown(name)} is written is a guess: its format reads every value."
        elif ways:
            choices = " or ".join(inline_yaml({name: dict(one)}) for one in ways)
            yield f"Say under csv.formats how {shown(name)} is written: {shown(choices)}."
    if proposal.declared.get("encoding") in ("cp1252", "iso8859-1"):
        yield "The encoding is a guess: look at letters with accents."
    if columns.null_words:
        words = ", ".join(columns.null_words)
        yield f"Without quotes, {words} is taken for NULL in every column: make sure of that."
