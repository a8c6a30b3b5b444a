"""What ``data_description.md`` says: which tables there are, and how each is kept."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, model_validator

from . import placeholders
from .columntypes import ColumnType
from .csvdialect import CsvDialect
from .values import (
    ClassName,
    DatasetName,
    Duration,
    Names,
    OneOrMore,
    SafeName,
    Section,
    Size,
    SourceName,
    TableId,
    Text,
    is_safe_name,
    is_table_id,
    unexpected,
)

__all__ = [
    "BigQueryTable",
    "CsvDialect",
    "Description",
    "DescriptionFile",
    "ForeignKeySection",
    "TableDescription",
    "WhereFilter",
]

NO_BUCKET = "main"


def _known_placeholders(value: str) -> str:
    if placeholders.unknown(value) is None:
        return value
    names = ", ".join(f"{{{{{name}}}}}" for name in placeholders.PLACEHOLDERS)
    return unexpected(f"text, with no other placeholders than {names}")


def _not_empty(values: tuple[str, ...]) -> tuple[str, ...]:
    return values or unexpected("at least one value")


class ForeignKeySection(Section):
    """A column that holds keys of another table."""

    column: Text = Field(description="Column of this table.")
    references: Text = Field(description="table.column: the table by name, folder/name or id.")
    description: str = Field(default="", description="What the relation means.")


class WhereFilter(Section):
    """A condition on one column that the source applies; several are joined by AND."""

    column: Text = Field(description="Column to compare.")
    operator: Literal["eq", "ne", "gt", "ge", "lt", "le", "in", "notIn"] = Field(
        default="eq", description="How to compare."
    )
    values: Annotated[
        OneOrMore[Annotated[str, AfterValidator(_known_placeholders)]],
        AfterValidator(_not_empty),
    ] = Field(
        description="What to compare with, as text. eq and ne take several as in and notIn do.",
    )

    def resolved(self, today: date) -> dict[str, Any]:
        """The condition as plain data, with placeholders as dates."""
        values = [placeholders.resolve(value, today) for value in self.values]
        return {"column": self.column, "operator": self.operator, "values": values}


class TombstoneSection(Section):
    """How a source marks a row that is deleted."""

    column: Text = Field(description="Column that holds the mark.")
    values: OneOrMore[str] = Field(
        default=("true", "True", "TRUE", "t", "1"),
        min_length=1,
        description="Values, as text, that mean: this row is deleted.",
    )


class BigQueryTable(Section):
    """How a table is read from BigQuery."""

    table: Text | None = Field(
        default=None, description="Table, as project.dataset.table. Default: the id."
    )
    query: Text | None = Field(
        default=None, description="A query instead of a table: one SELECT in GoogleSQL."
    )
    max_bytes_billed: Size | None = Field(
        default=None,
        description="Most that one read may be billed. Default: max_bytes_billed of the source.",
    )

    @model_validator(mode="after")
    def _one_origin(self) -> BigQueryTable:
        if self.table is not None and self.query is not None:
            unexpected("either a table or a query")
        return self


def _tolerated(name: str) -> Any:
    return Field(default=None, deprecated=True, description=f"No effect: {name}")


class TableDescription(Section):
    """One table: where it comes from, how it is kept, who may read it.

    Where its data comes from (source, input, filters), how it is fetched (strategy, windows),
    how it is stored (key, types, partitions), and what is promised of it.
    """

    id: TableId = Field(description="Name in the source, such as bucket.table.")
    name: SafeName = Field(
        default="", description="Name for analysts. Default: the last part of the id."
    )
    description: str = Field(default="", description="What a row is; shown in catalog and docs.")
    folder: SafeName | None = Field(
        default=None,
        description="Folder of the table. Default: folder_mapping of its bucket, else it.",
    )
    dataset: DatasetName | None = Field(
        default=None, description="Dataset of instance.yaml that the table belongs to."
    )
    access: ClassName = Field(
        default="public",
        description="Access class; wins over what instance.yaml says of its folder.",
    )
    source: SourceName | None = Field(
        default=None, description="Source of instance.yaml that the table comes from."
    )
    file: Text | None = Field(
        default=None,
        description="CSV: file, folder or pattern below the source's path. "
        "Default: the last part of the id, as .csv, .csv.gz and the like, or a folder.",
    )
    csv: CsvDialect = Field(default=CsvDialect(), description="CSV: how the files are written.")
    bigquery: BigQueryTable = Field(
        default=BigQueryTable(), description="BigQuery: what is read, and what that may cost."
    )
    primary_key: Names = Field(default=(), description="Column, or columns, that identify a row.")
    columns: Names = Field(default=(), description="Columns to fetch. Default: all.")
    types: dict[Text, ColumnType] = Field(
        default={}, description="Column to type, where the source is not to decide."
    )
    null_values: OneOrMore[str] = Field(
        default=(),
        description="Texts that mean NULL, besides an empty value without quotes; "
        '`""` is one with quotes.',
    )
    where_filters: tuple[WhereFilter, ...] = Field(
        default=(), description="Which rows to fetch; all conditions must hold."
    )
    row_filter: Text | None = Field(
        default=None,
        description="Which rows to fetch, as an SQL condition, where the source has SQL.",
    )
    sync_strategy: Literal["full_refresh", "incremental", "partitioned"] = Field(
        default="full_refresh",
        description="full_refresh fetches everything each time, incremental merges what changed "
        "by key, partitioned fetches recent partitions again.",
    )
    incremental_window_days: int = Field(
        default=7, ge=0, description="How far before the last sync an incremental one looks again."
    )
    incremental_column: Text | None = Field(
        default=None,
        description="Column that says when a row changed, where the source does not know.",
    )
    max_history_days: int | None = Field(
        default=None, ge=1, description="How far back the first load goes. Default: everything."
    )
    initial_load_chunk_days: int = Field(
        default=30, ge=1, description="Days that one step of the first load fetches."
    )
    partition_by: Text | None = Field(
        default=None, description="Date or time column by which rows are spread over files."
    )
    partition_granularity: Literal["day", "month", "year", "none"] | None = Field(
        default=None,
        description="Time that one partition spans. Default: month, given partition_by.",
    )
    deletions: Literal["full", "tombstone", "census", "append_only"] | None = Field(
        default=None,
        description="How rows deleted in the source are noticed: full, what was not fetched is "
        "gone; tombstone, the source sends a mark; census, keys are compared; append_only, "
        "nothing is ever deleted. Default: full, but for incremental nothing is noticed.",
    )
    tombstone: TombstoneSection | None = Field(
        default=None, description="The mark of a deleted row, where deletions is tombstone."
    )
    max_delete_fraction: float = Field(
        default=0.5, ge=0, le=1, description="Share of rows past which deletions wait for approval."
    )
    on_schema_change: Literal["evolve", "fail", "rebuild"] = Field(
        default="evolve", description="What to do when the source's columns are others than before."
    )
    max_rejects: int | None = Field(
        default=None,
        ge=0,
        description="Rejected rows past which it fails. Default: sync.max_rejects.",
    )
    freshness: Duration | None = Field(
        default=None, description="Promised age at most, such as 6h; older is reported."
    )
    timeout: Duration | None = Field(
        default=None,
        description="Time that its source has until the last row, such as 4h. "
        "Default: sync.table_timeout.",
    )
    foreign_keys: tuple[ForeignKeySection, ...] = Field(
        default=(), description="Columns that hold keys of other tables."
    )
    partition_column_type: Any = _tolerated("the type comes from the source or from types.")
    query_mode: Any = _tolerated("tables are always queried locally.")
    sync_schedule: Any = _tolerated("the timer decides when to sync.")
    profile_after_sync: bool = Field(
        default=True, description="Whether the catalog shows a profile of its values."
    )
    catalog_fqn: Any = _tolerated("the id names the table.")

    @model_validator(mode="before")
    @classmethod
    def _name_by_id(cls, data: Any) -> Any:
        given = data if isinstance(data, Mapping) else {}
        if given.get("name") is not None or not is_table_id(given.get("id")):
            return data
        name = given["id"].rpartition(".")[2]
        if not is_safe_name(name):
            unexpected("a 'name', because the last part of its id is not fit for a file name")
        return {**given, "name": name}

    @property
    def key(self) -> tuple[str, ...]:
        """The columns of the primary key; empty for a table without one."""
        return self.primary_key

    @property
    def bucket(self) -> str:
        """The id without its last part; empty where it has only one."""
        return self.id.rpartition(".")[0]

    @property
    def folder_name(self) -> str:
        """The folder of the table. ``load_description`` has applied ``folder_mapping`` to it."""
        return self.folder or self.bucket or NO_BUCKET

    @property
    def path(self) -> str:
        """``folder/name``: the table's place under ``parquet/``."""
        return f"{self.folder_name}/{self.name}"

    @property
    def granularity(self) -> Literal["day", "month", "year"] | None:
        """What one partition spans; None for a table that is not partitioned."""
        if self.partition_by is None or self.partition_granularity == "none":
            return None
        return self.partition_granularity or "month"

    @property
    def may_lose(self) -> float:
        """The share of its rows that a sync may take away without approval."""
        return 0.0 if self.deletions == "append_only" else self.max_delete_fraction

    def filters(self, today: date) -> tuple[dict[str, Any], ...]:
        """The conditions of ``where_filters`` as plain data, with placeholders as dates."""
        return tuple(one.resolved(today) for one in self.where_filters)

    @property
    def options(self) -> dict[str, Any]:
        """What only a kind of source understands: ``file``, and its own keys as written."""
        file = {} if self.file is None else {"file": self.file}
        own = (self.csv, self.bigquery)
        return {
            **file,
            **{k: v for one in own for k, v in one.model_dump(exclude_unset=True).items()},
        }


class DescriptionFile(Section):
    """A YAML block of ``data_description.md`` or of a file in ``docs/datasets``."""

    folder_mapping: dict[Text, SafeName] = Field(
        default={}, description="Bucket to the folder that its tables are in."
    )
    tables: tuple[TableDescription, ...] = Field(default=(), description="The tables.")


@dataclass(frozen=True)
class Description:
    """All tables of an instance. ``places`` is where each stands (file:line), by table id."""

    tables: tuple[TableDescription, ...]
    folder_mapping: Mapping[str, str] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    places: Mapping[str, str] = field(default_factory=dict)

    def __iter__(self) -> Iterator[TableDescription]:
        """The tables, in the order in which they are described."""
        return iter(self.tables)

    def table(self, name: str) -> TableDescription | None:
        """The table of this id, ``folder/name`` or, where only one has it, name."""
        exact = [one for one in self.tables if name in (one.id, one.path)]
        named = [one for one in self.tables if one.name == name]
        if exact:
            return exact[0]
        return named[0] if len(named) == 1 else None
