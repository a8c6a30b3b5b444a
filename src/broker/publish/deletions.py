"""What a held version of a table would take away, as the table's note keeps it for a person."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..errors import PublishError
from ..foreign.strict_json import parse_json
from ..manifest import Status, TableEntry
from .store_layout import Generation

__all__ = ["DELETION", "LOST_KEYS", "Deletion", "deletion_note", "deletion_of"]

# Among the notes of a table, which only its readers may read.
LOST_KEYS = "lost_keys"
DELETION = "deletion"
_WHATS = ("deletion", "columns")
_SHORT = 12


@dataclass(frozen=True, slots=True)
class Deletion:
    """The rows that would go.

    ``what`` is ``deletion``, or ``columns`` where the source delivers other columns, so that every
    row would go. ``digest`` names these rows and no others (see ``tables.losses``); empty where an
    older release held the table. ``keys`` are some of their keys.
    """

    what: str
    rows: int
    digest: str
    keys: Sequence[Mapping[str, Any]] = ()

    @property
    def short(self) -> str:
        """The beginning of the digest, for people."""
        return self.digest[:_SHORT]

    @property
    def words(self) -> str:
        """What an approval lets happen."""
        rows = f"{self.rows:,} {'row' if self.rows == 1 else 'rows'} would go"
        if self.what == "columns":
            rows = f"all {rows}, as the source delivers other columns"
        if self.digest:
            return f"{rows} ({self.short})"
        return f"{rows}; an older release held them and did not record which: sync again first"


def deletion_note(deletion: Deletion | None) -> Mapping[str, Any]:
    """What a table's metadata says of it: key values are row values, and stand nowhere else."""
    if deletion is None:
        return {}
    known = {DELETION: {"what": deletion.what, "digest": deletion.digest}}
    keys = {LOST_KEYS: deletion.keys} if deletion.keys else {}
    return {**(known if deletion.digest else {}), **keys}


def deletion_of(generation: Generation, entry: TableEntry) -> Deletion | None:
    """Read it back; None where no row would go, or the caller may not read the table.

    Raises ``PublishError`` where the metadata are not as a sync wrote them.
    """
    if entry.status is not Status.HELD or not entry.losses:
        return None
    path = f"metadata/{entry.path}.json"
    try:
        return _deletion(parse_json(generation.read(path), rows=True), entry.losses)
    except OSError:
        return None
    except ValueError as error:
        raise PublishError(
            "the metadata of a table cannot be read",
            where=str(generation.path / path),
            found=str(error),
            remedy="See `broker verify`, then run the sync again.",
        ) from error


def _deletion(metadata: Any, rows: int) -> Deletion:
    keys = metadata.get(LOST_KEYS, []) if isinstance(metadata, dict) else None
    if not isinstance(keys, list) or not all(isinstance(key, dict) for key in keys):
        raise ValueError(f"{LOST_KEYS} is not a list of keys")
    known = metadata.get(DELETION, {"what": "deletion", "digest": ""})
    if not isinstance(known, dict) or known.keys() != {"what", "digest"}:
        raise ValueError(f"{DELETION} is not what a sync writes")
    what, digest = known["what"], known["digest"]
    if what not in _WHATS or not re.fullmatch(r"(?:[0-9a-f]{64})?", str(digest)):
        raise ValueError(f"{DELETION} has an unknown kind or no digest")
    return Deletion(what, rows, digest, keys)
