"""Where root keeps the record of syncs, and the two moments in which it changes."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path

from ..beneath import read_file
from ..errors import BrokerError
from ..files import lock, write_atomic
from ..foreign.paths import GENERATION_ID
from ..hostpaths import SYNCS
from .record import NOT_STARTED, SUCCESS, Begun, Ended, RunRecord
from .systemd import SUCCEEDED, alive

__all__ = ["boot_id", "note_begin", "note_end", "read_record"]

_BOOT = Path("/proc/sys/kernel/random/boot_id")
_LOCK_SECONDS = 10.0
Environment = Mapping[str, str]
_GENERATION = re.compile(f"generations/({GENERATION_ID})")


def read_record(path: Path = SYNCS) -> RunRecord:
    """An empty one where no sync was ever recorded. Raises ``BrokerError``."""
    try:
        return RunRecord.from_json(read_file(path.parent, path.name))
    except FileNotFoundError:
        return RunRecord()
    except PermissionError as error:
        raise BrokerError(
            "you may not read how syncs ended",
            where=str(path),
            remedy="Run this as root, or as a member of data-ops.",
        ) from error
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise BrokerError(
            "the record of syncs cannot be read",
            where=str(path),
            found=getattr(error, "strerror", None) or f"{type(error).__name__}: {error}",
            remedy="Move the file away; the next sync begins a new one.",
        ) from error


def note_begin(
    unit: str, store: Path, gid: int, env: Environment = os.environ, path: Path = SYNCS
) -> None:
    """Record that a run begins; ``gid`` is the operators' group. Raises ``BrokerError``."""
    now = datetime.now(UTC)
    invocation = env.get("INVOCATION_ID", "")
    if not invocation:
        raise BrokerError("only systemd records how a sync begins", remedy="Type `broker sync`.")
    run = Begun(unit, now, boot_id(), _current(store))

    def change(record: RunRecord) -> RunRecord:
        running = alive({key: one.unit for key, one in record.begun.items()})
        return record.settle(running, run.boot, now).begin(invocation, run)

    _change(change, gid, path)


def note_end(
    how: str, unit: str, store: Path, gid: int, env: Environment = os.environ, path: Path = SYNCS
) -> Ended:
    """Record a run's end; ``how`` is systemd's word, ``env`` what systemd gave its handler.

    Raises ``BrokerError``.
    """
    now, current = datetime.now(UTC), _current(store)

    def change(record: RunRecord) -> RunRecord:
        return record.end(_ended(how, unit, now, current, env, record))

    return _change(change, gid, path).ended[-1]


def _ended(
    how: str, unit: str, now: datetime, current: str | None, env: Environment, record: RunRecord
) -> Ended:
    """Where a required unit failed, systemd reports the run before, or none."""
    invocation = env.get("MONITOR_INVOCATION_ID", "")
    result = env.get("MONITOR_SERVICE_RESULT", "")
    stale = not invocation or record.knows(invocation) or result == SUCCESS
    if how != SUCCEEDED and stale:
        return Ended(unit, "", None, now, NOT_STARTED)
    code, status = env.get("MONITOR_EXIT_CODE", ""), env.get("MONITOR_EXIT_STATUS", "")
    return Ended(unit, invocation, None, now, result, code, status, current)


def boot_id() -> str:
    """Which boot of the host this is."""
    return _BOOT.read_text().strip()


def _change(change: Callable[[RunRecord], RunRecord], gid: int, path: Path) -> RunRecord:
    """One that cannot be read is kept beside, and a new one begun: it must not end all records."""
    with lock(path.with_suffix(".lock"), purpose="the record of syncs", wait_seconds=_LOCK_SECONDS):
        try:
            record = read_record(path)
        except BrokerError:
            path.replace(path.with_suffix(".unreadable"))
            record = RunRecord()
        changed = change(record)
        write_atomic(path, changed.to_json(), mode=0o640, gid=gid if os.geteuid() == 0 else None)
    return changed


def _current(store: Path) -> str | None:
    """What is published: only the link is read, which the service may point anywhere."""
    try:
        target = str((store / "current").readlink())
    except OSError:
        return None
    found = _GENERATION.fullmatch(target)
    return found[1] if found else None
