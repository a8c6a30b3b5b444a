"""What the engine is asked for and what it answers: plain frozen data, no behaviour."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from .issues import Issue
from .schema import TableSchema

__all__ = [
    "DataFile",
    "Limits",
    "Partitioning",
    "Range",
    "TableSpec",
    "TableVersion",
    "Tombstone",
    "Workplace",
]


@dataclass(frozen=True, slots=True)
class Partitioning:
    """How rows are spread over files: one per ``granularity`` (day, month, year) of ``column``.

    A NULL in the column has its own partition, named ``null``.
    """

    column: str
    granularity: str


@dataclass(frozen=True, slots=True)
class Tombstone:
    """The mark of a row that says that its key is gone: one of these texts in a column."""

    column: str
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class TableSpec:
    """How a table is kept. ``path`` is its place under ``parquet/``, without an ending.

    ``types`` are the declared overrides (column to type) that win over what the source says;
    ``key`` empty means the table is append-only or always replaced as a whole.
    ``max_rejects`` is the number of rejected rows past which the table fails instead.
    ``widens`` names columns whose values need wider types than were inferred: if there are any,
    the types of all columns may widen. ``keeps_all`` says that rows stay that the source does not
    have any more, so that nothing can be loaded anew.
    """

    name: str
    path: str
    key: tuple[str, ...] = ()
    partitioning: Partitioning | None = None
    tombstone: Tombstone | None = None
    types: tuple[tuple[str, str], ...] = ()
    on_schema_change: str = "evolve"
    max_rejects: int = 1000
    widens: frozenset[str] = frozenset()
    keeps_all: bool = False
    target_file_bytes: int = 128 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Limits:
    """What one table may use of the machine while it is being written."""

    memory_bytes: int = 512 * 1024 * 1024
    threads: int = 2


@dataclass(frozen=True, slots=True)
class Workplace:
    """Where a version is made: its files go below ``out``, and ``limits`` bound what it takes.

    ``work`` is a private folder on the same file system. ``progress`` gets the rows and bytes
    read so far.
    """

    out: Path
    work: Path
    limits: Limits
    progress: Callable[[int, int], None] | None = None


@dataclass(frozen=True, slots=True)
class Range:
    """A range of ``column``, half open, in UTC.

    None is unbounded, and a NULL lies in every range without ``until``.
    """

    column: str
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class DataFile:
    """One file of a table. ``path`` is relative to the generation; ``partition`` as in the name.

    ``is_new`` says that the engine wrote it just now; otherwise it is the file of the version
    before, untouched, for the publisher to link. ``writer`` is the release of DuckDB that wrote it,
    where that is known: another one may write other bytes.
    """

    path: str
    bytes: int
    rows: int
    sha256: str
    partition: str | None = None
    is_new: bool = True
    writer: str = ""


@dataclass(frozen=True, slots=True)
class TableVersion:
    """A table at one moment: everything that a manifest entry says of its data.

    ``duplicates`` counts rows that another row of the same key displaced in the same batch;
    ``rejects`` counts rows that did not fit, ``rejects_now`` those of them that came in this batch.
    All of these stand, row by row, in ``reject_file``, and by column and reason in ``issues``.
    ``missing`` counts keys of a census that neither the table nor its rejects have.
    ``change`` is the change file against the version before: None where every row is new, or
    none is. ``inserted``, ``updated`` and ``deleted`` count what it holds.
    """

    schema: TableSchema
    files: tuple[DataFile, ...]
    rows: int
    rejects: int = 0
    rejects_now: int = 0
    duplicates: int = 0
    reject_file: DataFile | None = None
    change: DataFile | None = None
    inserted: int = 0
    updated: int = 0
    deleted: int = 0
    missing: int = 0
    warnings: tuple[str, ...] = field(default_factory=tuple)
    issues: tuple[Issue, ...] = ()
