"""The index of an audience, from a manifest that was cut down to it. Pure.

All that it says follows from tables that the audience sees, and from what the instance says of
their datasets and folders: whatever other tables there are, it is the same.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping

from ..manifest import Audience, Manifest, TableEntry
from ..manifest.references import References
from ..metrics.bound import BoundMetrics, names_of
from .details import columns_of, title_of
from .facts import CatalogFacts, CatalogNotes, DatasetFacts, FolderFacts
from .model import (
    CatalogDataset,
    CatalogFolder,
    CatalogIndex,
    CatalogMetric,
    CatalogTable,
    Relation,
)

__all__ = ["index_of"]


def index_of(
    known: Manifest, audience: Audience, notes: CatalogNotes, bound: BoundMetrics
) -> CatalogIndex:
    """The index; ``known`` is what the audience may know, ``notes.details`` has all its tables."""
    facts, views = notes.facts, known.view_names
    folders = tuple(_folders(known.tables, facts))
    rank = {one.name: at for at, one in enumerate(folders)}
    ordered = sorted(known.tables, key=lambda one: (rank[_folder(one)], one.path))
    return CatalogIndex(
        generation=known.generation,
        created_at=known.created_at,
        classes=audience.names,
        tables=tuple(_table(one, views[one.path], notes) for one in ordered),
        relations=tuple(_relations(ordered)),
        datasets=tuple(_datasets(known.tables, audience, facts)),
        folders=folders,
        metrics=tuple(_metrics(known, notes, bound)),
        broker=known.broker,
    )


def _table(entry: TableEntry, view: str, notes: CatalogNotes) -> CatalogTable:
    mark, content = notes.details[entry.path], notes.contents.get(entry.id)
    return CatalogTable(
        path=entry.path,
        id=entry.id,
        name=entry.name,
        view=view,
        access=entry.access,
        sha256=mark.sha256,
        title=title_of(entry.description),
        dataset=entry.dataset,
        rows=entry.rows,
        bytes=entry.bytes,
        columns=columns_of(entry.schema.columns),
        key=entry.key,
        partitioning=entry.partitioning,
        strategy=entry.strategy,
        status=entry.status,
        as_of=entry.as_of,
        loaded_at=entry.loaded_at,
        changed_at=content.since if content is not None else None,
        watermark=entry.watermark,
        freshness_seconds=entry.freshness_seconds,
        warnings=len(entry.warnings),
        rejects=entry.rejects,
        duplicates=entry.duplicates,
        alerts=mark.alerts,
    )


def _relations(tables: Iterable[TableEntry]) -> Iterator[Relation]:
    listed = list(tables)
    references = References(listed)
    for entry in listed:
        for key in entry.foreign_keys:
            target = references.target(key)
            if target is not None:
                column = references.column(key)
                yield Relation(entry.path, key.column, target.path, column, key.description)


def _datasets(
    tables: Iterable[TableEntry], audience: Audience, facts: CatalogFacts
) -> Iterator[CatalogDataset]:
    inside = defaultdict[str, list[TableEntry]](list)
    for entry in tables:
        if entry.dataset is not None:
            inside[entry.dataset].append(entry)
    shown = {*inside, *audience.names}
    sees_all = all(map(audience.sees, facts.classes))
    for name in dict.fromkeys([*facts.datasets, *sorted(inside)]):
        one = facts.datasets.get(name, DatasetFacts())
        if name in inside:
            yield CatalogDataset(
                name,
                one.label,
                one.description,
                one.size_hint if sees_all else "",
                tuple(other for other in one.requires if other in shown),
                len(inside[name]),
                sum(entry.bytes for entry in inside[name]),
            )


def _folders(tables: Iterable[TableEntry], facts: CatalogFacts) -> Iterator[CatalogFolder]:
    """Those that ``order`` names first, then the others by name: none is left out."""
    found = {_folder(entry) for entry in tables}
    for name in dict.fromkeys([*(one for one in facts.order if one in found), *sorted(found)]):
        one = facts.folders.get(name, FolderFacts())
        yield CatalogFolder(name, one.label)


def _metrics(known: Manifest, notes: CatalogNotes, bound: BoundMetrics) -> Iterator[CatalogMetric]:
    names = names_of(known)
    paths: Mapping[str, str] = {one.id: one.path for one in known.tables}
    for one in sorted(bound.metrics, key=lambda one: one.metric.name):
        binding, metric = one.fitting(names), one.metric
        if binding is None:
            continue
        past = notes.metrics.get(metric.name)
        yield CatalogMetric(
            name=metric.name,
            title=metric.title,
            sql=metric.sql,
            description=metric.description,
            unit=metric.unit,
            grain=metric.grain,
            time_column=metric.time_column,
            owner=metric.owner,
            synonyms=metric.synonyms,
            columns=metric.columns,
            tables=tuple(sorted({paths[table] for table in binding.values()})),
            result=past.result if past else None,
            problem=past.problem if past else "",
            history=past.history if past else (),
        )


def _folder(entry: TableEntry) -> str:
    return entry.path.rpartition("/")[0]
