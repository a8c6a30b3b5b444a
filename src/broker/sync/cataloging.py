"""What the catalogs of a run say beside its tables: what the instance says of them. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from ..catalog.facts import CatalogFacts, DatasetFacts, FolderFacts
from ..catalog.model import TableSource
from ..config import Instance, TableDescription

__all__ = ["facts_of"]


def facts_of(instance: Instance, tables: Iterable[TableDescription]) -> CatalogFacts:
    """What people see of datasets, folders and sources; no setting of a source, and no secret."""
    return CatalogFacts(
        datasets={
            name: DatasetFacts(one.label, one.description, one.size_hint, one.requires)
            for name, one in instance.datasets.items()
        },
        folders={name: FolderFacts(one.label) for name, one in instance.catalog.categories.items()},
        order=instance.catalog.order,
        classes=instance.class_names,
        sources={table.id: _source(instance, table) for table in tables},
    )


def _source(instance: Instance, table: TableDescription) -> TableSource:
    source = instance.source_of(table)
    return TableSource(source.name, source.type, table.id)
