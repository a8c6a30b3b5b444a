"""What a person approved, once: rows that a held table may lose, or that more people read it.

One file per table in ``approvals/`` of the store: an approval that is broken concerns its own
table alone. A line names the rows that may go, by number and digest, and not whatever may be lost
by then; another is the digest of one change of readers, and of no later one.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import quote

from ..beneath import read_file
from ..errors import PublishError
from ..files import write_atomic
from .deletions import Deletion
from .readers import Widening
from .store_layout import publish_errors

__all__ = ["Approval", "Approvals"]

_FORM = re.compile(rb"(?:deletion ([0-9]{1,18}) ([0-9a-f]{64})\n)?(?:readers ([0-9a-f]{64})\n)?")
_OLD_FORM = re.compile(rb"[0-9]{1,18}\n(?:readers ([0-9a-f]{64})\n)?")  # a number of any rows


@dataclass(frozen=True, slots=True)
class Approval:
    """``rows`` may go if their digest is ``deletion``; ``readers`` is the digest of a ``Widening``.

    ``problem``: an approval is there and cannot be read, or does not say which rows may go.
    """

    rows: int = 0
    deletion: str | None = None
    readers: str | None = None
    problem: str | None = None

    def fits(self, widening: Widening) -> bool:
        """Whether it is for exactly this change."""
        return self.readers == widening.digest

    def lets_go(self, deletion: Deletion) -> bool:
        """Whether it is for exactly these rows: for no others, and for none of them less."""
        return bool(deletion.digest) and (self.deletion, self.rows) == (
            deletion.digest,
            deletion.rows,
        )

    def misfit(self) -> str | None:
        """What an error says was found, where it does not fit a change of readers."""
        if self.problem:
            return f"an approval that cannot be read, {self.problem}"
        return "an approval of another change" if self.readers else None

    def misfit_of_rows(self) -> str | None:
        """The same, where it does not fit the rows that would go."""
        if self.problem:
            return f"an approval that does not count, {self.problem}"
        if self.deletion is None:
            return None
        other = Deletion("deletion", self.rows, self.deletion)
        return f"an approval of other rows than would go now: {self.rows:,} rows ({other.short})"


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
        if found is not None and content:
            return Approval(int(found[1] or 0), _text(found[2]), _text(found[3]))
        old = _OLD_FORM.fullmatch(content)
        if old is None:
            return Approval(problem=f"{path}: is not an approval")
        problem = f"{path}: an older release wrote it, for a number of rows and not for these"
        return Approval(readers=_text(old[1]), problem=problem)

    def give(self, table_id: str, deletion: Deletion) -> None:
        """Approve that exactly these rows go, in place of any others.

        Raises ``PublishError``, also for a caller who does not own the store.
        """
        if not deletion.digest:
            raise PublishError("it is not known which rows would go", where=table_id)
        approval = replace(self.of(table_id), rows=deletion.rows, deletion=deletion.digest)
        self._write(table_id, approval)

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
        deletion, readers = approval.deletion, approval.readers
        if not deletion and not readers:
            self.use_up([table_id])
            return
        text = f"deletion {approval.rows} {deletion}\n" if deletion else ""
        text += f"readers {readers}\n" if readers else ""
        path = self._folder / _name(table_id)
        self._prepare()
        with publish_errors(path):
            write_atomic(path, text, mode=0o600)


def _text(found: bytes | None) -> str | None:
    return found.decode() if found else None


def _name(table_id: str) -> str:
    return quote(table_id, safe="")
