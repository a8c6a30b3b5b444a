"""What a generation says of itself: one entry per table, exact as JSON and back.

The manifest is also the only state of the broker: watermarks stand beside the data they
describe, so one rename publishes both. Shapes only; nothing here touches a disk.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field, replace
from enum import StrEnum
from pathlib import PurePosixPath
from typing import Annotated, Any, ClassVar

from pydantic import (
    AfterValidator,
    ConfigDict,
    Field,
    TypeAdapter,
    ValidationError,
)

from .. import __version__
from ..errors import PublishError
from ..foreign.columns import sql_type
from ..foreign.paths import checked_path, is_generation
from ..foreign.strict_json import MOST_BYTES, parse_json
from ..foreign.text import escape_json, is_plain, shown
from ..tables.issues import Issue
from ..tables.model import DataFile, Partitioning
from ..tables.schema import TableSchema
from .instants import UtcInstant

__all__ = [
    "ChangeFile",
    "DocumentEntry",
    "ForeignKey",
    "Manifest",
    "Status",
    "TableEntry",
    "check_entry",
]

_FORMAT = 1


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

    @property
    def words(self) -> str:
        """What readers of the table are shown of it. Why, and where, is for operators."""
        return _STATUS_WORDS[self]


_STATUS_WORDS = {
    Status.OK: "as the source has it",
    Status.EMPTY: "empty at the source",
    Status.FAILED: "last load failed",
    Status.HELD: "waits for approval",
    Status.ABSENT: "gone from the source",
    Status.UNREADABLE: "unreadable at the source",
    Status.FORBIDDEN: "no longer allowed",
}


def _published(file: DataFile) -> DataFile:
    checked_path(file.path)
    if not _SHA256.fullmatch(file.sha256):
        raise ValueError("expected a sha256 of 64 hexadecimal digits")
    if not (0 <= file.bytes <= _MOST and 0 <= file.rows <= _MOST):
        raise ValueError("expected sizes from 0 to 2^63")
    return replace(file, is_new=False)


def _typed(schema: TableSchema) -> TableSchema:
    for column in schema.columns:
        _column_name(column.name)
        if column.type is not None:
            sql_type(column.type)
    return schema


def _column_name(name: str) -> str:
    if not 0 < len(name) <= _MOST_NAME or "\0" in name:
        raise ValueError(f"expected a column name of 1 to {_MOST_NAME:,} characters, without NUL")
    return name


def _plain_name(name: str) -> str:
    if not 0 < len(name) <= _MOST_NAME or not is_plain(name):
        raise ValueError("expected a name without invisible characters")
    return name


def _table_name(name: str) -> str:
    if "/" in name:
        raise ValueError("expected a name without slash")
    return _plain_name(name)


def _generation(name: str) -> str:
    if not is_generation(name):
        raise ValueError("expected the name of a generation")
    return name


# A laptop reads by these rules what a broker in an attacker's hands may have signed, so each value
# is safe to open, to quote and to show.
_MOST_NAME = 1_000
_MOST = 2**63
_Count = Annotated[int, Field(ge=0, le=_MOST)]
_Text = Annotated[str, Field(max_length=1_000_000)]
_Path = Annotated[str, AfterValidator(checked_path)]
_SHA256 = re.compile(r"[0-9a-f]{64}")
_Digest = Annotated[str, Field(pattern=r"^[0-9a-f]{16}$")]
_Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
_Generation = Annotated[str, AfterValidator(_generation)]
_Name = Annotated[str, AfterValidator(_plain_name)]
_TableName = Annotated[str, AfterValidator(_table_name)]
_ColumnName = Annotated[str, AfterValidator(_column_name)]
_Schema = Annotated[TableSchema, AfterValidator(_typed)]
_File = Annotated[DataFile, AfterValidator(_published)]


@dataclass(frozen=True, slots=True)
class ForeignKey:
    """``column`` holds values of the column ``references`` of ``table`` (an id, path or name)."""

    column: _ColumnName
    table: _Text
    references: _Text = ""
    description: _Text = ""


@dataclass(frozen=True, slots=True)
class ChangeFile:
    """A change file, which turns the version ``before`` into the next one.

    A version is named by a digest of its files. ``generation`` is the first that had the next one.
    """

    before: _Digest
    generation: _Generation
    file: _File


@dataclass(frozen=True, slots=True)
class TableEntry:
    """One table of a generation: what it is, what its rows are, and how it went.

    ``path`` is its place under ``parquet/`` without an ending (folder/name). ``as_of`` is the
    source's clock at the start of the extraction, ``loaded_at`` ours at its end, ``watermark``
    how far the rows reach. ``loading`` marks an initial load with chunks still missing: no
    view shows it. ``origin`` names the version of the source and all that was asked of it, so
    that the same is not read twice; ``question`` is a digest of each setting by which rows
    were read, and is the broker's own. ``changes`` are the change files of the last versions, each
    from one to the next, the newest last; older manifests have one at most, as ``change``.
    ``losses`` counts the rows that a held version would lose. ``access`` is ``NO_CLASS``
    where no analyst may know of the table, until a person approves who would read it. ``issues``
    are those that the last run found; older manifests have none. ``error`` is for operators: it may
    name places of the host, so the manifest of an audience has none.
    """

    id: _Name
    name: _TableName
    path: _Path
    access: str = "public"
    strategy: str = "full_refresh"
    status: Status = Status.OK
    error: _Text | None = None
    description: _Text = ""
    dataset: str | None = None
    schema: _Schema = field(default_factory=lambda: TableSchema(()))
    fingerprint: str = ""
    key: tuple[_ColumnName, ...] = ()
    partitioning: Partitioning | None = None
    foreign_keys: tuple[ForeignKey, ...] = ()
    rows: _Count = 0
    rejects: _Count = 0
    duplicates: _Count = 0
    files: tuple[_File, ...] = ()
    reject_file: _File | None = None
    change: _File | None = None
    changes: tuple[ChangeFile, ...] = ()
    watermark: UtcInstant | None = None
    loading: bool = False
    origin: str | None = None
    question: dict[_Text, _Digest] = field(default_factory=dict, hash=False)
    losses: _Count = 0
    as_of: UtcInstant | None = None
    loaded_at: UtcInstant | None = None
    freshness_seconds: _Count | None = None
    warnings: tuple[str, ...] = ()
    issues: tuple[Issue, ...] = ()

    @property
    def change_files(self) -> tuple[DataFile, ...]:
        """The files of all changes."""
        files = tuple(change.file for change in self.changes)
        return files if self.change is None else (self.change, *files)

    @property
    def all_files(self) -> tuple[DataFile, ...]:
        """Data, rejects and changes."""
        rejects = () if self.reject_file is None else (self.reject_file,)
        return (*self.files, *rejects, *self.change_files)

    @property
    def bytes(self) -> int:
        """What the data files weigh together."""
        return sum(file.bytes for file in self.files)


@dataclass(frozen=True, slots=True)
class DocumentEntry:
    """A file beside the data, by its path in the same tree.

    ``access`` is the class it belongs to; None where it was written for this very tree.
    """

    path: _Path
    bytes: _Count
    sha256: _Sha256
    access: str | None = None


@dataclass(frozen=True, slots=True)
class Manifest:
    """A generation, or what one audience may know of it (then ``audience`` names its classes).

    ``previous`` is the generation before. Nothing here counts over tables: such a number would
    tell an audience of tables that it may not know.
    """

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    generation: _Generation
    created_at: UtcInstant
    tables: tuple[TableEntry, ...] = ()
    documents: tuple[DocumentEntry, ...] = ()
    audience: tuple[str, ...] | None = None
    previous: _Generation | None = None
    run: str | None = None
    broker: str = __version__
    format: int = _FORMAT

    def table(self, table_id: str) -> TableEntry | None:
        """The entry of this id."""
        return next((entry for entry in self.tables if entry.id == table_id), None)

    @property
    def listed(self) -> tuple[DocumentEntry | DataFile, ...]:
        """Every file that it answers for, beside itself and its signature."""
        return (*self.documents, *(file for entry in self.tables for file in entry.all_files))

    @property
    def view_names(self) -> dict[str, str]:
        """The view of each table, by the table's path. Views differ in more than case.

        The name of the table where no other has it, else folder and name (``shop_orders``), and the
        path where that is taken.
        """
        names = Counter(entry.name.lower() for entry in self.tables)
        shared = {entry.path for entry in self.tables if names[entry.name.lower()] > 1}
        joined = Counter(path.replace("/", "_").lower() for path in shared)
        found = {entry.path: entry.name for entry in self.tables}
        for path in shared:
            name = path.replace("/", "_")
            is_taken = joined[name.lower()] > 1 or name.lower() in names
            found[path] = path if is_taken else name
        return found

    @property
    def is_good(self) -> bool:
        """Every table has the rows that its source has."""
        return all(entry.status.is_good for entry in self.tables)

    def to_json(self) -> bytes:
        """Stable bytes: the same manifest always gives the same.

        Raises ``PublishError`` if they are too many for a laptop's reader.
        """
        ordered = replace(
            self,
            tables=tuple(sorted(self.tables, key=lambda entry: entry.id)),
            documents=tuple(sorted(self.documents, key=lambda document: document.path)),
        )
        written = _ADAPTER.dump_json(ordered, indent=1, exclude=_NOT_WRITTEN) + b"\n"
        content = escape_json(written.decode()).encode()
        if len(content) > MOST_BYTES:
            raise PublishError(
                "the manifest is too long to be published",
                expected=f"{MOST_BYTES:,} bytes at most",
                found=f"{len(content):,} bytes in {len(self.tables):,} tables",
                remedy="Partition tables by month or year instead of by day.",
            )
        return content

    @classmethod
    def from_json(cls, content: bytes, *, where: str) -> Manifest:
        """Read it back; raises ``PublishError`` for anything that we cannot have written."""
        try:
            plain = parse_json(content)
        except ValueError as error:
            raise _unreadable(where, str(error)) from error
        _check_format(plain, where)
        try:
            manifest = _ADAPTER.validate_json(content, strict=True)
        except ValidationError as error:
            raise _unreadable(where, _first_problem(error)) from error
        for entry in manifest.tables:
            _check_places(entry, where)
        _check_paths(manifest, where)
        return manifest


def check_entry(entry: TableEntry) -> None:
    """Refuse an entry that could not be read back; raises ``PublishError``."""
    try:
        _ENTRY.validate_json(_ENTRY.dump_json(entry), strict=True)
    except (ValidationError, ValueError) as error:
        problem = _first_problem(error) if isinstance(error, ValidationError) else str(error)
        raise PublishError(
            "the table cannot be described in a manifest", where=entry.id, found=problem
        ) from error
    _check_places(entry, entry.id)


def _check_places(entry: TableEntry, where: str) -> None:
    """Rows stand below ``parquet/`` at the table's own path, rejects and changes beside them."""
    for name, files in (
        ("parquet", entry.files),
        ("rejects", (entry.reject_file,)),
        ("changes", entry.change_files),
    ):
        for file in files:
            if file is not None and not _is_own(file.path, f"{name}/{entry.path}"):
                raise PublishError(
                    "a file of a table must stand at the table's own path",
                    where=where,
                    expected=f"{name}/{entry.path}.parquet or a file below {name}/{entry.path}/",
                    found=shown(file.path),
                )


def _is_own(path: str, base: str) -> bool:
    return path == f"{base}.parquet" or path.startswith(f"{base}/")


def _check_paths(manifest: Manifest, where: str) -> None:
    """Two entries of one path would say two things of one file."""
    tops = ("docs", "metadata") if manifest.audience is not None else ("docs", "metadata", "state")
    for document in manifest.documents:
        if document.path.partition("/")[0] not in tops:
            raise _unreadable(
                where, f"a document stands outside {', '.join(tops)}: {document.path}"
            )
    paths = {file.path.lower() for file in manifest.listed}
    if len(paths) < len(manifest.listed):
        raise _unreadable(where, "a path is listed twice, case aside")
    if paths & {str(folder) for path in paths for folder in PurePosixPath(path).parents}:
        raise _unreadable(where, "a file stands where a folder must be")
    if len({entry.path.lower() for entry in manifest.tables}) < len(manifest.tables):
        raise _unreadable(where, "two tables have one path, case aside")


def _first_problem(error: ValidationError) -> str:
    first = error.errors(include_input=False, include_url=False)[0]
    place = ".".join(str(part) for part in first["loc"])
    return f"{place}: {first['msg']}"


_ADAPTER = TypeAdapter(Manifest)
_ENTRY = TypeAdapter(TableEntry)
_NOT_WRITTEN: Any = {
    "tables": {
        "__all__": {
            "files": {"__all__": {"is_new"}},
            "reject_file": {"is_new"},
            "change": {"is_new"},
            "changes": {"__all__": {"file": {"is_new"}}},
        }
    }
}


def _check_format(plain: Any, where: str) -> None:
    found = plain.get("format") if isinstance(plain, dict) else None
    if not isinstance(found, int):
        raise _unreadable(where, "no format number")
    if found > _FORMAT:
        raise PublishError(
            "the manifest was written by a newer broker",
            where=where,
            expected=f"format {_FORMAT} or older",
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
