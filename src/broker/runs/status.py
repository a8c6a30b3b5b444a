"""The status of the syncs of a host: the last end, failures in a row, the timer. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from .record import SUCCESS, Ended, RunOutcome, RunRecord
from .systemd import SERVICE, TIMER, Unit, live, recorders

__all__ = ["RunStatus", "facts_of", "run_status"]

_WORDS = {
    RunOutcome.FINE: "well",
    RunOutcome.REJECTS: "well, with rows set aside",
    RunOutcome.PARTLY: "with tables that are not up to date",
}


@dataclass(frozen=True, slots=True)
class RunStatus:
    """``running`` since when, ``next`` is the timer's; ``problems`` are sentences."""

    record: RunRecord
    running: datetime | None
    next: datetime | None
    problems: tuple[str, ...]

    @property
    def failed(self) -> bool:
        """Whether a person has to look: the last run did not succeed, or no other will come."""
        last = self.record.last
        return bool(self.problems) or (
            last is not None and last.outcome not in (RunOutcome.FINE, RunOutcome.REJECTS)
        )

    def facts(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        last = self.record.last
        return {
            "last": None if last is None else facts_of(last),
            "failures": self.record.failures,
            "failing_since": _text(self.record.failing_since),
            "running_since": _text(self.running),
            "next": _text(self.next),
            "problems": list(self.problems),
            "failed": self.failed,
        }

    def lines(self) -> list[str]:
        """How a person reads it."""
        last, lines = self.record.last, []
        if last is None:
            lines.append("Last sync: no sync has ended here yet")
        elif last.outcome is RunOutcome.FAILED:
            lines.append(f"Last sync: failed {_minute(last.at)}: {last.reason}{self._row()}")
            lines.append(f"  `journalctl -u {last.unit}` tells more")
        else:
            lines.append(f"Last sync: ended {_minute(last.at)}, {_WORDS[last.outcome]}")
        if self.running:
            lines.append(f"A sync runs since {_minute(self.running)}")
        if self.next:
            lines.append(f"Next sync: {_minute(self.next)}")
        return [*lines, *(f"Sync: {problem}" for problem in self.problems)]

    def _row(self) -> str:
        since = self.record.failing_since
        if self.record.failures < 2 or since is None:
            return ""
        return f"; {self.record.failures:,} failures in a row, the first {_minute(since)}"


def run_status(
    record: RunRecord, units: Mapping[str, Unit], boot: str, now: datetime, *, timed: bool
) -> RunStatus:
    """``units`` are those of ``with_recorders`` and the timer; ``timed`` if one is wanted."""
    service = units[SERVICE]
    running = live(units, {key: one.unit for key, one in record.begun.items()})
    begun = [one.at for key, one in record.begun.items() if key in running]
    settled = record.settle(running, boot, now)
    if not service.busy and not any(units[one].busy for one in recorders(SERVICE)):
        settled = _with_last(settled, service)
    timer = units[TIMER]
    return RunStatus(
        settled,
        min(begun, default=None),
        timer.time("NextElapseUSecRealtime"),
        tuple(_problems(timer, service)) if timed else (),
    )


def _with_last(record: RunRecord, service: Unit) -> RunRecord:
    """With the end that systemd remembers, if it was not recorded: nothing could write it."""
    at, invocation = service.time("InactiveEnterTimestamp"), service["InvocationID"]
    if at is None or not invocation or record.knows(invocation):
        return record
    if record.last is not None and at < record.last.at.replace(microsecond=0):
        return record
    if not service.code and service["Result"] == SUCCESS:
        return record  # it did not run since the host booted
    run = Ended(SERVICE, invocation, None, at, service["Result"], service.code, service.status)
    return record.end(run)


def _problems(timer: Unit, service: Unit) -> list[str]:
    for name, unit in ((TIMER, timer), (SERVICE, service)):
        if unit["LoadState"] != "loaded":
            return [f"{name} is {unit['LoadState'] or 'unknown'}: run `ansible-playbook site.yml`"]
    if timer["ActiveState"] != "active":
        return [
            f"{TIMER} is {timer['ActiveState']}, so no sync starts by itself: "
            f"`systemctl start {TIMER}`"
        ]
    found = []
    if timer["UnitFileState"] != "enabled":
        found.append(
            f"{TIMER} is {timer['UnitFileState'] or 'not enabled'}, so no sync starts after the "
            f"next boot: `systemctl enable {TIMER}`"
        )
    waits = timer["SubState"] != "running" and not service.busy
    if waits and timer.time("NextElapseUSecRealtime") is None:
        found.append(f"{TIMER} has no next run: look at broker_sync_schedule")
    return found


def facts_of(run: Ended) -> dict[str, Any]:
    """An end in plain values, for JSON."""
    return {
        "unit": run.unit,
        "invocation": run.invocation,
        "began": _text(run.began),
        "ended": _text(run.at),
        "outcome": str(run.outcome),
        "reason": run.reason,
        "result": run.result,
        "exit_code": int(run.status) if run.code == "exited" and run.status.isdigit() else None,
        "signal": run.status if run.code in ("killed", "dumped") else None,
        "generation": run.published,
    }


def _text(time: datetime | None) -> str | None:
    return None if time is None else time.isoformat()


def _minute(time: datetime) -> str:
    return f"{time.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
