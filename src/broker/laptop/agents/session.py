"""What an agent reads as its session starts: how old the data are, and what came since. Pure.

Facts, not orders; words of the broker or of a program stand in code spans.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from ...foreign.text import code, prose
from ...manifest import Manifest, TableEntry
from . import commands
from .background import BackgroundSync

__all__ = ["opening"]

# All together stays below the 10,000 characters that an agent reads of a hook.
_MOST = 20  # tables by name
_MOST_NAME = 80
_MOST_LINE = 300
_BUSY, _SYNCED_BUT_OLD = 75, 3  # exit codes of the sync


def opening(
    manifest: Manifest, outcome: BackgroundSync | None, now: datetime, *, starts_sync: bool
) -> str:
    """The whole text; ``outcome`` is of the last sync in the background."""
    lines = [
        f"Company data in this folder: generation {code(manifest.generation)}, published"
        f" {_minute(manifest.created_at)} UTC ({_age(now - manifest.created_at)} ago),"
        f" {_counted(len(manifest.tables))}.",
        *_late(manifest, now),
        *([_ended(outcome)] if outcome else []),
        *([_STARTED] if starts_sync else []),
        f'Query with: {commands.QUERY} sql "SELECT ...". Rules and tables: AGENTS.md.',
    ]
    return "\n".join(lines)


_STARTED = (
    "A sync has started in the background; what it brings is shown as the next session starts."
)


def _late(manifest: Manifest, now: datetime) -> Iterator[str]:
    views = manifest.view_names
    broken = [
        f"{_name(views[entry.path])} ({entry.status})"
        for entry in manifest.tables
        if not entry.status.is_good
    ]
    if broken:
        yield f"Not up to date at the broker: {_listed(broken)}."
    late = [
        f"{_name(views[entry.path])} ({_lateness(entry, now)})"
        for entry in manifest.tables
        if _is_late(entry, now)
    ]
    if late:
        yield f"Older than promised: {_listed(late)}."
    elif not broken:
        yield "No table is older than promised."


def _is_late(entry: TableEntry, now: datetime) -> bool:
    if entry.freshness_seconds is None:
        return False
    return entry.as_of is None or (now - entry.as_of).total_seconds() > entry.freshness_seconds


def _lateness(entry: TableEntry, now: datetime) -> str:
    age = f"{_age(now - entry.as_of)} old" if entry.as_of else "never loaded"
    return f"{age}, promised {_age(timedelta(seconds=entry.freshness_seconds or 0))}"


def _ended(outcome: BackgroundSync) -> str:
    began = f"The sync in the background that began {outcome.started}"
    if outcome.ended is None:
        return f"{began} was cut off; the data before it are in use."
    if outcome.exit_code == _BUSY:
        return f"{began} met another one that was running."
    if outcome.exit_code not in (0, _SYNCED_BUT_OLD):
        line = code(prose(outcome.last_line, _MOST_LINE))
        return f"{began} failed with exit code {outcome.exit_code}: {line}."
    if outcome.before == outcome.after:
        return f"{began} found nothing new."
    changed = _listed([_name(name) for name in outcome.changed]) or "no table"
    return f"{began} brought {code(outcome.after)}: other rows in {changed}."


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - _MOST:,} more" if len(names) > _MOST else ""
    return ", ".join(names[:_MOST]) + more


def _counted(tables: int) -> str:
    return "1 table" if tables == 1 else f"{tables:,} tables"


def _name(view: str) -> str:
    return code(prose(view, _MOST_NAME))


def _minute(instant: datetime) -> str:
    return f"{instant:%Y-%m-%d %H:%M}"


def _age(age: timedelta) -> str:
    """``3 min``, ``4 h``, ``2 days``; nothing below zero, since clocks differ."""
    minutes = max(0, int(age.total_seconds() // 60))
    if minutes < 120:
        return f"{minutes} min"
    return f"{minutes // 60} h" if minutes < 48 * 60 else f"{minutes // 1440} days"
