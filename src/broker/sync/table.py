"""One table of a run: read what the plan says, hand it to the engine, hold it to its promises."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial

from ..config import TableDescription
from ..errors import AbsentError, BrokerError, ForbiddenError, SourceError, TableError
from ..foreign.text import shown
from ..publish import Approval
from ..publish.manifest import ForeignKey, Status, TableEntry
from ..publish.staging import Staging
from ..sources.contract import Source, SourceTable, TableRequest, Window
from ..tables.compare import examples, losses
from ..tables.files.apply import Previous
from ..tables.intake.rejects import RejectedError
from ..tables.issues import Issue, IssueKind
from ..tables.layout import NeedsLoadError, WidensError
from ..tables.load import load
from ..tables.merge import merge
from ..tables.model import Limits, Range, TableSpec, TableVersion
from ..tables.reach import Reach, reach
from ..tables.rows import End
from ..tables.schema import TableSchema
from .admission import bytes_needed
from .exposure import Exposure
from .held import HeldError, check_columns, check_losses, loss, more_readers
from .limit import LimitedSource
from .places import address_of
from .plan import Action, Kept, Step, SyncRule, next_step, reload_step, seen, whole_step
from .question import changes_of, question_of
from .report import Progress
from .request import (
    declared_schema,
    kept_of,
    origin_of,
    request_of,
    rule_of,
    spec_of,
    version_of,
)

__all__ = ["Job", "check_held", "displaced", "failed_entry", "no_room", "sync_table"]

_MOST_OF_AN_ERROR = 4_000


@dataclass(frozen=True)
class Job:
    """All that the sync of one table needs.

    ``reload`` says that a person wants every row read anew. It has no room while another table,
    which waits or failed, stands at its path.
    """

    table: TableDescription
    exposure: Exposure
    published: TableEntry | None
    source: Source
    staging: Staging
    limits: Limits
    max_rejects: int
    now: datetime
    approval: Approval
    progress: Progress
    timeout: timedelta
    reload: bool = False
    has_room: bool = True


def displaced(jobs: Sequence[Job], staying: Iterable[str]) -> set[str]:
    """Tables that find another one at their path, by id: ``staying`` ones stay where they are.

    One that is displaced stays itself where it was published.
    """
    stays = set(staying)
    displaced: set[str] = set()
    while True:
        # case aside, since laptops know no difference
        kept = {o.published.path.lower() for o in jobs if o.published and o.table.id in stays}
        found = {one.table.id for one in jobs if one.table.path.lower() in kept} - stays
        if not found:
            return displaced
        displaced |= found
        stays |= found


def check_held(job: Job) -> None:
    """Raise ``HeldError`` if more people could read the table than before.

    Raise ``TableError`` if another one stands at its path.
    """
    if not job.has_room:
        raise no_room(job)
    if job.exposure.widening is not None:
        raise more_readers(job.exposure.widening, job.approval)


def no_room(job: Job) -> TableError:
    """What keeps a table from its path. The other one is not named: its name may be a secret."""
    return TableError(
        "another table stands at this path until it is published at its own",
        where=job.table.id,
        found=job.table.path,
        remedy="`broker status` says which table is held or failed; approve or correct that.",
    )


def sync_table(job: Job) -> TableEntry:
    """Bring one table to its next version and put it into the staging.

    Raises a ``BrokerError``; the caller then keeps what was published.
    """
    table = job.table
    job = replace(job, source=LimitedSource(job.source, table.id, job.timeout))
    request = replace(request_of(table, job.now.date()), folder=job.staging.place.kept(table.id))
    found = job.source.describe(request)
    spec = spec_of(table, table.key or found.primary_key, job.max_rejects)
    request = replace(request, primary_key=spec.key)
    rule = rule_of(table, spec.key, tracks_changes=found.tracks_changes)
    origin = origin_of(found, request, spec, rule)
    question = question_of(table, address_of(job.exposure.places))
    if job.published is not None and not job.reload and _is_unchanged(job.published, origin):
        return _unchanged(job, replace(job.published, question=question), found)
    reasons = _reasons(job, question, spec, found)
    step = _step(job, rule, anew=bool(reasons))
    declared = declared_schema(table, found)
    _check_columns(job, found)
    _prepare(job, step, found)
    version, end, step = _carried_out(job, spec, declared, step, request, rule, reasons)
    entry = replace(
        _entry(job),
        warnings=_anew(rule, reasons),
        question=question,
        key=spec.key,
        partitioning=spec.partitioning,
        watermark=end.as_of if step.last else step.window.until,
        loading=not step.last,
        origin=origin,
        as_of=end.as_of,
        loaded_at=job.now,
    )
    version = replace(version, issues=(*version.issues, *_late(table, version)))
    _check_losses(job, spec, step, version)
    if step.last:
        _check_rows(job, version)
    return job.staging.put(entry, version)


def _reasons(
    job: Job, question: Mapping[str, str], spec: TableSpec, found: SourceTable
) -> list[str]:
    """Why the published rows cannot be built upon, where there are any."""
    reasons = ["asked for with --reload"] if job.reload else []
    if job.published is not None and job.published.watermark is not None:
        changes = changes_of(question, spec, found.schema.names, job.published)
        reasons += [f"changed in the description: {', '.join(changes)}"] if changes else []
    return reasons


def _anew(rule: SyncRule, reasons: Sequence[str]) -> tuple[str, ...]:
    """A warning, where a part of the rows was to be expected."""
    if rule.strategy == "full_refresh" or not reasons:
        return ()
    return (f"every row was read anew; {'; '.join(reasons)}",)


def _missing(version: TableVersion) -> str:
    rows = "1 row was" if version.missing == 1 else f"{version.missing:,} rows were"
    return f"{rows} in the source and not in the table"


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
        as_of=found.as_of or published.as_of,
        loaded_at=job.now,
    )
    version = replace(version_of(published), change=None)
    return job.staging.put(entry, version)


def _step(job: Job, rule: SyncRule, *, anew: bool) -> Step:
    """What to read next; a table that readers see is never taken from them to load it anew."""
    before = job.published
    kept = None if anew else kept_of(before)
    if kept is None and before is not None and before.files and not before.loading:
        return _reload(job, rule)
    is_bounded = rule.column is not None and rule.strategy != "full_refresh"
    if kept is None or before is None or before.loading or not is_bounded:
        return next_step(rule, kept, job.now)
    if not before.rows:
        return whole_step(rule, job.now)
    return next_step(rule, _seen(job, rule, kept, before), job.now)


def _seen(job: Job, rule: SyncRule, kept: Kept, before: TableEntry) -> Kept:
    """How far the published rows reach, by the column that bounds them."""
    found = _reach(job, rule)
    types = {column.name: column.type for column in before.schema.columns}
    return kept if found is None else seen(kept, found.newest, types[rule.column or ""] or "")


def _reach(job: Job, rule: SyncRule) -> Reach | None:
    before, previous = job.published, job.staging.previous
    if before is None or previous is None or rule.column is None:
        return None
    work = job.staging.work(job.table.id)
    return reach(Previous(previous.path, before.files), rule.column, work=work, limits=job.limits)


def _reload(job: Job, rule: SyncRule) -> Step:
    """The whole table anew, from no later than the rows that readers have."""
    before = job.published
    if before is None or before.loading:
        return whole_step(rule, job.now)
    found = _reach(job, rule)
    return reload_step(rule, found.oldest if found else None, job.now)


def _prepare(job: Job, step: Step, found: SourceTable) -> None:
    """Refuse what the disk cannot take; tell how much is to come, if all of it is."""
    job.staging.require(bytes_needed(step, found, job.published), where=job.table.id)
    if step.window == Window():
        job.progress.expect(job.table.path, found.rows, found.bytes)


def _check_columns(job: Job, found: SourceTable) -> None:
    """Raise ``HeldError`` if the source delivers what looks like another table.

    Columns that the description names are there, or the source has failed.
    """
    before, previous = job.published, job.staging.previous
    if before is None or previous is None or before.loading or job.table.columns:
        return
    others = [one.schema.names for one in previous.manifest.tables if one.id != before.id]
    check_columns(before, found.schema.names, others, job.approval)


def _check_losses(job: Job, spec: TableSpec, step: Step, version: TableVersion) -> None:
    """Raise ``HeldError`` if more of the published rows are gone than was promised."""
    before, previous = job.published, job.staging.previous
    if before is None or previous is None:
        return
    if before.loading and step.action is Action.REPLACE:
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
    try:
        check_losses(job.table.id, before.rows, lost, fraction, job.approval, version.issues)
    except HeldError as held:
        held.issues = (_loss(job, step, version, lost), *version.issues)
        held.examples = examples(old, new, key, work=work, limits=job.limits)
        raise


def _carried_out(
    job: Job,
    spec: TableSpec,
    declared: TableSchema,
    step: Step,
    request: TableRequest,
    rule: SyncRule,
    reasons: list[str],
) -> tuple[TableVersion, End, Step]:
    """Carry out a step; where its values need wider types or all rows, with those."""
    is_anew = False
    while True:
        try:
            version, end = _take(job, spec, declared, step, request, rule)
        except WidensError as error:
            spec = _widening(job, spec, error.columns)
            continue
        except NeedsLoadError as error:
            if is_anew:
                raise
            reasons.append(f"{error.where}: {error.message}")
        else:
            if not version.missing or end.version is None or is_anew:
                return version, end, step
            job.staging.discard(job.table.path)
            reasons.append(f"{_missing(version)}, because no window held them")
        step, is_anew = _reload(job, rule), True


def _widening(job: Job, spec: TableSpec, columns: frozenset[str]) -> TableSpec:
    """A load that is not done yet, which no reader knows, may always widen, or begin anew."""
    spec = replace(spec, widens=spec.widens | columns)
    if job.published is not None and job.published.loading:
        return replace(spec, on_schema_change="evolve", keeps_all=False)
    return spec


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


def _check_rows(job: Job, version: TableVersion) -> None:
    """Raise ``RejectedError`` where rows came and none fits: such a table is not empty.

    Where a merge takes away the last row, that is what the source says of it.
    """
    is_merge = version.change is not None and job.published is not None and job.published.rows
    if version.rejects_now and not version.rows and not is_merge:
        raise RejectedError(job.table.id, version.issues)


def _take(
    job: Job,
    spec: TableSpec,
    declared: TableSchema,
    step: Step,
    request: TableRequest,
    rule: SyncRule,
) -> tuple[TableVersion, End]:
    """Carry out a step: what the engine makes of the rows, and of what is published already."""
    reading = job.source.read(request, step.window)
    out, work = job.staging.path, job.staging.work(job.table.id)
    before, previous = job.published, job.staging.previous
    advance = partial(job.progress.advance, job.table.path)
    if step.action is Action.REPLACE or before is None or previous is None:
        version = load(
            spec,
            declared,
            reading,
            out=out,
            work=work,
            limits=job.limits,
            previous=_still_asked(request, before.schema) if before else None,
            progress=advance,
        )
        return _warned(version, reading.end())
    alive = job.source.read_keys(request) if step.census else None
    expected = None
    if step.census and rule.has_beginning:  # older rows live in the source alone
        of_key = replace(request, columns=spec.key)
        expected = job.source.read(of_key, _reload(job, rule).window)
    version = merge(
        spec,
        declared,
        _built_upon(before, step),
        previous.path,
        reading,
        live_keys=alive,
        expected_keys=expected,
        covered=_covered(step),
        adds=step.action is Action.ADD,
        out=out,
        work=work,
        limits=job.limits,
        progress=advance,
    )
    end = reading.end()
    for other in (alive, expected):
        if other is not None and other.end().version != end.version:
            raise SourceError(
                "changed between the reading of its rows and of its keys",
                where=job.table.id,
                remedy="The next sync reads it again.",
            )
    return _warned(version, end)


def _warned(version: TableVersion, end: End) -> tuple[TableVersion, End]:
    tie = (end.tie,) if end.tie and version.duplicates else ()
    return replace(version, warnings=(*version.warnings, *end.warnings, *tie)), end


def _still_asked(request: TableRequest, schema: TableSchema) -> TableSchema:
    """The published columns without those that the description leaves out by now."""
    kept = [one for one in schema.columns if not request.columns or one.name in request.columns]
    return TableSchema(tuple(kept))


def _built_upon(before: TableEntry, step: Step) -> TableVersion:
    """The published rows; their rejects are listed anew by a step that reads everything."""
    version = version_of(before)
    is_whole = step.action is Action.ADD and step.window == Window()
    return replace(version, reject_file=None) if is_whole else version


def _covered(step: Step) -> Range | None:
    """The range of which the reading holds every row that still exists."""
    window = step.window
    if step.action is Action.MERGE or window.column is None:
        return None
    return Range(window.column, window.since, window.until)


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
        status, losses = Status.HELD, error.losses
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
