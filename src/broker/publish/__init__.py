"""Generations: stage, sign, flip, view, prune, roll back, verify."""

from ..manifest import NO_CLASS, Audience
from .approvals import Approval, Approvals
from .deletions import Deletion, deletion_of
from .diff import Diff, TableDiff, diff
from .readers import Memory, Readers, Widening
from .render import RenderedDocument, metadata_documents, schema_documents
from .retention import PruneRule
from .staging import Staging
from .store import Store
from .store_layout import Generation
from .verify import Defect
from .views import cut

__all__ = [
    "NO_CLASS",
    "Approval",
    "Approvals",
    "Audience",
    "Defect",
    "Deletion",
    "Diff",
    "Generation",
    "Memory",
    "PruneRule",
    "Readers",
    "RenderedDocument",
    "Staging",
    "Store",
    "TableDiff",
    "Widening",
    "cut",
    "deletion_of",
    "diff",
    "metadata_documents",
    "schema_documents",
]
