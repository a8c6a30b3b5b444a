"""What a run has to do for one table: (description, what was published, now) to steps. Pure.

No clock, no network, no disk: ``now`` and the watermark come in as values, and every decision
can be told in a test as data.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum

from ..sources.contract import Window

__all__ = ["Action", "Kept", "Rule", "Step", "plan"]


class Action(Enum):
    """What happens to the rows that a step reads."""

    REPLACE = "replace"  # they are the table
    MERGE = "merge"  # they are upserted by key, or appended where there is no key
    REPLACE_RANGE = "replace range"  # they take the place of every row in the window
    CENSUS = "census"  # they are the keys that exist; all other rows go


@dataclass(frozen=True, slots=True)
class Step:
    """One reading of the source and what it does to the table."""

    action: Action
    window: Window


@dataclass(frozen=True, slots=True)
class Rule:
    """The part of a table's description that decides what is read."""

    strategy: str
    cursor: str | None = None
    partition_by: str | None = None
    granularity: str | None = None
    window_days: int = 7
    chunk_days: int = 30
    max_history_days: int | None = None
    census: bool = False


@dataclass(frozen=True, slots=True)
class Kept:
    """What the published generation says of the table: how far its rows reach.

    ``loading`` is true while chunks of an initial load are still missing after ``watermark``.
    """

    watermark: datetime
    loading: bool = False


def plan(rule: Rule, kept: Kept | None, now: datetime) -> tuple[Step, ...]:
    """The steps, in order. ``now`` is an aware UTC instant.

    A table that was never loaded is read from the start of its history, in chunks where its
    history is bounded; an initial load that was cut off goes on where it stopped.
    """
    if rule.strategy == "full_refresh":
        return (Step(Action.REPLACE, Window()),)
    if kept is None or kept.loading:
        return _initial(rule, kept, now)
    census = (Step(Action.CENSUS, Window()),) if rule.census else ()
    return (_update(rule, kept), *census)


def _update(rule: Rule, kept: Kept) -> Step:
    overlapping = kept.watermark - timedelta(days=rule.window_days)
    if rule.strategy == "partitioned":
        since = _floor(overlapping, rule.granularity or "month")
        return Step(Action.REPLACE_RANGE, Window(since, None, rule.partition_by))
    return Step(Action.MERGE, Window(overlapping, None, rule.cursor))


def _initial(rule: Rule, kept: Kept | None, now: datetime) -> tuple[Step, ...]:
    """Everything at once, or chunk after chunk where the history has a beginning.

    The last chunk has no end: what appears during the load belongs to it.
    """
    column = rule.partition_by if rule.strategy == "partitioned" else rule.cursor
    if rule.max_history_days is None:
        return (Step(Action.REPLACE, Window()),)
    start = now - timedelta(days=rule.max_history_days)
    if rule.strategy == "partitioned":
        start = _floor(start, rule.granularity or "month")
    since = max(start, kept.watermark) if kept else start
    steps = []
    while since + timedelta(days=rule.chunk_days) < now:
        until = since + timedelta(days=rule.chunk_days)
        steps.append(Step(Action.MERGE, Window(since, until, column)))
        since = until
    steps.append(Step(Action.MERGE, Window(since, None, column)))
    if kept is None:
        steps[0] = Step(Action.REPLACE, steps[0].window)
    return tuple(steps)


def _floor(instant: datetime, granularity: str) -> datetime:
    """The first moment of the partition that holds the instant."""
    day = instant.replace(hour=0, minute=0, second=0, microsecond=0)
    if granularity == "day":
        return day
    if granularity == "year":
        return day.replace(month=1, day=1)
    return day.replace(day=1)
