"""What a manifest says of its tables, as an agent reads it. Pure."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from ...errors import LaptopError
from ...foreign.text import prose
from ...manifest import Manifest, TableEntry
from ..ages import age_of, clock_warning, now_by
from ..query.catalog import ViewCatalog
from ..query.render import age_as_json
from .budget import with_list

__all__ = ["described", "fresh", "listed"]

_SUMMARY = 200
_TEXT = 2_000


def listed(manifest: Manifest, clock: datetime, search: str, skip: int) -> str:
    """The tables that have a word, from the one after ``skip``."""
    now = now_by(clock, manifest)
    found = [
        (view, entry)
        for view, entry in sorted(ViewCatalog.of(manifest).views.items())
        if _has(search, view, entry.path, entry.description, *entry.schema.names)
    ]
    tables = [_summary(view, entry, now) for view, entry in found[skip:]]
    head = {"generation": manifest.generation, "count": len(found)}
    return with_list(head, "tables", tables, "Give a word to search for, or skip those shown.")


def _has(search: str, *texts: str) -> bool:
    return any(search.lower() in text.lower() for text in texts)


def _summary(view: str, entry: TableEntry, now: datetime) -> dict[str, Any]:
    age = age_of(entry, view, now)
    return {
        "name": view,
        "description": prose(entry.description, _SUMMARY),
        "rows": entry.rows,
        "as_of": None if age.as_of is None else age.as_of.isoformat(),
        "problem": age.problem,
    }


def described(manifest: Manifest, clock: datetime, name: str, search: str) -> str:
    """One table; raises ``LaptopError`` with the name that was probably wanted."""
    catalog = ViewCatalog.of(manifest)
    view = catalog.find(name)
    if view is None:
        near = catalog.near(tuple(name.split(".")))
        raise LaptopError(
            "there is no such table",
            found=name,
            remedy=f"Did you mean {near}?" if near else "list_tables shows what there is.",
        )
    entry = catalog.views[view]
    head = {
        "generation": manifest.generation,
        "name": view,
        "description": prose(entry.description, _TEXT),
        "rows": entry.rows,
        "bytes": entry.bytes,
        "primary_key": list(entry.key),
        "partitioned_by": _partitions(entry),
        "foreign_keys": [
            {"column": one.column, "table": one.table, "references": one.references}
            for one in entry.foreign_keys[:50]
        ],
        "rejected_rows": entry.rejects,
        "freshness": age_as_json(age_of(entry, view, now_by(clock, manifest))),
    }
    columns = [
        {
            "name": column.name,
            "type": column.type,
            "may_be_null": column.nullable,
            "description": prose(column.description, _TEXT),
        }
        for column in entry.schema.columns
        if _has(search, column.name, column.description)
    ]
    return with_list(head, "columns", columns, "Give a word to search for in columns.")


def _partitions(entry: TableEntry) -> dict[str, Any] | None:
    if entry.partitioning is None:
        return None
    return {
        "column": entry.partitioning.column,
        "granularity": entry.partitioning.granularity,
        "files": len(entry.files),
    }


def fresh(manifest: Manifest, clock: datetime) -> str:
    """The age of all tables, those with a problem first."""
    now = now_by(clock, manifest)
    ages = [age_of(entry, view, now) for view, entry in ViewCatalog.of(manifest).views.items()]
    ages.sort(key=lambda age: (not age.is_stale, age.name))
    head = {
        "generation": manifest.generation,
        "made_at": manifest.created_at.isoformat(),
        "now": now.isoformat(),
        "with_problem": sum(age.is_stale for age in ages),
        "note": clock_warning(manifest, clock),
    }
    tables = [age_as_json(age) for age in ages]
    return with_list(head, "tables", tables, "Those left out are as promised, or see list_tables.")
