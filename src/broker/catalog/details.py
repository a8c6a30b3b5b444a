"""The details of a table, from what a generation says of it. Pure.

They tell what the class of the table may know, so one file serves each audience that holds it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

from ..manifest import TableEntry
from ..tables.model import DataFile
from ..tables.schema import Column
from .model import LONGEST_TITLE, CatalogColumn, TableDetails, TablePart, TableSource

__all__ = ["columns_of", "details_basis", "details_of", "title_of"]

_REVISION = 2  # of the file: another one writes each anew
_ANY_TYPE = "VARCHAR"  # of a column for which no value ever came


def details_basis(entry: TableEntry, source: TableSource | None, profile: str | None) -> str:
    """A digest of all that the details follow from; ``profile`` is the SHA-256 of the profile."""
    follows = [
        _REVISION,
        entry.path,
        entry.description,
        [[one.name, one.type, one.description, one.nullable] for one in entry.schema.columns],
        [source.name, source.type, source.table] if source is not None else None,
        [[one.partition, one.rows, one.bytes] for one in entry.files],
        entry.warnings,
        [repr(issue) for issue in entry.issues],
        profile,
    ]
    return hashlib.sha256(json.dumps(follows).encode()).hexdigest()[:16]


def details_of(
    entry: TableEntry, source: TableSource | None, profile: Mapping[str, Any] | None
) -> TableDetails:
    """The details, in which no clock and no name of a generation stands but in the profile."""
    return TableDetails(
        path=entry.path,
        description=entry.description,
        columns=columns_of(entry.schema.columns),
        source=source,
        parts=tuple(_parts(entry.files)),
        warnings=entry.warnings,
        issues=entry.issues,
        profile=dict(profile) if profile is not None else None,
    )


def columns_of(columns: Sequence[Column]) -> tuple[CatalogColumn, ...]:
    """The columns of a table as a catalog shows them."""
    return tuple(
        CatalogColumn(one.name, one.type or _ANY_TYPE, one.description, one.nullable)
        for one in columns
    )


def title_of(description: str) -> str:
    """The first line of a description, without the marks of a heading; 200 characters at most."""
    line = next((one for one in map(str.strip, description.splitlines()) if one), "")
    title = line.lstrip("#").strip()
    return title if len(title) <= LONGEST_TITLE else title[: LONGEST_TITLE - 1] + "…"


def _parts(files: Sequence[DataFile]) -> list[TablePart]:
    found: dict[str | None, TablePart] = {}
    for file in files:
        before = found.get(file.partition, TablePart(file.partition, 0, 0, 0))
        found[file.partition] = TablePart(
            file.partition,
            before.files + 1,
            before.rows + file.rows,
            before.bytes + file.bytes,
        )
    return list(found.values())
