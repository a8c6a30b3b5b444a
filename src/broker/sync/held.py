"""A table that waits for a person: why it is held, and what is known of it meanwhile."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace

from ..errors import PublishError, TableError
from ..foreign.shares import percent, share
from ..foreign.text import shown
from ..manifest import Status, TableEntry
from ..publish import Approval, Deletion, Generation, Widening
from ..tables.issues import Issue, IssueKind
from ..tables.losses import columns_digest

__all__ = [
    "HeldError",
    "check_columns",
    "check_losses",
    "is_promised",
    "loss",
    "more_readers",
    "widening_of",
]

_MOST_NAMES = 500


class HeldError(TableError):
    """So many rows would be lost, or so many more people could read, that the table waits.

    ``deletion`` says which rows, ``issues`` why; ``widening`` says who could read: never part of
    the message, which is shown to the readers of before.
    """

    def __init__(
        self,
        message: str,
        *,
        deletion: Deletion | None = None,
        widening: Widening | None = None,
        where: str,
        expected: str,
        found: str | None,
        remedy: str,
    ) -> None:
        """``where`` is the table's id."""
        super().__init__(message, where=where, expected=expected, found=found, remedy=remedy)
        self.deletion = deletion
        self.widening = widening
        self.issues: tuple[Issue, ...] = ()


def is_promised(before: int, losses: int, fraction: float) -> bool:
    """Whether ``losses`` of ``before`` rows may go without the approval of a person."""
    return losses <= fraction * before


def check_losses(
    table: str,
    before: int,
    deletion: Deletion,
    fraction: float,
    approval: Approval,
    issues: Sequence[Issue] = (),
    anew: Sequence[str] = (),
) -> None:
    """Raise ``HeldError`` unless exactly this deletion, of ``before`` rows, was approved.

    ``issues`` are those of the rows that came; ``anew`` says why every row was read anew.
    """
    if approval.lets_go(deletion):
        return
    losses = deletion.rows
    remedy = _approve(table, deletion)
    message = f"{losses:,} of {before:,} rows are gone ({share(losses, before)})"
    if anew:
        message = f"{message}, as {'; '.join(anew)}"
        remedy = f"{remedy} If not, take back or declare what made it so, such as a type."
    if (rejected := _mistaken(before, losses, fraction, issues)) is not None:
        message = f"{message}, and rows came that do not fit: {replace(rejected, remedy='')}"
        remedy = rejected.remedy
    raise HeldError(
        message,
        deletion=deletion,
        where=table,
        expected=f"at most {percent(fraction)} (max_delete_fraction)",
        found=approval.misfit_of_rows(),
        remedy=remedy,
    )


def check_columns(
    table: TableEntry,
    found: Collection[str],
    others: Iterable[Collection[str]],
    approval: Approval,
) -> bool:
    """Raise ``HeldError`` if a delivery is of another table, by the names of its columns.

    ``others`` are the columns of each other published table. Returns whether it is of another one
    for whose columns a person let every published row go.
    """
    before, after = _lower(table.schema.names), _lower(found)
    if not table.rows or not after or before <= after:
        return False
    is_another = after in map(_lower, others) and 2 * len(before & after) < len(before)
    if before & after and not is_another:
        return False
    deletion = Deletion("columns", table.rows, columns_digest(table.files, after))
    if approval.lets_go(deletion):
        return True
    what = "the columns of another published table" if is_another else "none of them"
    misfit = approval.misfit_of_rows()
    raise HeldError(
        "the source delivers other columns than those that are published",
        deletion=deletion,
        where=table.id,
        expected=shown(f"some of {', '.join(table.schema.names)}", _MOST_NAMES),
        found=f"{what}, and {misfit}" if misfit else what,
        remedy=_approve(table.id, deletion),
    )


def _approve(table: str, deletion: Deletion) -> str:
    """What approves this and nothing else, whatever the table is held for by then."""
    command = f"broker approve --if-found {deletion.short} {table}"
    return f"If that is right, run `{command}` and sync again."


def _lower(names: Collection[str]) -> set[str]:
    """Names that differ in case alone are one in SQL."""
    return {name.lower() for name in names}


def _mistaken(before: int, losses: int, fraction: float, issues: Iterable[Issue]) -> Issue | None:
    """The rejected rows of which so many came that no loss beside them needs an approval.

    The error then names them, and does not offer to approve what is a mistake.
    """
    rejected = [one for one in issues if one.kind is IssueKind.REJECTED]
    explains = rejected and losses - sum(one.count for one in rejected) <= fraction * before
    return rejected[0] if explains else None


def loss(rows: int, *, rejected: bool, whole: bool, census: bool, marked: bool) -> Issue:
    """That ``rows`` rows would go, and why, as far as it is known."""
    reasons = {
        "rows that came do not fit": rejected,
        "the source does not have them any more": whole,
        "their keys are not among those of the source (census)": census,
        "the source marks them as deleted": marked,
    }
    found = [reason for reason, holds in reasons.items() if holds]
    reason = "; or ".join(found) or "the source does not have them in what was read anew"
    return Issue(IssueKind.HELD, rows, reason)


def more_readers(widening: Widening, approval: Approval) -> HeldError:
    """What holds a table that more people could read than before."""
    return HeldError(
        "more people could read it than before",
        widening=widening,
        where=widening.id,
        expected="no more readers than before, until a person approves",
        found=approval.misfit(),
        remedy=f"If that is right, run `broker approve {widening.id}` and sync again.",
    )


def widening_of(generation: Generation, entry: TableEntry) -> Widening | None:
    """The change of readers that holds a table, if that does and the caller may read it."""
    if entry.status is not Status.HELD:
        return None
    try:
        return generation.memory.widenings.get(entry.id)
    except PublishError as error:
        if isinstance(error.__cause__, PermissionError):
            return None
        raise
