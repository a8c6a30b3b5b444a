"""``broker audit``: who was added, changed, removed, by whom; who pulled what."""

from __future__ import annotations

import json
import os
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import click

from ..audit.event import Event, render_event
from ..audit.log import settle
from ..audit.pending import pending_of
from ..audit.pulls import collect
from ..audit.query import LogQuery
from ..audit.reading import History, read_log
from ..errors import BrokerError, ConfigError
from ..hostpaths import AUDIT_LOG, PULLS_CURSOR
from .options import as_json
from .terminal import say, say_json

__all__ = ["audit"]

_AGO = re.compile(r"(\d{1,6})([smhdw])")
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


@click.command()
@click.option("--user", help="Only what is about this analyst, or was done by this person.")
@click.option("--action", help="Only this verb, or all that begin with it: analyst, pull, access.")
@click.option("--since", help="From this time on: 2026-11-22, 2026-11-22T16:30 (UTC), or 7d, 12h.")
@click.option("--until", help="Up to this time, written as --since.")
@click.option(
    "--log",
    type=click.Path(path_type=Path, dir_okay=False),
    default=AUDIT_LOG,
    show_default=True,
    help="The file of the log.",
)
@click.option("--collect", "only", is_flag=True, help="Only bring pulls in from the journal.")
@as_json
def audit(
    user: str | None,
    action: str | None,
    since: str | None,
    until: str | None,
    log: Path,
    only: bool,
    as_json: bool,
) -> int:
    """Show who changed what, and who pulled what.

    Who was added, changed or removed and by whom, and who pulled which generation. Ends with 1 if
    the log holds lines that cannot be read, or lines are missing because its file cannot be
    written or the journal did not keep them; all are reported.
    """
    query = LogQuery(user, action, _instant("--since", since), _instant("--until", until))
    if only:
        found = collect(log, PULLS_CURSOR)
        say(f"{found.pulls:,} new pulls")
        return _report(found.problem)
    is_whole = not _newest(log)
    if os.geteuid() == 0:
        settle(log)
    history = read_log(log)
    chosen = [event for event in history.events if query.fits(event)]
    if as_json:
        say_json(_facts(chosen, history))
    else:
        for event in chosen:
            say(_line(event))
        if not chosen:
            say("no event matches")
    for bad in history.garbled:
        say(f"broker: {bad.where}: cannot be read: {bad.problem}", err=True)
    if history.pending:
        say(
            f"broker: {history.pending:,} lines are not in {log}, which could not be written: they "
            f"are in {pending_of(log)}. Make room, then run: broker audit",
            err=True,
        )
    return 0 if is_whole and not history.garbled and not history.pending else 1


def _newest(log: Path) -> int:
    """Bring the newest pulls into the host's log; 1 where some are missing, which is reported."""
    if log != AUDIT_LOG or os.geteuid() != 0:
        return 0
    try:
        return _report(collect(log, PULLS_CURSOR).problem)
    except BrokerError as error:
        return _report(f"the newest pulls are missing: {error}")


def _report(problem: str | None) -> int:
    if problem is None:
        return 0
    say(f"broker: {problem}", err=True)
    return 1


def _facts(chosen: list[Event], history: History) -> dict[str, Any]:
    return {
        "events": [json.loads(render_event(event)) for event in chosen],
        "garbled": [{"where": bad.where, "problem": bad.problem} for bad in history.garbled],
        "pending": history.pending,
    }


def _line(event: Event) -> str:
    result = "unfinished" if event.result == "begun" else event.result
    about = event.subject or "-"
    when = f"{event.time:%Y-%m-%d %H:%M:%S}"
    what = f"{event.action:<15} {about:<16} {result:<10}"
    return f"{when}  {what} {event.actor}{_detail(event)}"


def _detail(event: Event) -> str:
    shown = " ".join(f"{name}={_shown(value)}" for name, value in event.detail.items())
    return f"  {shown}" if shown else ""


def _shown(value: Any) -> str:
    if isinstance(value, dict):
        return "(" + " ".join(f"{name}={_shown(item)}" for name, item in value.items()) + ")"
    if isinstance(value, list):
        return ",".join(map(_shown, value)) or "none"
    return json.dumps(value) if isinstance(value, str) and " " in value else str(value)


def _instant(option: str, text: str | None) -> datetime | None:
    if text is None:
        return None
    ago = _AGO.fullmatch(text)
    if ago:
        return datetime.now(UTC) - timedelta(**{_UNITS[ago[2]]: int(ago[1])})
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise ConfigError(
            "this is not a time",
            where=option,
            expected="2026-11-22, 2026-11-22T16:30, or an age such as 7d or 12h",
            found=repr(text[:40]),
        ) from None
    return found if found.tzinfo else found.replace(tzinfo=UTC)
