"""``schedule on|off|status``: whether the folder is synced by itself."""

from __future__ import annotations

import os
import shlex
import shutil
import sys
from pathlib import Path

import click

from ...errors import LaptopError
from ...portable import IS_WINDOWS
from ..screen import say
from ..starting import SYNC
from ..workspace import Workspace
from .launchd import LaunchdTimers
from .record import forget_schedule, read_schedule, write_schedule
from .report import is_a_copy, report_schedule
from .systemd import SystemdTimers
from .timer import INTERVALS, FolderTimer, Timers, name_for, script_of
from .trial import try_sync

__all__ = ["schedule", "timers_here"]

_NOT_WELL = 3
_CRON = {"30m": "*/30 * * * *", "1h": "0 * * * *", "6h": "0 */6 * * *"}
# What a timer needs of a person's settings to find the same programs.
_TAKEN = ("PATH", "BROKER_PYTHON", "CLAUDE_CONFIG_DIR")


@click.group()
def schedule() -> None:
    """Sync this folder by itself, by a timer of your own."""
    if IS_WINDOWS:
        raise LaptopError(
            "this program makes no timer on Windows",
            remedy=f"Make a task of your own in the Task Scheduler that runs {SYNC} --quiet.",
        )


@schedule.command("on")
@click.option(
    "--every",
    type=click.Choice(tuple(INTERVALS)),
    default="1h",
    show_default=True,
    help="How often.",
)
@click.pass_obj
def switch_on(workspace: Workspace, *, every: str) -> int:
    """Sync by itself from now on; again with another interval changes that.

    The sync is tried first as the timer will run it. Where it fails, or nothing here runs timers,
    that is refused and nothing changes.
    """
    workspace.in_use()
    timers, timer = timers_here(), _timer(workspace.root, every)
    timer.check()
    try:
        timers.check()
    except LaptopError as error:
        raise LaptopError(
            error.message,
            where=error.where,
            expected=error.expected,
            found=error.found,
            remedy=f"Where cron runs, add this line by crontab -e: {_cron_line(timer)}",
        ) from error
    try_sync(timer, timers.agent_socket())
    before = read_schedule(workspace)
    timers.switch_on(timer)
    write_schedule(workspace, every)
    if before is not None and before.name != timer.name and not is_a_copy(workspace, before):
        for file in timers.switch_off(before.name):
            say(f"removed {file}, of {before.root}")
    return _show(workspace, timers)


def _timer(root: Path, every: str) -> FolderTimer:
    bash = shutil.which("bash")
    if bash is None:
        raise LaptopError("bash is missing")
    taken = {name: os.environ[name] for name in _TAKEN if os.environ.get(name)}
    return FolderTimer(root, every, bash, taken)


def _cron_line(timer: FolderTimer) -> str:
    """In a crontab ``%`` ends the line unless a backslash stands before it (crontab(5))."""
    line = f"{timer.bash} {shlex.quote(str(script_of(timer.root)))} --quiet"
    return f"{_CRON[timer.every]} {line.replace('%', chr(92) + '%')}"


@schedule.command("off")
@click.pass_obj
def switch_off(workspace: Workspace) -> None:
    """Remove the timer, and all that was made for it."""
    timers, record = timers_here(), read_schedule(workspace)
    timers.check()
    names = {name_for(workspace.root)}
    if record is not None and not is_a_copy(workspace, record):
        names.add(record.name)
    removed = [file for name in sorted(names) for file in timers.switch_off(name)]
    forget_schedule(workspace)
    say(*(f"removed {file}" for file in removed))
    say("this folder is synced only by you from now on" if removed else "there was no timer")


@schedule.command("status")
@click.pass_obj
def show_schedule(workspace: Workspace) -> int:
    """Say whether the folder is synced by itself; ends with 3 where it should be and is not."""
    return _show(workspace, timers_here())


def _show(workspace: Workspace, timers: Timers) -> int:
    report = report_schedule(workspace, timers)
    if report is None:
        say("schedule: off")
        return 0
    say(f"schedule: {report.message}")
    return 0 if report.works else _NOT_WELL


def timers_here() -> Timers:
    """Those of this laptop's system."""
    if sys.platform == "darwin":
        return LaunchdTimers(Path.home())
    return SystemdTimers(os.environ)
