"""What a generation says of itself, read and checked by the same rules on broker and laptop."""

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
