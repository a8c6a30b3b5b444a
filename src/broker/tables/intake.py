"""From a reading to rows that are known to fit, set aside by partition: one pass, bounded.

A chunk is checked by one query that answers one boolean per column. Only when an answer is no
does a slower look find out which rows, and why; so clean data pays for no reject.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from ..errors import SourceError
from . import partitions
from .chunks import Chunk, chunks, plain
from .inference import NOTHING, Guess, guess, join
from .layout import Field, Layout
from .model import Partitioning, TableSpec
from .rejects import Rejects, record
from .rows import End, Reading
from .session import identifier, one_row
from .spill import Spill
from .text import cast, fits, reason
from .types import common

__all__ = ["Staged", "stage"]

Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that must hold of every row, and what to say of a row of which it does not."""

    field: Field
    holds: str
    reason: str


@dataclass(frozen=True, slots=True)
class Staged:
    """Rows that fit, by partition and in the order in which they came, and what they mean."""

    layout: Layout
    spill: Spill
    rows: int
    end: End
    warnings: tuple[str, ...]

    def select(self) -> str:
        """The SQL of all columns, typed and named, from a reader of the rows."""
        return ", ".join(f"{value(f)} AS {identifier(f.name)}" for f in self.layout.fields)


def value(field: Field) -> str:
    """The SQL of a column's typed value, from a row that is known to fit."""
    if field.source is None:
        return f"CAST(NULL AS {field.type})"
    column = f"c{field.source}"
    if field.delivered is None:
        return cast(column, field.type or "VARCHAR")
    return column if field.delivered == field.type else f"CAST({column} AS {field.type})"


def stage(
    connection: duckdb.DuckDBPyConnection,
    spec: TableSpec,
    layout: Layout,
    reading: Reading,
    rejects: Rejects,
    *,
    work: Path,
    bound: int,
    progress: Progress | None = None,
) -> Staged:
    """Read everything; raises ``SourceError`` unless the source says that it was everything."""
    schema = pa.schema(
        [
            *(pa.field(f"c{at}", plain(field.type)) for at, field in enumerate(reading.schema)),
            pa.field("n", pa.int64()),
        ]
    )
    spill = Spill(schema, work / "rows.arrow", bound=bound)
    intake = _Intake(connection, spec, layout, spill, rejects, reading.schema.names)
    done = size = 0
    try:
        for table in chunks(reading):
            intake.take(Chunk(table, done))
            done += table.num_rows
            size += table.nbytes
            if progress is not None:
                progress(done, size)
        end = reading.end()
        _check_end(spec, end, done)
        spill.finish()
    except BaseException:
        spill.close()
        raise
    return Staged(intake.layout(), spill, done, end, tuple(intake.warnings))


def _check_end(spec: TableSpec, end: End, rows: int) -> None:
    if end.rows != rows:
        raise SourceError(
            "the source did not hand over what it says it did",
            where=spec.name,
            expected=f"{end.rows} rows",
            found=f"{rows} rows",
            remedy="Nothing was published. Try again.",
        )


class _Intake:
    """The state of one reading: what has been guessed so far, and where rows go."""

    def __init__(
        self,
        connection: duckdb.DuckDBPyConnection,
        spec: TableSpec,
        layout: Layout,
        spill: Spill,
        rejects: Rejects,
        names: list[str],
    ) -> None:
        self.warnings: list[str] = []
        self._connection = connection
        self._spec = spec
        self._layout = layout
        self._spill = spill
        self._rejects = rejects
        self._names = {f"c{at}": name for at, name in enumerate(names)}
        self._guesses = {f"c{f.source}": NOTHING for f in layout.fields if f.type is None}
        self._checks = self._make_checks()

    def layout(self) -> Layout:
        """The columns with the types found for those that had none."""
        types = {self._names[column]: found.type for column, found in self._guesses.items()}
        return self._layout.typed(types)

    def take(self, chunk: Chunk) -> None:
        """Check a chunk, put its flaws aside, and append what is good."""
        self._connection.register("chunk", chunk.table)
        failed = self._failed(self._checks, chunk)
        if self._widen([c.field for c in failed if f"c{c.field.source}" in self._guesses]):
            self._checks = self._make_checks()
            failed = self._failed(self._checks, chunk)
        rows = self._reject(chunk, failed) if failed else chunk.rows()
        self._append(rows)
        self._connection.unregister("chunk")

    def _make_checks(self) -> list[Check]:
        checks = [check for field in self._layout.fields if (check := self._check(field))]
        for name in self._spec.key:
            field = self._layout.field(name)
            checks.append(Check(field, f"c{field.source} IS NOT NULL", "NULL in the key"))
        return checks

    def _check(self, field: Field) -> Check | None:
        column = f"c{field.source}"
        if field.source is None:
            return None
        if column in self._guesses:
            found: Guess = self._guesses[column]
            holds = fits(column, found.bound, strict=True) if found.kind else f"{column} IS NULL"
            return Check(field, holds, "")
        type_ = field.type or "VARCHAR"
        if field.delivered is None:
            holds = fits(column, type_, strict=field.strict)
        elif common(field.delivered, type_) == type_:
            holds = "true"
        else:
            back = f"TRY_CAST(TRY_CAST({column} AS {type_}) AS {field.delivered})"
            holds = f"({column} IS NULL OR coalesce({back} = {column}, false))"
        return None if holds == "true" else Check(field, holds, reason(type_))

    def _failed(self, checks: list[Check], chunk: Chunk) -> list[Check]:
        failed = [
            Check(field, f"NOT x{field.source}", "not UTF-8, or finer than a microsecond")
            for field in self._layout.fields
            if field.source in chunk.flaws
        ]
        if not checks:
            return failed
        questions = ", ".join(f"coalesce(bool_and({check.holds}), true)" for check in checks)
        answer = one_row(self._connection, f"SELECT {questions} FROM chunk")
        return failed + [c for c, holds in zip(checks, answer, strict=True) if not holds]

    def _widen(self, fields: list[Field]) -> bool:
        columns = [f"c{field.source}" for field in fields]
        if not columns:
            return False
        for column, found in guess(self._connection, "chunk", columns).items():
            before = self._guesses[column]
            after = join(before, found)
            if after.kind == "VARCHAR" and before.kind not in (None, "VARCHAR"):
                self._warn(column, before)
            self._guesses[column] = after
        return True

    def _warn(self, column: str, before: Guess) -> None:
        flaw = f"NOT {fits(column, before.type, strict=True)}"
        (row,) = one_row(self._connection, f"SELECT min(n) + 1 FROM chunk WHERE {flaw}")
        self.warnings.append(
            f"column {self._names[column]} is text: row {row} is the first not a {before.type}"
        )

    def _reject(self, chunk: Chunk, failed: list[Check]) -> pa.Table:
        whole = record(self._names)
        for check in failed:
            self._rejects.add(
                "chunk",
                flaw=f"NOT ({check.holds})",
                column=check.field.name,
                reason=check.reason,
                value=f"c{check.field.source}",
                row=whole,
            )
        good = " AND ".join(f"({check.holds})" for check in failed)
        mask = self._connection.sql(f"SELECT {good} AS good FROM chunk").to_arrow_table()["good"]
        rows = chunk.rows().filter(mask)
        self._rejects.count(chunk.table.num_rows - rows.num_rows)
        return rows

    def _append(self, rows: pa.Table) -> None:
        if self._spec.partitioning is None:
            for batch in rows.to_batches():
                self._spill.append(0, batch)
            return
        for number, batch in self._by_partition(self._spec.partitioning, rows):
            self._spill.append(number, batch)

    def _by_partition(
        self, partitioning: Partitioning, rows: pa.Table
    ) -> Iterator[tuple[int | None, pa.RecordBatch]]:
        numbers = self._numbers(partitioning, rows)
        found: Mapping[str, int | None] = pc.min_max(numbers).as_py()
        if found["min"] == found["max"] and (found["min"] is None or not numbers.null_count):
            yield from ((found["min"], batch) for batch in rows.to_batches())
            return
        order = pc.array_sort_indices(numbers)
        counts = pc.value_counts(numbers.take(order))
        (batch,) = rows.combine_chunks().take(order).to_batches()
        start = 0
        for entry in counts:
            number, count = entry["values"].as_py(), entry["counts"].as_py()
            yield number, batch.slice(start, count)
            start += count

    def _numbers(self, partitioning: Partitioning, rows: pa.Table) -> pa.Array:
        field = self.layout().field(partitioning.column)
        number = partitions.code(
            value(field), field.type or "VARCHAR", partitioning, where=self._spec.name
        )
        self._connection.register("good", rows)
        found = self._connection.sql(f"SELECT {number} AS number FROM good").to_arrow_table()
        self._connection.unregister("good")
        return found["number"].combine_chunks()
