"""What holds a new version back: lost rows, other columns, or no row that fits."""

from __future__ import annotations

from collections.abc import Sequence

from ..publish import Deletion
from ..sources.contract import SourceTable
from ..tables.files.apply import Previous
from ..tables.intake.rejects import RejectedError
from ..tables.issues import Issue, IssueKind
from ..tables.losses import losses, lost_rows
from ..tables.model import TableSpec, TableVersion
from .held import HeldError, check_columns, check_losses, is_promised, loss
from .job import Job
from .plan import RowAction, Step

__all__ = ["refuse_losses", "refuse_no_rows", "refuse_other_columns"]


def refuse_other_columns(job: Job, found: SourceTable) -> bool:
    """Raise ``HeldError`` if the source delivers what looks like another table.

    Columns that the description names are there, or the source has failed. Returns whether it does
    and a person let every published row go for it.
    """
    before, previous = job.published, job.staging.previous
    if before is None or previous is None or before.loading or job.table.columns:
        return False
    others = [one.schema.names for one in previous.manifest.tables if one.id != before.id]
    return check_columns(before, found.schema.names, others, job.approval)


def refuse_losses(
    job: Job, spec: TableSpec, step: Step, version: TableVersion, anew: Sequence[str]
) -> None:
    """Raise ``HeldError`` if more of the published rows are gone than was promised.

    ``anew`` says why every row was read anew, where that was not to be expected.
    """
    before, previous = job.published, job.staging.previous
    if before is None or previous is None:
        return
    if before.loading and step.action is RowAction.REPLACE:
        return  # an unfinished load, which no reader sees, begins anew
    old = Previous(previous.path, before.files)
    new = Previous(job.staging.path, version.files)
    work = job.staging.work(job.table.id)
    # Of rows by another key, or by none, only the numbers can be compared.
    key = spec.key if before.key == spec.key else ()
    lost = version.deleted if key else max(0, version.deleted - version.inserted)
    if version.change is None:  # a whole load does not know what was there before
        lost = losses(old, new, key, work=work, limits=job.limits)
    fraction = job.table.may_lose
    if is_promised(before.rows, lost, fraction):
        return
    found = lost_rows(old, new, key, work=work, limits=job.limits)
    deletion = Deletion("deletion", lost, found.digest, found.examples)
    issues = version.issues
    try:
        check_losses(job.table.id, before.rows, deletion, fraction, job.approval, issues, anew)
    except HeldError as error:
        error.issues = (_loss(job, step, version, lost), *issues)
        raise


def _loss(job: Job, step: Step, version: TableVersion, lost: int) -> Issue:
    """Why so many rows would go."""
    is_merge = version.change is not None
    return loss(
        lost,
        rejected=any(issue.kind is IssueKind.REJECTED for issue in version.issues),
        whole=not is_merge,
        census=is_merge and step.census,
        marked=is_merge and job.table.tombstone is not None,
    )


def refuse_no_rows(job: Job, version: TableVersion) -> None:
    """Raise ``RejectedError`` where rows came and none fits: such a table is not empty.

    Where a merge takes away the last row, that is what the source says of it.
    """
    is_merge = version.change is not None and job.published is not None and job.published.rows
    if version.rejects_now and not version.rows and not is_merge:
        raise RejectedError(job.table.id, version.issues, warnings=version.warnings)
