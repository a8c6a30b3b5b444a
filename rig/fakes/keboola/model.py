"""What a project holds, rows aside."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from ..stores.store import StoredFile
from .clock import shown
from .native import TEXT, NativeType

__all__ = ["Bucket", "Column", "File", "Metadata", "Table", "metadata_ids"]

_versions = itertools.count(1)
metadata_ids = itertools.count(207_947_778)


@dataclass
class Metadata:
    """One entry; the same key may stand there once for each provider."""

    key: str
    value: str
    provider: str
    timestamp: datetime
    id: int = field(default_factory=lambda: next(metadata_ids))

    def body(self) -> dict[str, Any]:
        """As the API shows it."""
        body = {"id": str(self.id), "key": self.key, "value": self.value}
        return {**body, "provider": self.provider, "timestamp": shown(self.timestamp)}


@dataclass
class Bucket:
    """A bucket; ``name`` includes the ``c-``."""

    name: str
    stage: str
    created: datetime
    description: str = ""
    display_name: str = ""
    backend: str = "snowflake"
    metadata: list[Metadata] = field(default_factory=list)

    @property
    def id(self) -> str:
        """``in.c-main``."""
        return f"{self.stage}.{self.name}"


@dataclass(frozen=True)
class Column:
    """A column; one of an untyped table is text that is never NULL."""

    name: str
    type: NativeType = TEXT
    nullable: bool = False
    default: str | None = None

    def definition(self) -> dict[str, Any]:
        """As a typed table's ``definition`` shows it."""
        inner: dict[str, Any] = {"type": self.type.name, "nullable": self.nullable}
        if self.type.length is not None:
            inner["length"] = self.type.length
        if self.default is not None:
            inner["default"] = self.default
        body = {"name": self.name, "basetype": self.type.base}
        return {**body, "definition": inner, "canBeFiltered": True}


@dataclass(frozen=True)
class Alias:
    """What an alias shows of its source."""

    source: str
    columns: tuple[str, ...] = ()
    where: tuple[Mapping[str, Any], ...] = ()


@dataclass
class Table:
    """A table; its rows are in ``Rows``. ``version`` is of its data, and no other table's."""

    bucket: Bucket
    name: str
    columns: list[Column]
    created: datetime
    primary_key: list[str] = field(default_factory=list)
    is_typed: bool = False
    display_name: str = ""
    last_import: datetime | None = None
    last_change: datetime | None = None
    rows: int = 0
    bytes: int = 0
    version: int = field(default_factory=lambda: next(_versions))
    metadata: list[Metadata] = field(default_factory=list)
    column_metadata: dict[str, list[Metadata]] = field(default_factory=dict)
    alias: Alias | None = None
    ready: tuple[Path, ...] = ()  # slices made beforehand, in place of rows

    @property
    def id(self) -> str:
        """``in.c-main.orders``."""
        return f"{self.bucket.id}.{self.name}"

    @property
    def names(self) -> list[str]:
        """The columns' names, in the table's order."""
        return [column.name for column in self.columns]

    def changed(self, now: datetime, rows: int, size: int) -> None:
        """Note that the data is not what it was."""
        self.rows, self.bytes, self.last_change = rows, size, now
        self.version = next(_versions)

    def column(self, name: str) -> Column | None:
        """A column by name."""
        return next((column for column in self.columns if column.name == name), None)


@dataclass
class File:
    """A file of the project: an upload or an export."""

    stored: StoredFile
    created: datetime
    tags: list[str]
    bytes: int = 0
    file_type: str = "csv"
    is_permanent: bool = False
    is_public: bool = False
    is_encrypted: bool = True
    max_age_days: int | None = 15
    table: str | None = None
    slices: list[str] = field(default_factory=list)  # keys in manifest order
    run_id: str | None = None
