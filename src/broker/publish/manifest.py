"""What a generation says of itself: one entry per table, exact as JSON and back.

The manifest is also the only state of the broker: watermarks stand beside the data they
describe, so one rename publishes both. Shapes only; nothing here touches a disk.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from datetime import UTC
from enum import StrEnum
from typing import Annotated, Any, ClassVar

from pydantic import AfterValidator, AwareDatetime, ConfigDict, TypeAdapter, ValidationError

from .. import __version__
from ..errors import PublishError
from ..tables.model import DataFile, Partitioning
from ..tables.schema import TableSchema

__all__ = ["FORMAT", "DocumentEntry", "ForeignKey", "Manifest", "Status", "TableEntry"]

FORMAT = 1


class Status(StrEnum):
    """How a table stands. All but ``ok`` and ``empty`` keep the last good rows, if there are any.

    ``absent`` (the source has no such table), ``empty`` (it has one, without rows),
    ``unreadable`` (it has one, but what came is not whole) and ``forbidden`` (it no longer lets
    us look) are four different things; ``held`` waits for a person's approval.
    """

    OK = "ok"
    EMPTY = "empty"
    FAILED = "failed"
    HELD = "held"
    ABSENT = "absent"
    UNREADABLE = "unreadable"
    FORBIDDEN = "forbidden"

    @property
    def is_good(self) -> bool:
        """The rows are those that the source has."""
        return self in (Status.OK, Status.EMPTY)


def _published(file: DataFile) -> DataFile:
    return replace(file, is_new=False)


def _utc(instant: AwareDatetime) -> AwareDatetime:
    return instant.astimezone(UTC)


_File = Annotated[DataFile, AfterValidator(_published)]
_Instant = Annotated[AwareDatetime, AfterValidator(_utc)]


@dataclass(frozen=True, slots=True)
class ForeignKey:
    """``column`` holds values of the column ``references`` of ``table`` (an id, path or name)."""

    column: str
    table: str
    references: str = ""
    description: str = ""


@dataclass(frozen=True, slots=True)
class TableEntry:
    """One table of a generation: what it is, what its rows are, and how it went.

    ``path`` is its place under ``parquet/`` without an ending (folder/name). ``as_of`` is the
    source's clock at the start of the extraction, ``loaded_at`` ours at its end, ``watermark``
    how far the rows reach. ``loading`` marks an initial load with chunks still missing: no
    view shows it. ``origin`` names the version of the source and all that was asked of it, so
    that the same is not read twice. ``change`` is the change file against the generation
    before. ``losses`` counts the rows that a held version would lose.
    """

    id: str
    name: str
    path: str
    access: str = "public"
    strategy: str = "full_refresh"
    status: Status = Status.OK
    error: str | None = None
    description: str = ""
    dataset: str | None = None
    schema: TableSchema = field(default_factory=lambda: TableSchema(()))
    fingerprint: str = ""
    key: tuple[str, ...] = ()
    partitioning: Partitioning | None = None
    foreign_keys: tuple[ForeignKey, ...] = ()
    rows: int = 0
    rejects: int = 0
    duplicates: int = 0
    files: tuple[_File, ...] = ()
    reject_file: _File | None = None
    change: _File | None = None
    watermark: _Instant | None = None
    loading: bool = False
    origin: str | None = None
    losses: int = 0
    as_of: _Instant | None = None
    loaded_at: _Instant | None = None
    freshness_seconds: int | None = None
    warnings: tuple[str, ...] = ()

    @property
    def all_files(self) -> tuple[DataFile, ...]:
        """Data, rejects and changes."""
        extra = (file for file in (self.reject_file, self.change) if file is not None)
        return (*self.files, *extra)

    @property
    def bytes(self) -> int:
        """What the data files weigh together."""
        return sum(file.bytes for file in self.files)


@dataclass(frozen=True, slots=True)
class DocumentEntry:
    """A file beside the data, by its path in the same tree.

    ``access`` is the class it belongs to; None where it was written for this very tree.
    """

    path: str
    bytes: int
    sha256: str
    access: str | None = None


@dataclass(frozen=True, slots=True)
class Manifest:
    """A generation, or what one audience may know of it (then ``audience`` names its classes).

    ``previous`` is the generation before. Nothing here counts over tables: such a number would
    tell an audience of tables that it may not know.
    """

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    generation: str
    created_at: _Instant
    tables: tuple[TableEntry, ...] = ()
    documents: tuple[DocumentEntry, ...] = ()
    audience: tuple[str, ...] | None = None
    previous: str | None = None
    run: str | None = None
    broker: str = __version__
    format: int = FORMAT

    def table(self, table_id: str) -> TableEntry | None:
        """The entry of this id."""
        return next((entry for entry in self.tables if entry.id == table_id), None)

    @property
    def is_good(self) -> bool:
        """Every table has the rows that its source has."""
        return all(entry.status.is_good for entry in self.tables)

    def to_json(self) -> bytes:
        """Stable bytes: the same manifest always gives the same."""
        ordered = replace(
            self,
            tables=tuple(sorted(self.tables, key=lambda entry: entry.id)),
            documents=tuple(sorted(self.documents, key=lambda document: document.path)),
        )
        return _ADAPTER.dump_json(ordered, indent=1, exclude=_NOT_WRITTEN) + b"\n"

    @classmethod
    def from_json(cls, content: bytes, *, where: str) -> Manifest:
        """Read it back; raises ``PublishError`` for anything that we cannot have written."""
        try:
            plain = json.loads(content)
        except ValueError as error:
            raise _unreadable(where, str(error)) from error
        _check_format(plain, where)
        try:
            return _ADAPTER.validate_python(plain)
        except ValidationError as error:
            first = error.errors(include_input=False, include_url=False)[0]
            place = ".".join(str(part) for part in first["loc"])
            raise _unreadable(where, f"{place}: {first['msg']}") from error


_ADAPTER = TypeAdapter(Manifest)
_NOT_WRITTEN: Any = {
    "tables": {
        "__all__": {
            "files": {"__all__": {"is_new"}},
            "reject_file": {"is_new"},
            "change": {"is_new"},
        }
    }
}


def _check_format(plain: Any, where: str) -> None:
    found = plain.get("format") if isinstance(plain, dict) else None
    if not isinstance(found, int):
        raise _unreadable(where, "no format number")
    if found > FORMAT:
        raise PublishError(
            "the manifest was written by a newer broker",
            where=where,
            expected=f"format {FORMAT} or older",
            found=f"format {found}",
            remedy="Install that release again, or roll back to an older generation.",
        )


def _unreadable(where: str, found: str) -> PublishError:
    return PublishError(
        "the manifest cannot be read",
        where=where,
        found=found,
        remedy="See `broker verify`, then `broker rollback` to a generation that is whole.",
    )
