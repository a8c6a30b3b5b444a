"""The documents that every generation has: schemas for people and agents, metadata per table.

No clock stands in any of them, so that they stay hard links while nothing changes.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

from ..config.values import dataset_file
from ..config.yaml_text import readable_yaml
from ..foreign.text import readable_json
from ..manifest import NO_CLASS, Audience, DocumentEntry, Manifest, TableEntry
from ..metrics.bound import BOUND, BoundMetrics, metric_documents
from ..tables.schema import Column
from ..view_sql import view_script, view_statements
from .views import cut

__all__ = [
    "KeptDocument",
    "RenderedDocument",
    "bound_document",
    "metadata_documents",
    "schema_documents",
    "with_metrics",
]

# libyaml's emitter is some ten times faster, and PyYAML's wheels all carry it.
_Dumper: Any = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
_TABLES = "tables:\n"
_FOLDER = Path("server")  # where an analyst has what the broker shows
_HOW_TO_USE = (
    "A view of each table, for any DuckDB from 1.0 on, without the program of the broker.",
    "In the folder that has server/ in it: duckdb -init server/docs/views.sql",
)


@dataclass(frozen=True, slots=True)
class RenderedDocument:
    """A file to publish beside the data, readable to one class wherever it stands.

    Without a class it stands in no view.
    """

    access: str | None
    content: bytes


@dataclass(frozen=True, slots=True)
class KeptDocument:
    """A file of the generation before that is the same in this one: neither read nor written."""

    entry: DocumentEntry


def schema_documents(manifest: Manifest) -> Mapping[str, bytes]:
    """``docs/schema.yml``, one file for each dataset, and ``docs/views.sql``.

    All of the tables in this manifest. The views are for a laptop that has the files and DuckDB
    alone: of ``server/parquet`` as seen from the analyst's folder.
    """
    files: dict[str, list[TableEntry]] = defaultdict(list, {"docs/schema.yml": []})
    for entry in manifest.tables:
        files["docs/schema.yml"].append(entry)
        if entry.dataset is not None:
            files[dataset_file(entry.dataset)].append(entry)
    views = view_script(view_statements(manifest, _FOLDER), *_HOW_TO_USE)
    return {path: _yaml(entries) for path, entries in files.items()} | {"docs/views.sql": views}


def metadata_documents(
    manifest: Manifest, notes: Mapping[str, Mapping[str, Any]] | None = None
) -> Mapping[str, RenderedDocument]:
    """``metadata/<path>.json`` of every table, in the table's own class.

    One file serves every audience that holds the class, so it tells what the class alone may
    know. ``notes`` are more facts about a table, by its id.
    """
    more = notes or {}
    documents = {}
    for access in {entry.access for entry in manifest.tables} - {NO_CLASS}:
        for entry in cut(manifest, Audience.of([access])).tables:
            if entry.access == access:
                facts = {**_metadata(entry), **more.get(entry.id, {})}
                content = (readable_json(facts, indent=1) + "\n").encode()
                documents[f"metadata/{entry.path}.json"] = RenderedDocument(access, content)
    return documents


def with_metrics(
    describe: Callable[[Manifest], Mapping[str, bytes]], metrics: BoundMetrics
) -> Callable[[Manifest], Mapping[str, bytes]]:
    """The documents of ``describe`` for each tree, and the metrics that its readers may know."""
    return lambda manifest: {**describe(manifest), **metric_documents(metrics, manifest)}


def bound_document(metrics: BoundMetrics) -> Mapping[str, RenderedDocument]:
    """From what a view that is built later gets its metrics; nothing where there are none."""
    if not metrics.metrics and not metrics.warnings:
        return {}
    return {BOUND: RenderedDocument(None, metrics.to_json())}


def _yaml(entries: Iterable[TableEntry]) -> bytes:
    tables = [_yaml_of(entry) for entry in sorted(entries, key=lambda e: e.path)]
    return "".join([_TABLES, *tables] if tables else ["tables: {}\n"]).encode()


@lru_cache(maxsize=4096)
def _yaml_of(entry: TableEntry) -> str:
    """A table as a part of the file: each view and each dataset shows the same ones again."""
    tables = {"tables": {entry.path: _describe(entry)}}
    return readable_yaml(tables, _Dumper, width=100).removeprefix(_TABLES)


def _describe(entry: TableEntry) -> dict[str, Any]:
    """A table as ``schema.yml`` tells it; what is empty is left out."""
    facts = {
        "id": entry.id,
        "name": entry.name,
        "description": entry.description,
        "dataset": entry.dataset,
        "access": entry.access,
        "status": str(entry.status),
        "rows": entry.rows,
        "files": _pattern(entry),
        "primary_key": list(entry.key),
        "partitioning": asdict(entry.partitioning) if entry.partitioning else None,
        "columns": [_column(column) for column in entry.schema.columns],
        "foreign_keys": [_without_empty(asdict(key)) for key in entry.foreign_keys],
    }
    return _without_empty(facts)


def _pattern(entry: TableEntry) -> str | None:
    """What to give to ``read_parquet``."""
    paths = [file.path for file in entry.files]
    if len(paths) == 1:
        return paths[0]
    return f"parquet/{entry.path}/*.parquet" if paths else None


def _without_empty(values: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value not in (None, "", [])}


def _column(column: Column) -> dict[str, Any]:
    facts = {"name": column.name, "type": column.type, "nullable": column.nullable}
    return facts | ({"description": column.description} if column.description else {})


def _metadata(entry: TableEntry) -> dict[str, Any]:
    return {
        **_describe(entry),
        "path": entry.path,
        "strategy": entry.strategy,
        "rejects": entry.rejects,
        "duplicates": entry.duplicates,
        "bytes": entry.bytes,
        "schema_fingerprint": entry.fingerprint,
        "parts": [
            {"path": file.path, "partition": file.partition, "rows": file.rows, "bytes": file.bytes}
            for file in entry.files
        ],
        "warnings": list(entry.warnings),
        "issues": [asdict(issue) for issue in entry.issues],
    }
