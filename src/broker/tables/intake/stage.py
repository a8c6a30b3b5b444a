"""From a reading to rows that are known to fit, set aside by partition: one pass, bounded.

A chunk is checked by one query that answers one boolean per column. Only when an answer is false
does a slower look find out which rows, and why; so clean data pays for no reject.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from ...errors import SourceError
from .. import partitions
from ..layout import Field, Layout, WidensError
from ..model import Partitioning, TableSpec, Workplace
from ..pieces import pieces
from ..row_places import RowPlaces
from ..rows import End, Reading
from ..session import one_row
from ..types import common
from ..values.bulk import arrow_type, has_blank, read
from ..values.text import attempt, cast, fits, keeps, reason, recast
from .chunks import Chunk, chunks
from .guesses import Guesses
from .key_order import KeyOrder
from .plain import plain
from .rejects import BROKEN, NO_KEY, Rejects, record
from .spill import Spill
from .staged import Staged
from .tombstones import Marked

__all__ = ["stage"]

_CHUNK = 256 * 2**20  # bytes: more gains nothing, and Arrow has no more than 2 GiB of texts
_AT_A_TIME = 100  # questions of one query: each takes memory, for a table of any width


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that must hold of every row, and what to say of a row of which it does not.

    A check of a type that is inferred has no reason: when it fails, that is wrong, not the row.
    """

    field: Field
    holds: str
    reason: str


def stage(
    connection: duckdb.DuckDBPyConnection,
    spec: TableSpec,
    layout: Layout,
    reading: Reading,
    rejects: Rejects,
    at: Workplace,
    *,
    name: str = "rows",
) -> Staged:
    """Read everything; raises ``SourceError`` unless the source says that it was everything.

    The rows are set aside in the work folder of ``at``, in a file of this ``name``.
    """
    mark = spec.tombstone
    marked = Marked(mark, reading.schema.names, spec.key) if mark else None
    schema = _spilled(layout, reading.schema, marked=marked is not None)
    spill = Spill(schema, at.work / f"{name}.arrow", bound=at.limits.memory_bytes // 8)
    intake = _Intake(connection, spec, layout, spill, rejects, reading.schema.names)
    done = size = 0
    try:
        most = min(at.limits.memory_bytes // 32, _CHUNK)
        for chunk in chunks(reading, bytes_=most, marked=marked):
            intake.take(chunk)
            done += chunk.rows
            size += chunk.text_bytes
            if at.progress is not None:
                at.progress(done, size)
        end = reading.end()
        _check_end(spec, end, done)
        spill.finish()
        intake.guesses.settle(spill)
        settled = intake.layout(reading.places)
        pa.default_memory_pool().release_unused()
    except BaseException:
        spill.close()
        raise
    late = frozenset(field.name for field in layout.fields if field.type is None)
    return Staged(
        layout=settled,
        spill=spill,
        rows=done,
        end=end,
        late=late,
        ascending=intake.is_ascending(settled),
        marked=intake.marked,
        warnings=intake.guesses.warnings(settled, reading.places),
    )


def _spilled(layout: Layout, delivered: pa.Schema, *, marked: bool) -> pa.Schema:
    """How rows are set aside: typed where the type is known, as they came where it is not yet."""
    own = [("n", pa.int64()), *([("dead", pa.bool_())] if marked else [])]
    columns = []
    for field in layout.fields:
        if field.source is not None:
            known = arrow_type(field.type) if field.type else None
            as_is = plain(delivered.field(field.source).type)
            columns.append(pa.field(f"c{field.source}", known or as_is))
    return pa.schema([*columns, *(pa.field(name, type_) for name, type_ in own)])


def _check_end(spec: TableSpec, end: End, rows: int) -> None:
    if end.rows != rows:
        raise SourceError(
            "the source delivered another number of rows than it reported",
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
        self._connection = connection
        self._spec = spec
        self._layout = layout
        self._fields = [field for field in layout.fields if field.source is not None]
        self._spill = spill
        self._rejects = rejects
        self._names = {f"c{at}": name for at, name in enumerate(names)}
        self._key_order = KeyOrder(spec.key)
        late = [field for field in self._fields if field.type is None]
        self.guesses = Guesses(connection, late, spec)
        self._own = [name for name in spill.schema.names if name in ("n", "dead")]
        self.marked = False

    def layout(self, places: RowPlaces | None) -> Layout:
        """The columns with the types found for those that had none, once all rows came."""
        return self.guesses.layout(self._layout, places)

    def is_ascending(self, settled: Layout) -> bool:
        """Whether each row had a greater key than the one before it."""
        key = self._key_order.column
        return key is not None and self._key_order.holds(settled.field(key).type or "VARCHAR")

    def take(self, chunk: Chunk) -> None:
        """Turn a chunk into values, put its flaws aside, and append what is good."""
        columns = {}
        unsure = []
        for field in self._fields:
            values = self._quick(field, chunk)
            if values is None:
                unsure.append(field)
            else:
                columns[f"c{field.source}"] = values
        self._connection.register("chunk", chunk.table)
        failed = self._failed(unsure, chunk)
        if unsure or failed:
            rows = self._slow(columns, unsure, failed)
        else:
            rows = pa.table({**columns, **{name: chunk.table[name] for name in self._own}})
        self._connection.unregister("chunk")
        if rows.num_rows and (key := self._key_order.column) is not None:
            self._key_order.follow(*self._typed(key, rows))
        self.marked = self.marked or ("dead" in self._own and bool(pc.any(rows["dead"]).as_py()))
        self._append(rows.select(self._spill.schema.names))

    def _quick(self, field: Field, chunk: Chunk) -> pa.ChunkedArray | None:
        """The values of a column as they are to be set aside, or None for a closer look."""
        column = chunk.table[f"c{field.source}"]
        if field.source in chunk.flaws:
            return None
        if field.type is None:
            return column if self.guesses.still_fits(field, column) else None
        if field.delivered is None:
            return read(column, field.type, strict=field.strict)
        if common(field.delivered, field.type) != field.type:
            return None
        try:
            return column.cast(self._spill.schema.field(f"c{field.source}").type)
        except pa.ArrowInvalid:
            return None

    def _failed(self, unsure: list[Field], chunk: Chunk) -> list[Check]:
        """What does not hold of some row: NULLs in the key, and what the closer look finds."""
        checks = [check for field in unsure for check in self._checks(field, chunk)]
        failed = self._ask(checks)
        guessed = [check.field for check in failed if not check.reason]
        narrow = [field.name for field in guessed if field.name not in self.guesses]
        if narrow:
            raise WidensError(narrow, where=self._spec.name)
        if guessed:
            self.guesses.widen(guessed, chunk)
            failed = [check for check in failed if check.reason]
        return [*failed, *self._key_checks(chunk)]

    def _key_checks(self, chunk: Chunk) -> Iterator[Check]:
        """What does not hold of the key: it is NULL, or empty where it is not text."""
        for name in self._spec.key:
            field = self._layout.field(name)
            column, value = chunk.table[f"c{field.source}"], f"c{field.source}"
            type_ = field.type or self.guesses.type(name)
            if type_ != "VARCHAR" and field.delivered is None and has_blank(column):
                yield Check(field, f"nullif({value}, '') IS NOT NULL", NO_KEY)
            elif column.null_count:
                yield Check(field, f"{value} IS NOT NULL", NO_KEY)

    def _ask(self, checks: list[Check]) -> list[Check]:
        answers: list[bool] = []
        for some in pieces(checks, _AT_A_TIME):
            # One answer per check: false where it fails for some row. NULL does not fail.
            questions = ", ".join(f"coalesce(bool_and({one.holds}), true)" for one in some)
            answers += one_row(self._connection, f"SELECT {questions} FROM chunk")
        return [check for check, holds in zip(checks, answers, strict=True) if not holds]

    def _checks(self, field: Field, chunk: Chunk) -> Iterator[Check]:
        column = f"c{field.source}"
        if field.source in chunk.flaws:
            yield Check(field, f"NOT x{field.source}", BROKEN)
        if field.type is None:
            yield Check(field, self.guesses.holds(field), "")
        elif field.delivered is None:
            yield from self._type_checks(field, field.type, chunk)
        elif field.delivered != field.type:
            holds = keeps(column, field.delivered, field.type)
            yield Check(field, holds, reason(field.type))

    def _type_checks(self, field: Field, type_: str, chunk: Chunk) -> Iterator[Check]:
        column = f"c{field.source}"
        holds = fits(column, type_, strict=field.strict)
        if field.widest is None:
            yield Check(field, holds, reason(type_))
            return
        widest = fits(column, field.widest, strict=True)
        if field.widest != "VARCHAR":
            yield Check(field, widest, reason(type_))
        rejected = f"x{field.source} OR " if field.source in chunk.flaws else ""
        yield Check(field, f"({rejected}{holds} OR NOT {widest})", "")

    def _slow(
        self,
        columns: dict[str, pa.ChunkedArray],
        unsure: list[Field],
        failed: list[Check],
    ) -> pa.Table:
        """Cast what was not read quickly, and leave out the rows of which something fails."""
        casts = [f"{self._cast(field)} AS c{field.source}" for field in unsure]
        # Every row with the columns that were not read quickly, and whether it fits in all of them;
        # the others are filtered below, so that all columns keep the same rows.
        good = " AND ".join(f"({check.holds})" for check in failed) or "true"
        query = ", ".join([*casts, f"{good} AS good", *self._own])
        table = self._connection.sql(f"SELECT {query} FROM chunk").to_arrow_table()
        for name, values in columns.items():
            table = table.append_column(name, values)
        if failed:
            self._tell(failed)
            kept = table.filter(table["good"])
            self._rejects.count(table.num_rows - kept.num_rows)
            table = kept
        return table.select(self._spill.schema.names).cast(self._spill.schema)

    def _cast(self, field: Field) -> str:
        column = f"c{field.source}"
        if field.type is None:
            return column
        if field.delivered is None:
            return attempt(column, field.type)
        return recast(column, field.delivered, field.type)

    def _tell(self, failed: list[Check]) -> None:
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

    def _append(self, rows: pa.Table) -> None:
        if self._spec.partitioning is None:
            for batch in rows.to_batches():
                self._spill.append(0, batch)
            return
        numbers = self._numbers(self._spec.partitioning, rows)
        start = 0
        for batch in rows.to_batches():
            of_batch = numbers.slice(start, batch.num_rows).combine_chunks()
            for number, part in _split(batch, of_batch):
                self._spill.append(number, part)
            start += batch.num_rows

    def _numbers(self, partitioning: Partitioning, rows: pa.Table) -> pa.ChunkedArray:
        field = self._layout.field(partitioning.column)
        values, type_ = self._typed(field.name, rows)
        partitions.check(type_, partitioning, where=self._spec.name)
        if values is not None:
            return partitions.numbers(values, partitioning)
        number = partitions.code(cast(f"c{field.source}", type_), partitioning)
        # The partition of each row, by the type that is guessed so far of its text.
        self._connection.register("good", rows.select([f"c{field.source}"]))
        found = self._connection.sql(f"SELECT {number} AS number FROM good").to_arrow_table()
        self._connection.unregister("good")
        return found["number"]

    def _typed(self, name: str, rows: pa.Table) -> tuple[pa.ChunkedArray | None, str]:
        """The values of a column by the type known so far, None where they take a closer look."""
        field = self._layout.field(name)
        type_, values = field.type or self.guesses.type(name), rows[f"c{field.source}"]
        return (read(values, type_, strict=False) if name in self.guesses else values), type_


def _split(batch: pa.RecordBatch, numbers: pa.Array) -> Iterator[tuple[int | None, pa.RecordBatch]]:
    """Cut a batch by partition, the rows of each in the order in which they came."""
    found: Mapping[str, int | None] = pc.min_max(numbers).as_py()
    if found["min"] == found["max"] and (found["min"] is None or not numbers.null_count):
        yield found["min"], batch
        return
    order = pc.array_sort_indices(numbers)
    counts = pc.value_counts(numbers.take(order))
    sorted_ = batch.take(order)
    start = 0
    for entry in counts:
        number, count = entry["values"].as_py(), entry["counts"].as_py()
        yield number, sorted_.slice(start, count)
        start += count
