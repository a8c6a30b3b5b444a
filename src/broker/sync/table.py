"""One table of a run: read what the plan says, hand it to the engine, check its promises."""

from __future__ import annotations

from dataclasses import replace

from ..config import TableDescription
from ..errors import AbsentError, BrokerError, ForbiddenError, SourceError
from ..foreign.text import shown
from ..manifest import ForeignKey, Status, TableEntry
from ..sources.contract import SourceTable, Window
from ..tables.files.apply import Previous
from ..tables.intake.rejects import RejectedError
from ..tables.issues import Issue, IssueKind
from ..tables.loaded_change import change_of_load
from ..tables.model import TableSpec, TableVersion, Workplace
from ..tables.schema import TypedBy
from ..tables.types import changed
from .carry_out import Task, carry_out
from .held import HeldError
from .job import Job
from .places import address_of
from .plan import RowAction, Step
from .promises import refuse_losses, refuse_no_rows, refuse_other_columns
from .question import question_of, read_otherwise
from .reload import reasons_to_reload, step_of, warnings_of
from .request import (
    declared_schema,
    origin_of,
    request_of,
    rule_of,
    spec_of,
    version_of,
)
from .time_limit import LimitedSource
from .unfinished import with_earlier_chunks

__all__ = ["failed_entry", "sync_table"]

_MOST_OF_AN_ERROR = 4_000


def sync_table(job: Job) -> TableEntry:
    """Bring one table to its next version and put it into the staging.

    Raises a ``BrokerError``; the caller then keeps what was published.
    """
    table = job.table
    job = replace(job, source=LimitedSource(job.source, table.id, job.timeout))
    request = replace(request_of(table, job.now.date()), folder=job.staging.layout.kept(table.id))
    found = job.source.describe(request)
    spec = spec_of(table, table.key or found.primary_key, job.max_rejects)
    request = replace(request, primary_key=spec.key)
    rule = rule_of(table, spec.key, tracks_changes=found.tracks_changes)
    origin = origin_of(found, request, spec, rule)
    question = question_of(table, address_of(job.exposure.places))
    if job.published is not None and not job.reload and _is_unchanged(job.published, origin):
        return _unchanged(job, replace(job.published, question=question), found)
    reasons = reasons_to_reload(job, question, spec, request.columns, found)
    step = step_of(job, rule, anew=bool(reasons))
    declared = declared_schema(table, found)
    task = Task(_retyping(job, spec, step, question), spec, declared, request, rule)
    is_replaced = refuse_other_columns(job, found)
    _prepare(job, step, found)
    version, end, step = carry_out(task, step, reasons)
    version = _retyped(job, version)
    entry = replace(
        _entry(job),
        warnings=warnings_of(rule, reasons),
        question=question,
        key=spec.key,
        partitioning=spec.partitioning,
        watermark=end.as_of if step.last else step.window.until,
        loading=not step.last,
        origin=origin,
        as_of=end.as_of,
        loaded_at=job.now,
    )
    version = with_earlier_chunks(job.published, step, spec.key, version)
    version = replace(version, issues=(*version.issues, *_late(table, version)))
    if not is_replaced:
        refuse_losses(job, spec, step, version, entry.warnings)
    if step.last:
        refuse_no_rows(job, version)
    if step.action is RowAction.REPLACE and not (job.reload or entry.loading):
        version = _with_change(job, spec, version)
    return job.staging.put(entry, version, keeps_changes=not job.reload)


def _with_change(job: Job, spec: TableSpec, version: TableVersion) -> TableVersion:
    """The version with a change file against the published one, where it is kept the same way."""
    before, previous = job.published, job.staging.previous
    if before is None or previous is None or before.loading:
        return version
    kept = (before.path, before.key, before.partitioning)
    if kept != (spec.path, spec.key, spec.partitioning):
        return version
    at = Workplace(job.staging.path, job.staging.work(job.table.id), job.limits)
    change = change_of_load(spec, Previous(previous.path, before.files), version, at)
    return replace(version, change=change)


def _prepare(job: Job, step: Step, found: SourceTable) -> None:
    """Refuse what the disk cannot take; tell how much is to come, if all of it is."""
    job.staging.require(_bytes_needed(step, found, job.published), where=job.table.id)
    if step.window == Window():
        job.progress.expect(job.table.path, found.rows, found.bytes)


def _bytes_needed(step: Step, found: SourceTable, published: TableEntry | None) -> int:
    """Bytes for rows set aside and files written; 0 where it is unknown.

    Rows that are set aside are typed and compressed: they and the files together take no more
    than the text. A merge writes at least one of the files again.
    """
    files = published.files if published else ()
    if step.action is not RowAction.REPLACE:
        return max((file.bytes for file in files), default=0)
    whole = (found.bytes or 0) if step.window == Window() else 0
    return max(whole, sum(file.bytes for file in files))


def _retyping(job: Job, spec: TableSpec, step: Step, question: dict[str, str]) -> Job:
    """The job for rows that all come anew, and may make other types of columns of text."""
    is_anew = step.action is RowAction.REPLACE and spec.on_schema_change != "fail"
    if job.published is None or not is_anew:
        return job
    return replace(job, published=read_otherwise(question, job.published))


def _retyped(job: Job, version: TableVersion) -> TableVersion:
    """The version with a warning of each column that was text."""
    if job.published is None:
        return version
    texts = {
        column.name
        for column in job.published.schema.columns
        if column.type == "VARCHAR" and column.typed_by is not TypedBy.NOTHING
    }
    changes = tuple(
        f"column {column.name} {changed('VARCHAR', column.type)}"
        for column in version.schema.columns
        if column.name in texts and column.typed_by is TypedBy.VALUES
        if column.type and column.type != "VARCHAR"
    )
    return replace(version, warnings=(*changes, *version.warnings)) if changes else version


def _late(table: TableDescription, version: TableVersion) -> tuple[Issue, ...]:
    """Rows of a census that are not there, where its source is not known to be of one moment."""
    if not version.missing:
        return ()
    reason = "they came while it was read, or no window holds them"
    remedy = f"If the next sync does not bring them, run `broker sync --reload {table.id}`."
    return (Issue(IssueKind.LATE, version.missing, reason, remedy=remedy),)


def _is_unchanged(published: TableEntry, origin: str | None) -> bool:
    return origin is not None and published.origin == origin and not published.loading


def _unchanged(job: Job, published: TableEntry, found: SourceTable) -> TableEntry:
    """The published rows, of which the source says that it has no others."""
    entry = replace(
        _entry(job),
        key=published.key,
        partitioning=published.partitioning,
        watermark=published.watermark,
        origin=published.origin,
        question=published.question,
        warnings=published.warnings,
        as_of=found.as_of or published.as_of,
        loaded_at=job.now,
    )
    version = replace(version_of(published), change=None)
    return job.staging.put(entry, version)


def failed_entry(job: Job, error: BrokerError) -> TableEntry:
    """The published rows, with what went wrong now; without any where there never were."""
    status = Status.FAILED
    if isinstance(error, SourceError):
        status = Status.UNREADABLE
    if isinstance(error, AbsentError):
        status = Status.ABSENT
    if isinstance(error, ForbiddenError):
        status = Status.FORBIDDEN
    losses = 0
    if isinstance(error, HeldError):
        status, losses = Status.HELD, error.deletion.rows if error.deletion else 0
    entry = job.published or _entry(job)
    if isinstance(error, (HeldError, RejectedError)) and error.issues:
        entry = replace(entry, issues=error.issues)
    return replace(
        entry,
        status=status,
        error=shown(error, _MOST_OF_AN_ERROR),
        access=job.exposure.access,
        losses=losses,
    )


def _entry(job: Job) -> TableEntry:
    """What the description says of the table, before there are rows."""
    table = job.table
    return TableEntry(
        id=table.id,
        name=table.name,
        path=table.path,
        access=job.exposure.access,
        strategy=table.sync_strategy,
        description=table.description,
        dataset=table.dataset,
        foreign_keys=tuple(
            ForeignKey(key.column, *_target(key.references)) for key in table.foreign_keys
        ),
        freshness_seconds=int(table.freshness.total_seconds()) if table.freshness else None,
    )


def _target(references: str) -> tuple[str, str]:
    """``table.column`` into its two parts."""
    table, _, column = references.rpartition(".")
    return table, column
