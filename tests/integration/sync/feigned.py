"""A source that is a DuckDB table, and a run on it in this process.

The source has a clock of its own and stamps every row that changes, as a storage service does.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from broker.config import load_description, load_instance
from broker.manifest import TableEntry
from broker.publish import Generation, Store
from broker.sources.contract import SourceTable, TableRequest, Window
from broker.sync.report import Report
from broker.sync.run import Run
from broker.tables.rows import End
from broker.tables.schema import Column, TableSchema
from tests.duck import reader
from tests.silent import Silent

START = datetime(2026, 1, 1, tzinfo=UTC)
CHANGED = "changed"


@dataclass
class Feigned:
    """One table, ``source``. ``on_batch`` is called before each batch, with its number."""

    columns: str
    size: int | None = None
    windows: list[Window] = field(default_factory=list)
    on_batch: Callable[[int], None] = lambda _: None
    now: datetime = START
    changes: int = 0

    def __post_init__(self) -> None:
        self.db = duckdb.connect()
        self.db.execute("SET TimeZone = 'UTC'")
        self.do(f"CREATE TABLE source ({self.columns}, {CHANGED} TIMESTAMPTZ)")

    def do(self, statement: str, values: Sequence[Any] = ()) -> None:
        """Change the source, an hour after it was changed last."""
        self.tick()
        self.changes += 1
        self.db.execute(statement, list(values))

    def tick(self) -> None:
        """Time passes, and nothing happens."""
        self.now += timedelta(hours=1)

    def put(self, *values: Any) -> None:
        """Insert or replace the row of an ``id``, which comes first."""
        self.do("DELETE FROM source WHERE id = ?", values[:1])
        names = ", ".join(self.names()[: len(values)])
        marks = ", ".join("?" * (len(values) + 1))
        self.do(f"INSERT INTO source ({names}, {CHANGED}) VALUES ({marks})", [*values, self.now])

    def names(self) -> list[str]:
        """The columns, without the stamp."""
        return [name for name in self.types() if name != CHANGED]

    def types(self) -> dict[str, str]:
        """Every column and its type."""
        return {row[0]: row[1] for row in self.db.execute("DESCRIBE source").fetchall()}

    def rows(self) -> list[tuple[Any, ...]]:
        """All rows as text, by id."""
        names = ", ".join(f"CAST({name} AS VARCHAR)" for name in self.names())
        return self.db.execute(f"SELECT {names} FROM source ORDER BY id").fetchall()

    def discover(self) -> Iterator[SourceTable]:
        """Nobody asks."""
        return iter(())

    def describe(self, table: TableRequest) -> SourceTable:
        types = self.types()
        columns = tuple(Column(name, types[name]) for name in self.names())
        return SourceTable(
            table.id,
            TableSchema(columns),
            bytes=self.size,
            tracks_changes=True,
            version=str(self.changes),
            as_of=self.now,
        )

    def read(self, _: TableRequest, window: Window) -> FeignedReading:
        self.windows.append(window)
        return FeignedReading(self, self.names(), window)

    def read_keys(self, table: TableRequest) -> FeignedReading:
        return FeignedReading(self, table.primary_key, Window())


class FeignedReading:
    """Rows as text, three at a time, in the order of ids."""

    places = None

    def __init__(self, source: Feigned, names: Sequence[str], window: Window) -> None:
        column = window.column or CHANGED
        bounds = [
            f"{column} {operator} TIMESTAMPTZ '{bound.isoformat()}'"
            for operator, bound in ((">=", window.since), ("<", window.until))
            if bound is not None
        ]
        inside = " AND ".join(bounds) or "true"
        inside = inside if window.until else f"({inside} OR {column} IS NULL)"
        texts = ", ".join(f"CAST({name} AS VARCHAR) AS {name}" for name in names)
        query = f"SELECT {texts} FROM source WHERE {inside} ORDER BY id"
        self._table = source.db.sql(query).to_arrow_table()
        self.schema: pa.Schema = self._table.schema
        self._source, self._as_of = source, source.now

    def batches(self) -> Iterator[pa.RecordBatch]:
        for number, batch in enumerate(self._table.to_batches(max_chunksize=3)):
            self._source.on_batch(number)
            yield batch

    def end(self) -> End:
        return End(self._table.num_rows, self._as_of)


@dataclass
class Feign:
    """A broker whose every table is read from a feigned source. The clock is the source's."""

    root: Path
    sources: dict[str, Feigned]
    description: str

    def __post_init__(self) -> None:
        config = self.root / "config"
        config.mkdir(exist_ok=True)
        sync = "sync: {parallel_tables: 1, memory_limit: 256MiB}\n"
        (config / "instance.yaml").write_text("data_source: {type: csv, path: .}\n" + sync)
        (config / "data_description.md").write_text(f"```yaml\ntables:\n{self.description}```\n")

    @property
    def store(self) -> Store:
        return Store(self.root / "data", reserve_bytes=0)

    def sync(self) -> Report:
        """One run, as a process of its own would do it."""
        instance = load_instance(self.root / "config")
        tables = load_description(self.root / "config", instance).tables
        return Run(
            instance=instance,
            tables=tables,
            sources={table.id: self.sources[table.id] for table in tables},
            store=self.store,
            clock=self.clock,
            progress=Silent(),
        )()

    def clock(self) -> datetime:
        return max(source.now for source in self.sources.values())

    def published(self) -> Generation:
        return self.store.generation()

    def entry(self, table_id: str) -> TableEntry:
        found = self.published().manifest.table(table_id)
        assert found is not None
        return found

    def rows(self, table_id: str) -> list[tuple[Any, ...]]:
        """The published rows as text, by id, and each row once or not at all."""
        files = [str(self.published().path / file.path) for file in self.entry(table_id).files]
        with reader() as connection:
            query = "SELECT CAST(COLUMNS(*) AS VARCHAR) FROM read_parquet(?) AS t ORDER BY t.id"
            return connection.execute(query, [files]).fetchall()
