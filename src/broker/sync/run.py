"""One run: every described table, side by side, and one generation at the end.

A table that fails keeps its last good rows; the others go on. An initial load in chunks
publishes after each of them, so a run that is killed goes on from there.
"""

from __future__ import annotations

import os
import time
import traceback
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import datetime
from errno import EDQUOT, ENOSPC
from pathlib import Path

import duckdb

from ..config import Instance, PlacedMetric, TableDescription
from ..errors import BrokerError, TableError
from ..manifest import TableEntry
from ..metrics.values import Bounds
from ..publish import Approvals, Generation, PruneRule, Staging, Store
from ..publish.deletions import deletion_note, deletion_of
from ..sources.contract import Source
from ..tables.model import Limits
from .cataloging import facts_of
from .exposure import exposure_of
from .held import HeldError
from .job import Job, check_held, displaced, no_room
from .places import places_of
from .profiling import Profiling
from .report import Progress, Report, TableOutcome
from .request import request_of
from .table import failed_entry, sync_table

__all__ = ["Run"]


@dataclass(frozen=True)
class Run:
    """What a run works on. ``sources`` has the source of every table, by table id.

    ``reload`` names the tables, by id, of which every row is to be read anew; ``metrics`` are bound
    to what is published.
    """

    instance: Instance
    tables: tuple[TableDescription, ...]
    sources: Mapping[str, Source]
    store: Store
    clock: Callable[[], datetime]
    progress: Progress
    reload: frozenset[str] = frozenset()
    metrics: tuple[PlacedMetric, ...] = ()

    def __call__(self) -> Report:
        """Sync everything and publish; raises ``BrokerError`` if nothing could be published."""
        began = time.monotonic()
        outcomes: dict[str, TableOutcome] = {}
        due, reload = self.tables, self.reload
        while True:
            generation, fresh, warnings = self._pass(due, reload)
            outcomes.update(fresh)
            reload = frozenset()
            due = tuple(table for table in due if _is_loading(generation, table))
            if not due:
                break
        self.store.prune(self._retention())
        ordered = tuple(outcomes[table.id] for table in self.tables)
        return Report(generation.id, ordered, time.monotonic() - began, warnings)

    def _pass(
        self, due: tuple[TableDescription, ...], reload: frozenset[str]
    ) -> tuple[Generation, dict[str, TableOutcome], tuple[str, ...]]:
        """One step of every table that is due, the others carried over, one generation.

        With warnings of no single table.
        """
        approvals = self.store.approvals
        with self.store.begin() as staging:
            described = [self._job(table, staging, approvals) for table in due]
            jobs = _with_room([replace(one, reload=one.table.id in reload) for one in described])
            for table in self.tables:
                if table not in due:
                    _keep(staging, table)
            with ThreadPoolExecutor(self._parallel) as pool:
                outcomes = dict(zip((t.id for t in due), pool.map(self._one, jobs), strict=True))
                outcomes |= self._displace(jobs, outcomes)
                profiled = self._profiling(staging)(pool.map)
            warnings = (*self._meter(staging), *profiled)
            staging.catalog(facts_of(self.instance, self.tables), warnings)
            generation = staging.commit(now=self.clock())
        approvals.use_up_readers(job.table.id for job in jobs if job.exposure.approved)
        approvals.use_up(name for name, one in outcomes.items() if not one.error)
        return generation, outcomes, warnings

    def _meter(self, staging: Staging) -> tuple[str, ...]:
        """Bind metrics to what was put, and run those whose tables changed."""
        unbound = staging.bind(self.metrics)
        seconds = self.instance.metrics.timeout.total_seconds()
        bounds = Bounds(seconds, int(self.instance.sync.memory_limit), self._limits.threads)
        return (*unbound, *staging.evaluate(self.metrics, bounds, self.clock()))

    def _displace(
        self, jobs: list[Job], outcomes: Mapping[str, TableOutcome]
    ) -> dict[str, TableOutcome]:
        """Take back tables at whose path another one stays, because it is held or failed."""
        changed = {}
        staying = [name for name, one in outcomes.items() if one.error]
        names = displaced(jobs, staying)
        for job in (one for one in jobs if one.table.id in names):
            job.staging.drop(job.table.id)
            entry = self._keep_failed(replace(job, has_room=False), no_room(job))
            changed[job.table.id] = _outcome(job, entry, outcomes[job.table.id].seconds)
            self.progress.done(changed[job.table.id])
        return changed

    def _one(self, job: Job) -> TableOutcome:
        """Sync a table; whatever goes wrong with it is its own."""
        began = time.monotonic()
        self.progress.phase(job.table.path, "read")
        try:
            check_held(job)
            entry = sync_table(job)
        except BrokerError as error:
            entry = self._keep_failed(job, error)
        except Exception as error:  # one table's bug must not take the others with it
            entry = self._keep_failed(job, _unexpected(job.table, error))
        finally:
            job.staging.clear(job.table.id)
        outcome = _outcome(job, entry, time.monotonic() - began)
        self.progress.done(outcome)
        return outcome

    def _keep_failed(self, job: Job, error: BrokerError) -> TableEntry:
        job.staging.discard(job.table.path)
        entry = failed_entry(job, error)
        if isinstance(error, HeldError):
            job.staging.note(entry.id, deletion_note(error.deletion))
        if job.has_room or job.published is not None:
            job.staging.keep(entry)
        return entry

    def _job(self, table: TableDescription, staging: Staging, approvals: Approvals) -> Job:
        previous = staging.previous
        sync = self.instance.sync
        published = previous.manifest.table(table.id) if previous else None
        approval = approvals.of(table.id)
        exposure = exposure_of(
            table.id,
            self.instance.access_of(table),
            self._places(table),
            instance=self.instance,
            memory=staging.memory,
            published=published,
            approval=approval,
            generation=staging.id,
        )
        if exposure.widening is None:
            staging.read_by(table.id, exposure.readers, exposure.places)
        else:
            staging.hold(exposure.widening)
        return Job(
            table=table,
            exposure=exposure,
            published=published,
            source=self.sources[table.id],
            staging=staging,
            limits=self._limits,
            max_rejects=sync.max_rejects,
            now=self.clock(),
            approval=approval,
            progress=self.progress,
            timeout=table.timeout or sync.table_timeout,
        )

    def _places(self, table: TableDescription) -> frozenset[str]:
        request = request_of(table, self.clock().date())
        return places_of(self.instance.source_of(table).name, self.sources[table.id], request)

    @property
    def _parallel(self) -> int:
        return max(1, min(self.instance.sync.parallel_tables, len(self.tables)))

    @property
    def _limits(self) -> Limits:
        sync = self.instance.sync
        return Limits(int(sync.memory_limit) // self._parallel, sync.threads)

    def _profiling(self, staging: Staging) -> Profiling:
        unprofiled = (table.id for table in self.tables if not table.profile_after_sync)
        return Profiling(self.instance, staging, self._limits, frozenset(unprofiled))

    def _retention(self) -> PruneRule:
        keep = self.instance.sync.retention
        return PruneRule(keep.count, keep.days, int(keep.min_free))


def _with_room(jobs: list[Job]) -> list[Job]:
    """The jobs, those marked at whose path another table stays that waits for approval."""
    waiting = [one.table.id for one in jobs if one.exposure.widening]
    names = displaced(jobs, waiting)
    return [replace(job, has_room=job.table.id not in names) for job in jobs]


def _is_loading(generation: Generation, table: TableDescription) -> bool:
    entry = generation.manifest.table(table.id)
    return entry is not None and entry.loading and entry.error is None


def _keep(staging: Staging, table: TableDescription) -> None:
    previous = staging.previous
    entry = previous.manifest.table(table.id) if previous else None
    if previous is not None and entry is not None:
        staging.note(entry.id, deletion_note(deletion_of(previous, entry)))
        staging.keep(entry)


def _unexpected(table: TableDescription, error: Exception) -> TableError:
    """Name the place, not the text: a library's message may hold a row's values."""
    if getattr(error, "errno", None) in (ENOSPC, EDQUOT) or os.strerror(ENOSPC) in str(error):
        remedy = "Free some space (or inodes, where `df --inodes` shows none), or shorten the "
        remedy += "retention, then sync again."
        return TableError("the disk is full", where=table.id, remedy=remedy)
    if isinstance(error, duckdb.OutOfMemoryException):
        return TableError(
            "the table needs more memory than it may use",
            where=table.id,
            remedy="Raise sync.memory_limit, or lower sync.parallel_tables, which share it.",
        )
    if isinstance(error, OSError) and error.strerror:
        return TableError(
            "the operating system refused",
            where=table.id,
            found=f"{error.strerror}: {error.filename}" if error.filename else error.strerror,
        )
    frame = traceback.extract_tb(error.__traceback__)[-1]
    return TableError(
        f"an unexpected {type(error).__name__}",
        where=table.id,
        found=f"{Path(frame.filename).name}:{frame.lineno}",
        remedy="This is a fault of the broker; report it with this line.",
    )


def _outcome(job: Job, entry: TableEntry, seconds: float) -> TableOutcome:
    widening = job.exposure.widening
    warnings = [widening.words] if widening else []
    if job.approval.readers and not (widening or job.exposure.approved):
        warnings.append("an approval of more readers is not needed and no longer valid")
    return TableOutcome(
        table=entry.path,
        status=str(entry.status),
        rows=entry.rows,
        rejects=entry.rejects if entry.error is None else 0,
        duplicates=entry.duplicates,
        bytes_written=entry.bytes,
        seconds=round(seconds, 3),
        error=entry.error,
        warnings=(*warnings, *entry.warnings),
        issues=entry.issues,
    )
