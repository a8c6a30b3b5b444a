"""What a generation says of itself, read and checked by the same rules on broker and laptop."""

from .audience import NO_CLASS, Audience
from .changes import changes_since, extend_changes, version_of_files
from .model import (
    ChangeFile,
    DocumentEntry,
    ForeignKey,
    Manifest,
    Status,
    TableEntry,
    check_entry,
)

__all__ = [
    "NO_CLASS",
    "Audience",
    "ChangeFile",
    "DocumentEntry",
    "ForeignKey",
    "Manifest",
    "Status",
    "TableEntry",
    "changes_since",
    "check_entry",
    "extend_changes",
    "version_of_files",
]
