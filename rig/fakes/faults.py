"""Faults on demand: what goes wrong, in which phase of an export, how often."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any, Literal, get_args

__all__ = ["Fault", "Faults", "Kind", "Phase", "Place"]

Kind = Literal[
    "throttle",  # 429 with Retry-After
    "maintenance",  # 503 with Retry-After and Keboola's maintenance body
    "internal",  # 500 with an exceptionId
    "gateway",  # 502 with a page of HTML, as a load balancer answers
    "denied",  # 403
    "missing",  # 404
    "expired",  # the link or credential of this request is no longer good; a fresh one is
    "reset",  # the connection is cut before any answer
    "truncate",  # the promised length is not delivered
    "cut",  # the stored bytes themselves are fewer: an honest length, half a gzip stream
    "stall",  # some bytes, then silence
    "drip",  # some bytes, then the others one at a time
    "wrong_type",  # the right body under a wrong Content-Type
    "html",  # 200 with a page of HTML
    "slow_job",  # a poll says `processing`, whatever is true
    "failed_job",  # the job ends with `error`
    "empty_manifest",  # no entries
    "shuffled",  # entries in another order
]
Phase = Literal[
    "index", "verify", "tables", "upload", "start", "poll", "detail", "manifest", "slice"
]


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that goes wrong ``times`` times (None: always), after ``after`` good answers.

    ``slice`` is the slice's number in the manifest, -1 the last one, None any. ``keep`` says how
    many bytes of a cut body are delivered: negative counts from the end, None is half of them.
    ``seconds`` is what Retry-After says, how long a stalled connection stays open, or what passes
    between two bytes that drip.
    """

    kind: Kind
    phase: Phase
    times: int | None = 1
    after: int = 0
    table: str | None = None
    slice: int | None = None
    keep: int | None = None
    seconds: float = 1

    def __post_init__(self) -> None:
        if self.kind not in get_args(Kind):
            raise ValueError(f"no fault is called {self.kind!r}")
        if self.phase not in get_args(Phase):
            raise ValueError(f"no phase is called {self.phase!r}")

    def delivered(self, length: int) -> int:
        """How many of ``length`` bytes get through."""
        keep = length // 2 if self.keep is None else self.keep
        return max(0, length + keep) if keep < 0 else min(keep, length)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a request stands: its phase, the table it is about, and which slice of how many."""

    phase: Phase
    table: str | None = None
    slice: int | None = None
    slices: int = 0

    def suffers(self, fault: Fault) -> bool:
        """Whether a fault concerns this request."""
        if fault.phase != self.phase or fault.table not in (None, self.table):
            return False
        if fault.slice is None or self.slice is None:
            return fault.slice is None
        wanted = fault.slice + self.slices if fault.slice < 0 else fault.slice
        return self.slice == wanted


class Faults:
    """The faults still to come and those that happened. Safe to use from several threads."""

    def __init__(self) -> None:
        """None yet."""
        self._lock = threading.Lock()
        self._pending: list[tuple[Fault, int]] = []
        self.happened: list[tuple[Fault, Place]] = []

    def add(self, *faults: Fault) -> None:
        """Let these happen, too; the first that fits a request wins."""
        with self._lock:
            self._pending.extend((fault, 0) for fault in faults)

    def clear(self) -> None:
        """Let nothing go wrong any more, and forget what did."""
        with self._lock:
            self._pending.clear()
            self.happened.clear()

    def pending(self) -> list[dict[str, Any]]:
        """What is still to come, as JSON shows it."""
        with self._lock:
            return [asdict(fault) for fault, _ in self._pending]

    def take(self, place: Place, kinds: Iterable[Kind] | None = None) -> Fault | None:
        """The fault that this request suffers; it counts as one of its times."""
        with self._lock:
            for index, (fault, seen) in enumerate(self._pending):
                if not place.suffers(fault) or (kinds is not None and fault.kind not in kinds):
                    continue
                self._pending[index] = (fault, seen + 1)
                if seen < fault.after:
                    continue
                if fault.times is not None and seen + 1 >= fault.after + fault.times:
                    del self._pending[index]
                self.happened.append((fault, place))
                return fault
        return None
