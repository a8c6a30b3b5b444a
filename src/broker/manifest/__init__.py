"""What a generation says of itself, read and checked by the same rules on broker and laptop."""

from .model import DocumentEntry, ForeignKey, Manifest, Status, TableEntry, check_entry

__all__ = ["DocumentEntry", "ForeignKey", "Manifest", "Status", "TableEntry", "check_entry"]
