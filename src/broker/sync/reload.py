"""What is read of a table next, by what is published of it: a part, or every row anew."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from ..manifest import TableEntry
from ..sources.contract import SourceTable
from ..tables.files.apply import Previous
from ..tables.model import TableSpec
from ..tables.reach import Reach, reach
from .job import Job
from .plan import Kept, Step, SyncRule, next_step, reload_step, seen, whole_step
from .question import changes_of
from .request import kept_of

__all__ = ["reasons_to_reload", "reload", "step_of", "warnings_of"]


def step_of(job: Job, rule: SyncRule, *, anew: bool) -> Step:
    """What to read next; a table that readers see is never taken from them to load it anew."""
    before = job.published
    kept = None if anew else kept_of(before)
    if kept is None and before is not None and before.files and not before.loading:
        return reload(job, rule)
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


def reload(job: Job, rule: SyncRule) -> Step:
    """The whole table anew, from no later than the rows that readers have."""
    before = job.published
    if before is None or before.loading:
        return whole_step(rule, job.now)
    found = _reach(job, rule)
    return reload_step(rule, found.oldest if found else None, job.now)


def reasons_to_reload(
    job: Job,
    question: Mapping[str, str],
    spec: TableSpec,
    named: Collection[str],
    found: SourceTable,
) -> list[str]:
    """Why the published rows cannot be built upon, where there are any."""
    reasons = ["asked for with --reload"] if job.reload else []
    if job.published is not None and job.published.watermark is not None:
        changes = changes_of(question, spec, named, found.schema.names, job.published)
        reasons += [f"changed in the description: {', '.join(changes)}"] if changes else []
    return reasons


def warnings_of(rule: SyncRule, reasons: Sequence[str]) -> tuple[str, ...]:
    """A warning, where a part of the rows was to be expected."""
    is_whole_anyway = rule.strategy == "full_refresh" and not rule.append_only
    if is_whole_anyway or not reasons:
        return ()
    return (f"every row was read anew; {'; '.join(reasons)}",)
