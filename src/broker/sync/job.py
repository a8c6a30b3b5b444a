"""What the sync of one table is given, and which tables have no room."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from ..config import TableDescription
from ..errors import TableError
from ..manifest import TableEntry
from ..publish import Approval
from ..publish.staging import Staging
from ..sources.contract import Source
from ..tables.model import Limits
from .exposure import Exposure
from .held import more_readers
from .report import Progress

__all__ = ["Job", "check_held", "displaced", "no_room"]


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
