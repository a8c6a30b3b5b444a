"""Generations: stage, sign, flip, view, prune, roll back, verify."""

from .diff import Diff, TableDiff, diff
from .manifest import DocumentEntry, ForeignKey, Manifest, Status, TableEntry
from .place import Generation
from .render import Document, metadata_documents, schema_documents
from .retention import Retention
from .staging import Staging
from .store import Store
from .verify import Finding
from .views import PUBLIC, Audience, cut

__all__ = [
    "PUBLIC",
    "Audience",
    "Diff",
    "Document",
    "DocumentEntry",
    "Finding",
    "ForeignKey",
    "Generation",
    "Manifest",
    "Retention",
    "Staging",
    "Status",
    "Store",
    "TableDiff",
    "TableEntry",
    "cut",
    "diff",
    "metadata_documents",
    "schema_documents",
]
