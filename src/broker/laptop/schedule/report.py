"""How the timer of a folder is now, for people and programs."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from ...errors import LaptopError
from ..starting import QUERY
from ..workspace import Workspace
from .record import ScheduleRecord, read_schedule
from .timer import INTERVALS, Timers, TimerState

__all__ = ["ScheduleReport", "is_a_copy", "report_schedule"]

_AGAIN = f"Run: {QUERY} schedule on"


@dataclass(frozen=True, slots=True)
class ScheduleReport:
    """``works`` is whether the folder is synced by itself as it was asked to be."""

    every: str
    works: bool
    message: str


def report_schedule(workspace: Workspace, timers: Timers) -> ScheduleReport | None:
    """None where no timer was asked for; the system is asked only where one was."""
    record = read_schedule(workspace)
    if record is None:
        return None
    if record.root != str(workspace.root):
        message = f"its timer was made for {record.root}, where this folder stood then. {_AGAIN}"
        if is_a_copy(workspace, record):
            message = f"its timer is that of {record.root}, of which this folder is a copy"
        return ScheduleReport(record.every, works=False, message=message)
    try:
        state = timers.state(record.name)
    except LaptopError as error:
        return ScheduleReport(record.every, works=False, message=str(error))
    if not state.is_active:
        message = f"its timer is not running. {_AGAIN}"
        return ScheduleReport(record.every, works=False, message=message)
    return ScheduleReport(record.every, works=True, message=_words(record, state))


def is_a_copy(workspace: Workspace, record: ScheduleRecord) -> bool:
    """Whether the folder for which the timer was made is still there, beside this one."""
    return record.root != str(workspace.root) and (Path(record.root) / ".broker").is_dir()


def _words(record: ScheduleRecord, state: TimerState) -> str:
    words = f"it syncs by itself {INTERVALS[record.every]}"
    if state.next_run is not None:
        words += f", next at {_minute(state.next_run)}"
    if state.last_run is not None:
        words += f", last ended at {_minute(state.last_run)}"
    if state.exit_code is not None:
        words += f" with exit code {state.exit_code}"
    return words


def _minute(instant: datetime) -> str:
    return f"{instant:%Y-%m-%d %H:%M} UTC"
