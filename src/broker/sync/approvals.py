"""What a person approved: losses that a held table may take, once.

One file per table in ``approvals/`` of the store, with a number of rows: an approval that is
broken concerns its own table alone. A person approves a number of lost rows, not whatever may be
lost by then.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from urllib.parse import quote

from ..beneath import read_file
from ..files import write_atomic
from ..publish import Store
from ..publish.place import publish_errors
from .breaker import Approval

__all__ = ["Approvals"]

_ROWS = re.compile(rb"[0-9]{1,18}\n")


class Approvals:
    """Rows that may be lost, by table id."""

    def __init__(self, store: Store) -> None:
        """Nothing is read yet."""
        self._store = store
        self._folder = store.place.approvals

    def of(self, table_id: str) -> Approval:
        """How many rows this table may lose; none where nothing was approved, or not readably."""
        path = self._folder / _name(table_id)
        try:
            content = read_file(self._store.root, f"{self._folder.name}/{path.name}")
        except FileNotFoundError:
            return Approval()
        except OSError as error:
            return Approval(problem=f"{path}: {error.strerror}")
        if not _ROWS.fullmatch(content):
            return Approval(problem=f"{path}: is not a number of rows")
        return Approval(int(content))

    def give(self, table_id: str, rows: int) -> None:
        """Approve; raises ``PublishError``, also for a caller who does not own the store."""
        path = self._folder / _name(table_id)
        self._store.prepare()
        with publish_errors(path):
            write_atomic(path, f"{rows}\n", mode=0o600)

    def use_up(self, table_ids: Iterable[str]) -> None:
        """After these tables were published: what was approved for them holds no longer."""
        for table_id in table_ids:
            path = self._folder / _name(table_id)
            with publish_errors(path):
                path.unlink(missing_ok=True)


def _name(table_id: str) -> str:
    return quote(table_id, safe="")
