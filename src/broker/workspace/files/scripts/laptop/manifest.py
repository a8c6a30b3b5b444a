"""The one reader of a manifest on a laptop: what it gives is safe to open, to quote and to show.

The account that signs manifests could be in an attacker's hands, so a signature that holds makes
nothing of this superfluous. What the broker may write stands in ``publish/manifest.py`` there.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path, PurePosixPath
from typing import Any

from .fields import (
    Fields,
    ManifestError,
    column_name,
    instant,
    items_of,
    plain_name,
    text,
    whole,
)
from .foreign.columns import sql_type
from .foreign.paths import checked_path, is_generation
from .foreign.strict_json import read_json

__all__ = ["Column", "File", "ForeignKey", "Manifest", "ManifestError", "Table", "read", "read_in"]

FORMAT = 1
NAME = "manifest.json"
STATUSES = ("ok", "empty", "failed", "held", "absent", "unreadable", "forbidden")
_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class File:
    """A file of the generation, by its path there."""

    path: str
    bytes: int
    sha256: str


@dataclass(frozen=True)
class Column:
    """``type`` is SQL."""

    name: str
    type: str
    description: str


@dataclass(frozen=True)
class ForeignKey:
    """``column`` holds values of ``references`` of ``table``."""

    column: str
    table: str
    references: str


@dataclass(frozen=True)
class Table:
    """What a laptop needs to know of a table. ``files`` are its rows, ``others`` the rest."""

    name: str
    path: str
    status: str
    error: str | None
    description: str
    columns: tuple[Column, ...]
    key: tuple[str, ...]
    foreign_keys: tuple[ForeignKey, ...]
    rows: int
    files: tuple[File, ...]
    others: tuple[File, ...]
    as_of: datetime | None
    freshness_seconds: int | None


@dataclass(frozen=True)
class Manifest:
    """A generation as this analyst may see it."""

    generation: str
    created_at: datetime
    tables: tuple[Table, ...]
    documents: tuple[File, ...]

    @property
    def files(self) -> dict[str, File]:
        """Every file that it answers for, by its path."""
        tables = [file for table in self.tables for file in (*table.files, *table.others)]
        return {file.path: file for file in (*self.documents, *tables)}

    @property
    def view_names(self) -> dict[str, str]:
        """The view of each table, by the table's path. Views differ in more than case.

        The name of the table where no other has it, else folder and name (``shop_orders``), and the
        path where that is taken.
        """
        names = Counter(table.name.lower() for table in self.tables)
        shared = {table.path for table in self.tables if names[table.name.lower()] > 1}
        joined = Counter(path.replace("/", "_").lower() for path in shared)
        found = {table.path: table.name for table in self.tables}
        for path in shared:
            name = path.replace("/", "_")
            is_taken = joined[name.lower()] > 1 or name.lower() in names
            found[path] = path if is_taken else name
        return found


def read_in(tree: Path) -> Manifest:
    """The manifest of a generation's folder; raises ``ManifestError``."""
    try:
        return read(read_json(tree / NAME))
    except ManifestError:
        raise
    except ValueError as error:
        raise ManifestError(NAME, str(error)) from None


def read(document: Any) -> Manifest:
    """A manifest from parsed JSON; raises ``ManifestError``."""
    fields = Fields(document, NAME)
    fields.take("format", _format)
    manifest = Manifest(
        generation=fields.take("generation", _generation),
        created_at=fields.take("created_at", instant),
        tables=fields.each("tables", _table),
        documents=fields.each("documents", _document),
    )
    fields.end("audience", "previous", "run", "broker")
    _check_once(manifest)
    return manifest


def _check_once(manifest: Manifest) -> None:
    """Two entries of one path would say two things of one file."""
    listed = [file for table in manifest.tables for file in (*table.files, *table.others)]
    paths = {file.path.lower() for file in (*listed, *manifest.documents)}
    if len(paths) < len(listed) + len(manifest.documents):
        raise ManifestError(NAME, "a path is listed twice, case aside")
    if paths & {str(folder) for path in paths for folder in PurePosixPath(path).parents}:
        raise ManifestError(NAME, "a file stands where a folder must be")
    if len({table.path.lower() for table in manifest.tables}) < len(manifest.tables):
        raise ManifestError(NAME, "two tables have one path, case aside")


def _table(fields: Fields) -> Table:
    path = fields.take("path", _path)
    others = (fields.one_or_null(key, _file) for key in ("reject_file", "change"))
    table = Table(
        name=fields.take("name", plain_name),
        path=path,
        status=fields.take("status", _status),
        error=fields.maybe("error", text),
        description=fields.take("description", text),
        columns=fields.one("schema", _columns),
        key=fields.take("key", _names),
        foreign_keys=fields.each("foreign_keys", _foreign_key),
        rows=fields.take("rows", whole),
        files=fields.each("files", _file),
        others=tuple(file for file in others if file is not None),
        as_of=fields.maybe("as_of", instant),
        freshness_seconds=fields.maybe("freshness_seconds", whole),
    )
    fields.end(*_UNUSED)
    _check_places(table, fields.place)
    return table


# What a manifest tells the broker itself.
_UNUSED = (
    "id",
    "access",
    "strategy",
    "dataset",
    "fingerprint",
    "partitioning",
    "rejects",
    "duplicates",
    "watermark",
    "loading",
    "origin",
    "question",
    "losses",
    "loaded_at",
    "warnings",
    "issues",
)


def _check_places(table: Table, place: str) -> None:
    """Rows stand below ``parquet/`` at the table's own path, rejects and changes beside them."""
    allowed = [(table.files, ("parquet",)), (table.others, ("rejects", "changes"))]
    for files, tops in allowed:
        for file in files:
            top, _, rest = file.path.partition("/")
            is_own = rest == f"{table.path}.parquet" or rest.startswith(f"{table.path}/")
            if top not in tops or not is_own:
                raise ManifestError(place, f"a file is not at the table's path: {file.path}")


def _columns(fields: Fields) -> tuple[Column, ...]:
    columns = fields.each("columns", _column)
    fields.end()
    return columns


def _column(fields: Fields) -> Column:
    column = Column(
        name=fields.take("name", column_name),
        type=fields.maybe("type", _type) or "VARCHAR",
        description=fields.take("description", text),
    )
    fields.end("nullable", "typed_by")
    return column


def _foreign_key(fields: Fields) -> ForeignKey:
    key = ForeignKey(
        column=fields.take("column", column_name),
        table=fields.take("table", text),
        references=fields.take("references", text),
    )
    fields.end("description")
    return key


def _file(fields: Fields) -> File:
    file = _listed(fields)
    fields.end("rows", "partition")
    return file


def _document(fields: Fields) -> File:
    file = _listed(fields)
    fields.end("access")
    if file.path.partition("/")[0] not in ("docs", "metadata"):
        raise ManifestError(fields.place, f"a document is not in docs or metadata: {file.path}")
    return file


def _listed(fields: Fields) -> File:
    return File(
        path=fields.take("path", _path),
        bytes=fields.take("bytes", whole),
        sha256=fields.take("sha256", _sha256),
    )


def _format(value: Any) -> int:
    if value != FORMAT or isinstance(value, bool):
        raise ValueError(f"expected {FORMAT}; found {value!r}")
    return FORMAT


def _generation(value: Any) -> str:
    if not is_generation(text(value)):
        raise ValueError(f"expected the name of a generation; found {value!r}")
    return str(value)


def _status(value: Any) -> str:
    if value not in STATUSES:
        raise ValueError(f"expected one of {', '.join(STATUSES)}")
    return str(value)


def _path(value: Any) -> str:
    try:
        return checked_path(text(value))
    except ValueError as error:
        raise ValueError(f"{error}; found {str(value)[:200]!r}") from None


def _type(value: Any) -> str:
    return sql_type(text(value))


def _sha256(value: Any) -> str:
    if not _SHA256.fullmatch(text(value)):
        raise ValueError("expected 64 hexadecimal digits")
    return str(value)


def _names(value: Any) -> tuple[str, ...]:
    return tuple(map(column_name, items_of(value)))
