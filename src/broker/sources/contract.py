"""What a source promises. A source says what tables look like and yields their rows.

It decides nothing about windows, merging or files. Adding one is one module with a class of
this shape and one line under ``[project.entry-points."broker.sources"]`` (ours or another
package's).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

from ..errors import BrokerError
from ..tables.rows import Reading
from ..tables.schema import TableSchema

__all__ = [
    "Checkable",
    "Finding",
    "Listed",
    "Located",
    "Location",
    "Selective",
    "Source",
    "SourceTable",
    "TableRequest",
    "Trial",
    "Window",
]


@dataclass(frozen=True, slots=True)
class Window:
    """The part of a table to read: at or after ``since`` and before ``until``.

    Both are aware UTC instants; None is unbounded, and ``Window()`` is the whole table. They
    bound the source's own record of change or, where ``column`` is set, the values of that
    column; rows whose value there is NULL belong to every window without an ``until``.
    """

    since: datetime | None = None
    until: datetime | None = None
    column: str | None = None


@dataclass(frozen=True, slots=True)
class TableRequest:
    """What the broker wants of one table, as its description says it.

    ``columns`` empty means all. ``options`` holds what only this kind of source understands
    (a CSV table's ``file``, ``dialect`` or ``encoding``), already validated as a mapping.
    ``types`` are the declared ones, which the engine enforces. ``timeout`` is for one reading,
    where the table has its own; the caller ends what takes longer.
    ``folder`` is private to the table and outlives a killed run: what a source keeps there lets
    the next one go on. It need not exist, and nothing in it counts once the reading is complete.
    """

    id: str
    columns: tuple[str, ...] = ()
    primary_key: tuple[str, ...] = ()
    where_filters: tuple[Mapping[str, Any], ...] = ()
    row_filter: str | None = None
    null_values: tuple[str, ...] = ()
    options: Mapping[str, Any] = field(default_factory=dict)
    types: Mapping[str, str] = field(default_factory=dict)
    timeout: timedelta | None = None
    folder: Path | None = None


@dataclass(frozen=True, slots=True)
class SourceTable:
    """A table as its source describes it.

    ``rows`` and ``bytes`` (what the whole table takes as text, roughly) are the source's own
    counts, where it has them. ``tracks_changes`` says that the source knows when a row changed,
    so that a window without a column is bounded by that; else such a window holds every row.

    ``version`` changes whenever the rows or columns may have: a table whose version is the one
    that was read is not read again. ``as_of`` is the source's clock at that moment, None where
    that is no later than when the rows were read.
    """

    id: str
    schema: TableSchema
    primary_key: tuple[str, ...] = ()
    description: str = ""
    rows: int | None = None
    bytes: int | None = None
    tracks_changes: bool = False
    version: str | None = None
    as_of: datetime | None = None


@runtime_checkable
class Source(Protocol):
    """The four calls that all strategies are made of."""

    def discover(self) -> Iterable[SourceTable]:
        """Every table that these credentials can see."""

    def describe(self, table: TableRequest) -> SourceTable:
        """One table: columns, types where known, key, description."""

    def read(self, table: TableRequest, window: Window) -> Reading:
        """The rows of a window, all columns of the request."""

    def read_keys(self, table: TableRequest) -> Reading:
        """The primary keys of all rows that exist now, for the census of deletions."""


@runtime_checkable
class Selective(Protocol):
    """A source with so many tables that it looks only at those that are wanted."""

    def discover_some(self, is_wanted: Callable[[str], bool]) -> Iterable[SourceTable]:
        """Of the tables that these credentials can see, those whose id is wanted."""


@runtime_checkable
class Listed(Source, Protocol):
    """A source that lists its tables without looking at them: one that fails is one alone."""

    def table_ids(self) -> Iterable[str]:
        """The ids of the tables that these credentials can see."""


@dataclass(frozen=True, slots=True)
class Location:
    """Where the rows of a table are: ``whole`` anywhere, ``name`` within the source.

    Two tables of the same rows have the same, whatever their ids are. Parts are separated by
    ``/``; a shorter one holds the longer, and parts may be patterns as of ``fnmatch``. It holds
    no secret.
    """

    whole: str
    name: str


@runtime_checkable
class Located(Protocol):
    """A source whose tables have another name there than their id."""

    def location(self, table: TableRequest) -> Location:
        """Where the rows are, as far as that is known without asking; raises ``ConfigError``."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that ``broker check`` tried: whether it works, and in words how or why not."""

    subject: str
    works: bool
    says: str

    @classmethod
    def of(cls, subject: str, attempt: Callable[[], str]) -> Finding:
        """Try it; an error that a person has to know is the finding."""
        try:
            return cls(subject, True, attempt())
        except BrokerError as error:
            return cls(subject, False, str(error))


@dataclass(frozen=True, slots=True)
class Trial:
    """What a first sync reads of a table; ``census`` says that all keys are read, too."""

    request: TableRequest
    window: Window = Window()
    census: bool = False


@runtime_checkable
class Checkable(Protocol):
    """A source with a check of its own. Where it has none, its tables are described."""

    def check(self, tables: tuple[Trial, ...]) -> Iterable[Finding]:
        """Try credentials, network path and permissions, as far as these tables need them."""
