"""Faults on demand: what goes wrong, in which phase of a read, how often."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import Literal

from .errors import ApiError

__all__ = ["Fault", "Faults", "Phase"]

Phase = Literal["token", "table", "dry", "start", "poll", "rows", "session", "stream", "jobs"]
Kind = Literal[
    "throttle",  # 429
    "unavailable",  # 503
    "rate",  # 403 rateLimitExceeded, which is worth another try
    "quota",  # 403 quotaExceeded, which is not
    "unauthorized",  # 401
    "reset",  # the connection is cut before any answer
    "truncate",  # half of the promised body
    "failed_job",  # the job ends with an error that names a value
    "lost_rows",  # an answer without its last row
]
_ANSWERS = {
    "throttle": (429, "rateLimitExceeded", "Exceeded rate limits: too many requests"),
    "unavailable": (503, "backendError", "Error encountered during execution. Retrying may help."),
    "rate": (403, "rateLimitExceeded", "Exceeded rate limits: too many api requests"),
    "quota": (403, "quotaExceeded", "Quota exceeded: Your project exceeded quota for queries"),
    "unauthorized": (401, "authError", "Request had invalid authentication credentials"),
    "failed_job": (400, "invalidQuery", "Bad int64 value: canary-value"),
}


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that goes wrong ``times`` times (None: always), after ``after`` good answers."""

    kind: Kind
    phase: Phase
    times: int | None = 1
    after: int = 0

    @property
    def answer(self) -> ApiError | None:
        """The refusal in place of an answer; None where the answer is spoilt on its way."""
        return ApiError(*_ANSWERS[self.kind]) if self.kind in _ANSWERS else None


class Faults:
    """The faults still to come and those that happened. Safe to use from several threads."""

    def __init__(self) -> None:
        """None yet."""
        self._lock = threading.Lock()
        self._rules: list[tuple[Fault, int]] = []
        self.happened: list[Fault] = []

    def add(self, *faults: Fault) -> None:
        """Let these happen, too."""
        with self._lock:
            self._rules += [(fault, 0) for fault in faults]

    def take(self, phase: str) -> Fault | None:
        """The fault that a request of this phase suffers."""
        with self._lock:
            for index, (fault, seen) in enumerate(self._rules):
                if fault.phase != phase:
                    continue
                self._rules[index] = (fault, seen + 1)
                last = None if fault.times is None else fault.after + fault.times
                if seen < fault.after or (last is not None and seen >= last):
                    continue
                self.happened.append(fault)
                return fault
        return None
