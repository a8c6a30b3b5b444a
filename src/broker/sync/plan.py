"""What a run has to do next for one table: (description, what was published, now). Pure.

No clock, no network, no disk: ``now`` and the watermark come in as values, and every decision
can be tested as data.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import Enum

from ..sources.contract import Window

__all__ = [
    "Kept",
    "RowAction",
    "Step",
    "SyncRule",
    "next_step",
    "reload_step",
    "seen",
    "whole_step",
]


_BEHIND = timedelta(hours=12)  # no clock on a wall is further behind UTC


class RowAction(Enum):
    """What happens to the rows that a step reads."""

    REPLACE = "replace"  # they are the table
    MERGE = "merge"  # they are upserted by key, or appended where there is no key
    REPLACE_RANGE = "replace range"  # they take the place of every row in the window
    ADD = "add"  # they are upserted by key, or added where no row is the same; no row goes


@dataclass(frozen=True, slots=True)
class Step:
    """One reading of the source and what it does to the table.

    ``census`` asks for the keys that still exist, to remove the others. A step that is not
    ``last`` leaves an initial load unfinished: its table is kept, but not published.
    """

    action: RowAction
    window: Window
    census: bool = False
    last: bool = True


@dataclass(frozen=True, slots=True)
class SyncRule:
    """The part of a table's description that decides what is read.

    ``tracked`` says that the source knows when a row changed, and so needs no ``cursor``.
    ``append_only`` says that no row may go.
    """

    strategy: str
    cursor: str | None = None
    partition_by: str | None = None
    granularity: str | None = None
    window_days: int = 7
    chunk_days: int = 30
    max_history_days: int | None = None
    census: bool = False
    keyed: bool = True
    tracked: bool = True
    append_only: bool = False

    @property
    def column(self) -> str | None:
        """The column that bounds a part of the history."""
        return self.partition_by if self.strategy == "partitioned" else self.cursor

    @property
    def has_beginning(self) -> bool:
        """The history is bounded, and something tells what lies before the bound."""
        return self.max_history_days is not None and (self.column is not None or self.tracked)


@dataclass(frozen=True, slots=True)
class Kept:
    """What the published generation says of the table: how far its rows reach.

    ``loading`` is true while chunks of an initial load are still missing after ``watermark``.
    """

    watermark: datetime
    loading: bool = False


def seen(kept: Kept, newest: datetime, type_: str) -> Kept:
    """How far the rows reach by the column that bounds them, whose type is ``type_``.

    A source's clock may be ahead of its rows, and of the clock on the wall that stamped them. A
    day is read as a whole.
    """
    clock = kept.watermark if type_ == "TIMESTAMPTZ" else kept.watermark - _BEHIND
    watermark = min(clock, newest)
    return replace(kept, watermark=_floor(watermark, "day") if type_ == "DATE" else watermark)


def next_step(rule: SyncRule, kept: Kept | None, now: datetime) -> Step:
    """The next step. ``now`` is an aware UTC instant.

    A table that was never loaded is read from the start of its history, in chunks where its
    history is bounded; an initial load that was cut off goes on where it stopped.
    """
    if rule.strategy == "full_refresh":
        adds = rule.append_only and kept is not None and not kept.loading
        return Step(RowAction.ADD if adds else RowAction.REPLACE, Window())
    if kept is None or kept.loading:
        return _chunk(rule, kept, now) if rule.has_beginning else whole_step(rule, now)
    overlapping = kept.watermark - timedelta(days=rule.window_days)
    if rule.strategy == "partitioned":
        action = RowAction.ADD if rule.append_only else RowAction.REPLACE_RANGE
        window = Window(_floor(overlapping, rule.granularity), None, rule.partition_by)
        return Step(action, window, census=rule.census)
    if rule.keyed:
        return Step(RowAction.MERGE, Window(overlapping, None, rule.cursor), census=rule.census)
    if rule.cursor is None:
        # Nothing tells a row that was read twice from two: reading goes on where it ended.
        return Step(RowAction.MERGE, Window(kept.watermark))
    return Step(RowAction.ADD, Window(overlapping, None, rule.cursor))


def whole_step(rule: SyncRule, now: datetime) -> Step:
    """Everything that a table which was never loaded is to hold, at once."""
    if rule.strategy == "full_refresh" or not rule.has_beginning:
        return Step(RowAction.REPLACE, Window())
    return Step(RowAction.REPLACE, Window(_beginning(rule, now), None, rule.column))


def reload_step(rule: SyncRule, oldest: datetime | None, now: datetime) -> Step:
    """Everything that a published table is to hold: no less far back than it reaches now.

    ``oldest`` is the first instant of its rows in the column that bounds the history. Where that
    is not known, all of the source is read: ``max_history_days`` is for the first load alone.
    """
    step = whole_step(rule, now)
    since = step.window.since
    if since is None:
        return step
    if oldest is None:
        return replace(step, window=Window())
    return replace(step, window=replace(step.window, since=min(since, oldest)))


def _chunk(rule: SyncRule, kept: Kept | None, now: datetime) -> Step:
    """The next part of an initial load.

    The last chunk has no end: what appears during the load belongs to it.
    """
    action = RowAction.MERGE if kept else RowAction.REPLACE
    since = kept.watermark if kept else _beginning(rule, now)
    until = since + timedelta(days=rule.chunk_days)
    if until >= now:
        return Step(action, Window(since, None, rule.column))
    return Step(action, Window(since, until, rule.column), last=False)


def _beginning(rule: SyncRule, now: datetime) -> datetime:
    return _floor(now - timedelta(days=rule.max_history_days or 0), "day")


def _floor(instant: datetime, granularity: str | None) -> datetime:
    """The first moment of the partition (by default a month) of the instant."""
    day = instant.replace(hour=0, minute=0, second=0, microsecond=0)
    if granularity == "day":
        return day
    if granularity == "year":
        return day.replace(month=1, day=1)
    return day.replace(day=1)
