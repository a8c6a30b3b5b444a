"""Carry out a step: read the source, and hand its rows to the engine."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial

from ..errors import SourceError
from ..manifest import TableEntry
from ..sources.contract import TableRequest, Window
from ..tables.layout import NeedsLoadError, WidensError
from ..tables.load import load
from ..tables.merge import Batch, merge
from ..tables.model import Range, TableSpec, TableVersion, Workplace
from ..tables.rows import End
from ..tables.schema import TableSchema
from .job import Job
from .plan import RowAction, Step, SyncRule
from .reload import reload
from .request import version_of

__all__ = ["Task", "carry_out"]


@dataclass(frozen=True, slots=True)
class Task:
    """What is asked of the source and of the engine for a table, whatever the step is."""

    job: Job
    spec: TableSpec
    declared: TableSchema
    request: TableRequest
    rule: SyncRule


def carry_out(task: Task, step: Step, reasons: list[str]) -> tuple[TableVersion, End, Step]:
    """Carry out a step; where its values need wider types or all rows, with those.

    Adds to ``reasons`` why all rows were needed.
    """
    job, is_anew = task.job, False
    while True:
        try:
            version, end = _take(task, step)
        except WidensError as error:
            task = replace(task, spec=_widening(job, task.spec, error.columns))
            continue
        except NeedsLoadError as error:
            if is_anew:
                raise
            reasons.append(f"{error.where}: {error.message}")
        else:
            if not version.missing or end.version is None or is_anew:
                return version, end, step
            job.staging.discard(job.table.path)
            reasons.append(f"{_missing(version)}, because no window contains them")
        step, is_anew = reload(job, task.rule), True


def _widening(job: Job, spec: TableSpec, columns: frozenset[str]) -> TableSpec:
    """A load that is not done yet, which no reader knows, may always widen, or begin anew."""
    spec = replace(spec, widens=spec.widens | columns)
    if job.published is not None and job.published.loading:
        return replace(spec, on_schema_change="evolve", keeps_all=False)
    return spec


def _take(task: Task, step: Step) -> tuple[TableVersion, End]:
    """Carry out a step: what the engine makes of the rows, and of what is published already."""
    job, request = task.job, task.request
    reading = job.source.read(request, step.window)
    before, previous = job.published, job.staging.previous
    advance = partial(job.progress.advance, job.table.path)
    at = Workplace(job.staging.path, job.staging.work(job.table.id), job.limits, advance)
    if step.action is RowAction.REPLACE or before is None or previous is None:
        version = load(
            task.spec,
            task.declared,
            reading,
            at,
            previous=_still_requested(request, before.schema) if before and before.files else None,
        )
        return _warned(version, reading.end())
    alive = job.source.read_keys(request) if step.census else None
    expected = None
    if step.census and task.rule.has_beginning:  # older rows live in the source alone
        of_key = replace(request, columns=task.spec.key)
        expected = job.source.read(of_key, reload(job, task.rule).window)
    batch = Batch(
        reading,
        live_keys=alive,
        expected_keys=expected,
        covered=_covered(step),
        adds=step.action is RowAction.ADD,
    )
    version = merge(task.spec, task.declared, _built_upon(before, step), previous.path, batch, at)
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


def _still_requested(request: TableRequest, schema: TableSchema) -> TableSchema:
    """The published columns without those that the description leaves out by now."""
    kept = [one for one in schema.columns if not request.columns or one.name in request.columns]
    return TableSchema(tuple(kept))


def _built_upon(before: TableEntry, step: Step) -> TableVersion:
    """The published rows; their rejects are listed anew by a step that reads everything."""
    version = version_of(before)
    is_whole = step.action is RowAction.ADD and step.window == Window()
    return replace(version, reject_file=None) if is_whole else version


def _covered(step: Step) -> Range | None:
    """The range of which the reading holds every row that still exists."""
    window = step.window
    if step.action is RowAction.MERGE or window.column is None:
        return None
    return Range(window.column, window.since, window.until)


def _missing(version: TableVersion) -> str:
    rows = "1 row was" if version.missing == 1 else f"{version.missing:,} rows were"
    return f"{rows} in the source and not in the table"
