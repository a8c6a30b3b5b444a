"""What root keeps of syncs, and what becomes of it when one begins or ends. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

__all__ = ["NOT_STARTED", "SUCCESS", "Begun", "Ended", "RunOutcome", "RunRecord"]

# Beside the results that systemd has: see $SERVICE_RESULT in systemd.exec(5).
SUCCESS = "success"
_INTERRUPTED = "interrupted"
NOT_STARTED = "not-started"

_KEPT = 20
_EXITS = {
    "2": "the configuration is invalid",
    "3": "rows were set aside",
    "75": "another process was busy with the store",
    "203": "the program of the broker cannot be started",
    "243": "a secret or the signing key cannot be read",
}
_RESULTS = {
    "oom-kill": "memory ran out (broker_sync_memory_max)",
    "timeout": "it took longer than broker_sync_time_limit",
    "start-limit-hit": "it was started too often",
    "resources": "systemd could not start it",
    _INTERRUPTED: "it was cut off: the host went down, or its end was not recorded",
    NOT_STARTED: "it was not started, since a unit that it needs failed",
}


class RunOutcome(StrEnum):
    """What an end means."""

    FINE = "fine"  # everything is published
    REJECTS = "rejects"  # everything is published but rows that did not fit
    PARTLY = "partly"  # a generation is published, and not every table in it is up to date
    FAILED = "failed"  # as a whole: nothing is published


@dataclass(frozen=True, slots=True)
class Begun:
    """A run whose end is not known. ``current`` is what was published when it began."""

    unit: str
    at: datetime
    boot: str
    current: str | None


@dataclass(frozen=True, slots=True)
class Ended:
    """A run that ended: ``result``, ``code`` and ``status`` are systemd's words for how.

    ``published`` is the generation that it left, where that is another than before.
    """

    unit: str
    invocation: str
    began: datetime | None
    at: datetime
    result: str
    code: str = ""
    status: str = ""
    published: str | None = None

    @property
    def outcome(self) -> RunOutcome:
        """What that means: only what is known to be good counts as good."""
        exits = self.status if self.code == "exited" else None
        if self.result == SUCCESS and exits == "0":
            return RunOutcome.FINE
        if self.result in (SUCCESS, "exit-code") and exits == "3":
            return RunOutcome.REJECTS
        if self.result == "exit-code" and exits == "1" and self.published:
            return RunOutcome.PARTLY
        return RunOutcome.FAILED

    @property
    def reason(self) -> str:
        """How it ended, for a person."""
        if self.result in _RESULTS:
            return _RESULTS[self.result]
        if self.code == "exited":
            known = _EXITS.get(self.status)
            return f"exit code {self.status}" + (f": {known}" if known else "")
        if self.result == SUCCESS:
            return f"it was stopped (signal {self.status})"
        return f"signal {self.status}" if self.code else f"systemd says {self.result}"


@dataclass(frozen=True, slots=True)
class RunRecord:
    """``begun`` by invocation; ``ended`` has the newest last; ``failures`` are those in a row."""

    begun: Mapping[str, Begun] = field(default_factory=dict)
    ended: tuple[Ended, ...] = ()
    failures: int = 0
    failing_since: datetime | None = None

    @property
    def last(self) -> Ended | None:
        """How the last run ended; None where none is known."""
        return self.ended[-1] if self.ended else None

    def knows(self, invocation: str) -> bool:
        """Whether this run's end is recorded."""
        return any(run.invocation == invocation for run in self.ended)

    def begin(self, invocation: str, run: Begun) -> RunRecord:
        """With a run that begins."""
        return replace(self, begun={**self.begun, invocation: run})

    def end(self, run: Ended) -> RunRecord:
        """With a run that ended; when it began is known here, if anywhere."""
        began = self.begun.get(run.invocation)
        if began is not None:
            changed = run.published not in (None, began.current)
            run = replace(run, began=began.at, published=run.published if changed else None)
        else:
            run = replace(run, published=None)
        failed = run.outcome is RunOutcome.FAILED
        return RunRecord(
            {key: one for key, one in self.begun.items() if key != run.invocation},
            (*self.ended, run)[-_KEPT:],
            self.failures + 1 if failed else 0,
            (self.failing_since or run.at) if failed else None,
        )

    def settle(self, alive: Iterable[str], boot: str, now: datetime) -> RunRecord:
        """The record in which every run that is not active any more was cut off.

        When is not known: a run of an earlier boot counts as ended when it began.
        """
        record, alive = self, {*alive}
        for invocation, run in sorted(self.begun.items(), key=lambda item: item[1].at):
            if invocation not in alive or run.boot != boot:
                at = now if run.boot == boot else run.at
                record = record.end(Ended(run.unit, invocation, run.at, at, _INTERRUPTED))
        return record

    def to_json(self) -> str:
        """As it is kept."""
        return json.dumps(asdict(self), indent=1, default=_text) + "\n"

    @classmethod
    def from_json(cls, content: bytes) -> RunRecord:
        """Raises ``ValueError``, ``KeyError`` or ``TypeError`` for what ``to_json`` never wrote."""
        facts: dict[str, Any] = json.loads(content)
        since = facts["failing_since"]
        return cls(
            {key: Begun(**{**one, "at": _time(one["at"])}) for key, one in facts["begun"].items()},
            tuple(
                Ended(**{**one, "at": _time(one["at"]), "began": _maybe(one["began"])})
                for one in facts["ended"]
            ),
            int(facts["failures"]),
            _maybe(since),
        )


def _text(value: object) -> str:
    if not isinstance(value, datetime):
        raise TypeError(type(value).__name__)
    return value.astimezone(UTC).isoformat()


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


def _maybe(text: str | None) -> datetime | None:
    return None if text is None else _time(text)
