"""Generations: stage, sign, flip, view, prune, roll back, verify."""

from .approvals import Approval, Approvals
from .diff import Diff, TableDiff, diff
from .manifest import DocumentEntry, ForeignKey, Manifest, Status, TableEntry
from .place import Generation
from .readers import Memory, Readers, Widening
from .render import Document, metadata_documents, schema_documents
from .retention import Retention
from .staging import Staging
from .store import Store
from .verify import Finding
from .views import NO_CLASS, Audience, cut

__all__ = [
    "NO_CLASS",
    "Approval",
    "Approvals",
    "Audience",
    "Diff",
    "Document",
    "DocumentEntry",
    "Finding",
    "ForeignKey",
    "Generation",
    "Manifest",
    "Memory",
    "Readers",
    "Retention",
    "Staging",
    "Status",
    "Store",
    "TableDiff",
    "TableEntry",
    "Widening",
    "cut",
    "diff",
    "metadata_documents",
    "schema_documents",
]
