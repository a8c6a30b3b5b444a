"""What a person approved: losses that a held table may take, once.

Kept beside the generations in ``approvals.json``, and read by the run that follows. A person
approves a number of lost rows, not whatever may be lost by then.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from ..errors import PublishError
from ..files import write_atomic

__all__ = ["Approvals"]

_FILE = "approvals.json"


@dataclass(frozen=True)
class Approvals:
    """Rows that may be lost, by table id."""

    root: Path
    losses: Mapping[str, int]

    @classmethod
    def read(cls, root: Path) -> Approvals:
        """What was approved and not yet used; raises ``PublishError`` for an unreadable file."""
        path = root / _FILE
        try:
            losses = json.loads(path.read_bytes())
        except FileNotFoundError:
            losses = {}
        except ValueError as error:
            raise PublishError(
                "the approvals cannot be read",
                where=str(path),
                remedy="Remove the file and approve again.",
            ) from error
        return cls(root, losses)

    def of(self, table_id: str) -> int:
        """How many rows this table may lose; none unless somebody said so."""
        return self.losses.get(table_id, 0)

    def plus(self, table_id: str, rows: int) -> Approvals:
        """With one more."""
        return replace(self, losses={**self.losses, table_id: rows})

    def without(self, table_ids: Iterable[str]) -> Approvals:
        """After these tables were published: what was approved for them is used up."""
        used = set(table_ids)
        return replace(self, losses={k: v for k, v in self.losses.items() if k not in used})

    def write(self) -> None:
        """Keep it, if it is not what stands there already."""
        if self.losses != Approvals.read(self.root).losses:
            write_atomic(self.root / _FILE, json.dumps(self.losses, sort_keys=True), mode=0o600)
