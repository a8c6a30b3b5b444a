"""What a person approved, once: rows that a held table may lose, or that more people read it.

One file per table in ``approvals/`` of the store: an approval that is broken concerns its own
table alone. Its first line is a number of rows, not whatever may be lost by then; a second line is
the digest of one change of readers, and of no later one.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import quote

from ..beneath import read_file
from ..files import write_atomic
from .readers import Widening
from .store_layout import publish_errors

__all__ = ["Approval", "Approvals"]

_FORM = re.compile(rb"([0-9]{1,18})\n(?:readers ([0-9a-f]{64})\n)?")


@dataclass(frozen=True, slots=True)
class Approval:
    """``rows`` may go in any case, ``readers`` is the digest of a ``Widening``.

    ``problem``: an approval is there and cannot be read.
    """

    rows: int = 0
    readers: str | None = None
    problem: str | None = None

    def fits(self, widening: Widening) -> bool:
        """Whether it is for exactly this change."""
        return self.readers == widening.digest

    def misfit(self) -> str | None:
        """What an error says was found, where it does not fit a change of readers."""
        if self.problem:
            return f"an approval that cannot be read, {self.problem}"
        return "an approval of another change" if self.readers else None


class Approvals:
    """What was approved, by table id."""

    def __init__(self, folder: Path, prepare: Callable[[], None]) -> None:
        """``folder`` of the store, which ``prepare`` makes; it refuses who does not own that."""
        self._folder, self._prepare = folder, prepare

    def of(self, table_id: str) -> Approval:
        """What was approved for this table; nothing where it is not readable."""
        path = self._folder / _name(table_id)
        try:
            content = read_file(self._folder.parent, f"{self._folder.name}/{path.name}")
        except FileNotFoundError:
            return Approval()
        except OSError as error:
            return Approval(problem=f"{path}: {error.strerror}")
        found = _FORM.fullmatch(content)
        if found is None:
            return Approval(problem=f"{path}: is not a number of rows")
        return Approval(int(found[1]), found[2].decode() if found[2] else None)

    def give(self, table_id: str, rows: int) -> None:
        """Approve losses; raises ``PublishError``, also for a caller who does not own the store."""
        self._write(table_id, replace(self.of(table_id), rows=rows))

    def give_readers(self, widening: Widening) -> None:
        """Approve one change of readers, in place of any other; raises as ``give`` does."""
        self._write(widening.id, replace(self.of(widening.id), readers=widening.digest))

    def use_up_readers(self, table_ids: Iterable[str]) -> None:
        """These were published to more readers: remove that approval."""
        for table_id in table_ids:
            self._write(table_id, replace(self.of(table_id), readers=None))

    def use_up(self, table_ids: Iterable[str]) -> None:
        """After these tables were published: remove their approvals."""
        for table_id in table_ids:
            path = self._folder / _name(table_id)
            with publish_errors(path):
                path.unlink(missing_ok=True)

    def _write(self, table_id: str, approval: Approval) -> None:
        if not approval.rows and not approval.readers:
            self.use_up([table_id])
            return
        path = self._folder / _name(table_id)
        text = f"{approval.rows}\n"
        text += f"readers {approval.readers}\n" if approval.readers else ""
        self._prepare()
        with publish_errors(path):
            write_atomic(path, text, mode=0o600)


def _name(table_id: str) -> str:
    return quote(table_id, safe="")
