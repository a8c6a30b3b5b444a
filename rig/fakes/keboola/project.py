"""One project: everything that its tokens can reach."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from ..faults import Faults
from ..stores.store import Store
from .clock import Clock, shown
from .errors import ApiError
from .jobs import Jobs
from .model import Bucket, Column, File, Table
from .rows import Rows
from .tokens import Token, Tokens

__all__ = ["Behaviour", "Project"]

_PROVIDERS = {"http": "aws"}


@dataclass
class Behaviour:
    """What differs between backends and days. ``patience`` is how long a poll waits for a job.

    ``empty`` says what an export without rows leaves: a manifest without entries, as Snowflake
    does, or one slice of no bytes or of an empty gzip stream, as BigQuery may.
    """

    rows_per_slice: int = 250_000
    least_slices: int = 2
    is_sliced: bool = True
    empty: Literal["no_entries", "no_bytes", "empty_gzip"] = "no_entries"
    patience: float = 5.0
    caches: bool = True


class Project:
    """Buckets, tables, files, jobs and tokens of project ``number``."""

    def __init__(
        self, folder: Path, store: Store, clock: Clock, faults: Faults, number: int = 1234
    ) -> None:
        """Empty, with one master token."""
        self.folder = folder
        self.store = store
        self.clock = clock
        self.faults = faults
        self.number = number
        self.behaviour = Behaviour()
        self.rows = Rows(folder)
        self.jobs = Jobs(clock)
        self.tokens = Tokens(number, clock)
        self.buckets: dict[str, Bucket] = {}
        self.tables: dict[str, Table] = {}
        self.files: dict[int, File] = {}
        self.tickets = 0
        self.exports: dict[str, tuple[int, int]] = {}  # parameters -> version, file id

    def close(self) -> None:
        """End jobs, and let the files go."""
        self.jobs.stop()
        self.rows.close()
        self.store.stop()

    def owner(self) -> dict[str, Any]:
        """The project as ``tokens/verify`` shows it."""
        tables = [table for table in self.tables.values() if not table.alias]
        return {
            "id": self.number,
            "name": "Stand-in",
            "type": "production",
            "region": "us-east-1",
            "created": shown(self.clock.now()),
            "features": [],
            "dataSizeBytes": sum(table.bytes for table in tables),
            "rowsCount": sum(table.rows for table in tables),
            "hasSnowflake": True,
            "hasBigquery": False,
            "defaultBackend": "snowflake",
            "limits": {"storage.jobsParallelism": {"name": "storage.jobsParallelism", "value": 10}},
            "metrics": {},
            "isDisabled": False,
            "dataRetentionTimeInDays": 7,
            "fileStorageProvider": _PROVIDERS.get(self.store.provider, self.store.provider),
        }

    def bucket(self, name: str, token: Token, *, write: bool = False) -> Bucket:
        """A bucket that the token may reach; 404 or 403."""
        bucket = self.buckets.get(name)
        if bucket is None:
            message = f'The bucket "{name}" was not found in the project "{self.number}"'
            raise ApiError(404, message, "storage.buckets.notFound")
        if not token.may(name, write=write):
            raise ApiError(403, "You don't have access to the resource.", "accessDenied")
        return bucket

    def table(self, name: str, token: Token, *, write: bool = False) -> Table:
        """A table that the token may reach; 404 or 403."""
        bucket, _, short = name.rpartition(".")
        self.bucket(bucket, token, write=write)
        table = self.tables.get(name)
        if table is None:
            message = (
                f'The table "{short}" was not found in the bucket "{bucket}"'
                f' in the project "{self.number}"'
            )
            raise ApiError(404, message, "storage.tables.notFound")
        return table

    def stored(self, table: Table) -> Table:
        """The table that holds the rows of a table, which is itself unless it is an alias."""
        while table.alias:
            table = self.tables[table.alias.source]
        return table

    def serve_slices(
        self, table: str, columns: Sequence[str], slices: Sequence[Path], rows: int
    ) -> None:
        """Have a table whose whole export is these gzip files of CSV without a header."""
        where, _, name = table.rpartition(".")
        stage, _, short = where.partition(".")
        now = self.clock.now()
        bucket = self.buckets.setdefault(where, Bucket(short, stage, now))
        made = Table(bucket, name, [Column(column) for column in columns], now, rows=rows)
        made.ready, made.last_import, made.last_change = tuple(slices), now, now
        made.bytes = sum(path.stat().st_size for path in slices)
        self.rows.create(made)
        self.tables[table] = made

    def aliases(self, table: Table) -> list[Table]:
        """The tables that show this one's rows."""
        found = self.tables.values()
        return [other for other in found if other.alias and other.alias.source == table.id]

    def file(self, number: str, token: Token) -> File:
        """A file; 404 where there is none."""
        file = self.files.get(int(number)) if number.isdecimal() else None
        if file is None:
            raise ApiError(404, "File not found", "storage.files.notFound")
        if file.table and not token.may(file.table.rpartition(".")[0]):
            raise ApiError(403, "You don't have access to the resource.", "accessDenied")
        return file
