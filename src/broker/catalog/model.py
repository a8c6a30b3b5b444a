"""What an audience may know of a generation, exact as JSON and back. Shapes only.

The index of an audience names all tables that it sees and nothing of any other; the details of a
table stand in a file of their own, in which nothing moves while the table stays as it is.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Annotated, Any, ClassVar, Final, Literal

from pydantic import ConfigDict, Field

from .. import __version__
from ..manifest import Status
from ..manifest.instants import UtcInstant
from ..metrics.model import Grain, ResultColumn
from ..metrics.results import MetricPoint, MetricResult
from ..tables.issues import Issue
from ..tables.model import Partitioning

__all__ = [
    "FORMAT",
    "LONGEST_TITLE",
    "CatalogColumn",
    "CatalogDataset",
    "CatalogFolder",
    "CatalogIndex",
    "CatalogMetric",
    "CatalogTable",
    "Relation",
    "TableDetails",
    "TablePart",
    "TableSource",
]

FORMAT: Final = 1
LONGEST_TITLE: Final = 200  # characters of a description's first line


_Count = Annotated[int, Field(ge=0, le=2**63)]
_Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


@dataclass(frozen=True, slots=True)
class CatalogColumn:
    """A column of a table, with its type as DuckDB writes it."""

    name: str
    type: str
    description: str = ""
    nullable: bool = True


@dataclass(frozen=True, slots=True)
class CatalogTable:
    """A table as lists show it. ``path`` (folder/name) is its name in addresses.

    ``view`` is how this audience calls it in SQL; ``title`` is the first line of its description.
    ``as_of`` is the source's clock, ``loaded_at`` the broker's, also where a load brought nothing
    new; ``changed_at`` is the first generation with these rows. ``watermark`` is how far the rows
    reach, ``freshness_seconds`` how old they may be. ``warnings`` and ``rejects`` are counts;
    ``alerts`` counts what the profile points out, and is None without one. ``sha256`` names the
    content of the file with its details. ``columns`` is empty where the table was never loaded.
    """

    path: str
    id: str
    name: str
    view: str
    access: str
    sha256: _Sha256
    title: str = ""
    dataset: str | None = None
    rows: _Count = 0
    bytes: _Count = 0
    columns: tuple[CatalogColumn, ...] = ()
    key: tuple[str, ...] = ()
    partitioning: Partitioning | None = None
    strategy: str = "full_refresh"
    status: Status = Status.OK
    as_of: UtcInstant | None = None
    loaded_at: UtcInstant | None = None
    changed_at: UtcInstant | None = None
    watermark: UtcInstant | None = None
    freshness_seconds: _Count | None = None
    warnings: _Count = 0
    rejects: _Count = 0
    duplicates: _Count = 0
    alerts: _Count | None = None

    @property
    def folder(self) -> str:
        """The folder in which it stands."""
        return self.path.rpartition("/")[0]


@dataclass(frozen=True, slots=True)
class Relation:
    """``column`` of ``table`` holds values of the column ``references`` of ``target``.

    Both tables are paths. ``references`` is empty where the target has no key of one column.
    """

    table: str
    column: str
    target: str
    references: str = ""
    description: str = ""


@dataclass(frozen=True, slots=True)
class CatalogDataset:
    """Tables that belong together. ``bytes`` and ``tables`` count those of this audience.

    ``requires`` names other datasets and classes of this audience; ``size_hint`` is what the
    instance says, for those alone who hold every class: it is of all tables.
    """

    name: str
    label: str = ""
    description: str = ""
    size_hint: str = ""
    requires: tuple[str, ...] = ()
    tables: _Count = 0
    bytes: _Count = 0


@dataclass(frozen=True, slots=True)
class CatalogFolder:
    """A folder with tables of this audience, as the catalog shows it."""

    name: str
    label: str = ""


@dataclass(frozen=True, slots=True)
class CatalogMetric:
    """A number with one definition. ``tables`` are paths of the tables that its SQL reads.

    ``result`` is None where it could not be computed, which ``problem`` explains, or was not yet.
    ``history`` has up to 90 values, the oldest first, one for each change.
    """

    name: str
    title: str
    sql: str
    description: str = ""
    unit: str = ""
    grain: Grain | None = None
    time_column: str | None = None
    owner: str = ""
    synonyms: tuple[str, ...] = ()
    columns: tuple[ResultColumn, ...] = ()
    tables: tuple[str, ...] = ()
    result: MetricResult | None = None
    problem: str = ""
    history: tuple[MetricPoint, ...] = ()


@dataclass(frozen=True)
class CatalogIndex:
    """All that an audience may know of a generation, but the details of tables.

    ``classes`` are those of the audience. ``tables`` are in the order of ``folders``, then by path.
    """

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    generation: str
    created_at: UtcInstant
    classes: tuple[str, ...]
    tables: tuple[CatalogTable, ...] = ()
    relations: tuple[Relation, ...] = ()
    datasets: tuple[CatalogDataset, ...] = ()
    folders: tuple[CatalogFolder, ...] = ()
    metrics: tuple[CatalogMetric, ...] = ()
    broker: str = __version__
    format: Literal[1] = FORMAT

    def table(self, path: str) -> CatalogTable | None:
        """The table at this path; None where this audience knows of none."""
        return self._tables.get(path)

    def relations_of(self, path: str) -> tuple[Relation, ...]:
        """The relations from a table and to it."""
        return tuple(one for one in self.relations if path in (one.table, one.target))

    def metrics_of(self, path: str) -> tuple[CatalogMetric, ...]:
        """The metrics that read a table."""
        return tuple(one for one in self.metrics if path in one.tables)

    def metric(self, name: str) -> CatalogMetric | None:
        """The metric of this name; None where this audience knows of none."""
        return next((one for one in self.metrics if one.name == name), None)

    @cached_property
    def _tables(self) -> dict[str, CatalogTable]:
        return {one.path: one for one in self.tables}


@dataclass(frozen=True, slots=True)
class TableSource:
    """Where rows come from: the source's name and type, and the table's id there."""

    name: str
    type: str
    table: str


@dataclass(frozen=True, slots=True)
class TablePart:
    """A partition: in how many files it is. ``partition`` is None for a table in one part."""

    partition: str | None
    files: _Count
    rows: _Count
    bytes: _Count


@dataclass(frozen=True, slots=True)
class TableDetails:
    """The page of a table. ``description`` is Markdown of the operator's, ``profile`` as in
    ``docs/profiles``: what the class of the table shows, and None where it has none."""

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    path: str
    description: str = ""
    columns: tuple[CatalogColumn, ...] = ()
    source: TableSource | None = None
    parts: tuple[TablePart, ...] = ()
    warnings: tuple[str, ...] = ()
    issues: tuple[Issue, ...] = ()
    profile: dict[str, Any] | None = field(default=None, hash=False)
    format: Literal[1] = FORMAT
