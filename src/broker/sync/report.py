"""What `broker sync` reports while it runs and at its end, and its exit code."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from enum import IntEnum
from typing import Any, Protocol

from ..tables.issues import Issue

__all__ = ["Exit", "Progress", "Report", "TableOutcome"]


class Exit(IntEnum):
    """How ``broker sync`` ends."""

    FINE = 0  # everything described is published as the source has it
    FAILED = 1  # a table kept its last good rows, or has none
    REJECTS = 3  # everything is published, but rows that did not fit were left out


@dataclass(frozen=True, slots=True)
class TableOutcome:
    """How one table ended. ``status`` is that of its manifest entry; ``seconds`` wall time."""

    table: str
    status: str
    rows: int
    rejects: int = 0
    duplicates: int = 0
    bytes_written: int = 0
    seconds: float = 0.0
    error: str | None = None
    warnings: tuple[str, ...] = ()
    issues: tuple[Issue, ...] = ()


@dataclass(frozen=True, slots=True)
class Report:
    """A whole run. ``generation`` is the one it published, ``warnings`` are of no single table."""

    generation: str
    outcomes: tuple[TableOutcome, ...]
    seconds: float
    warnings: tuple[str, ...] = ()

    @property
    def exit_code(self) -> Exit:
        """The worst thing that happened."""
        if any(outcome.error for outcome in self.outcomes):
            return Exit.FAILED
        if any(outcome.rejects for outcome in self.outcomes):
            return Exit.REJECTS
        return Exit.FINE

    def as_json(self) -> Mapping[str, Any]:
        """For ``--json``: the same facts, nothing more."""
        return {
            "generation": self.generation,
            "seconds": round(self.seconds, 3),
            "exit_code": int(self.exit_code),
            "tables": [asdict(outcome) for outcome in self.outcomes],
            "warnings": list(self.warnings),
        }


class Progress(Protocol):
    """Called while a run goes on, from several threads at once; how it looks is the caller's."""

    def phase(self, table: str, name: str) -> None:
        """The table enters a phase: ``read``, ``census``, ``kept``."""

    def expect(self, table: str, rows: int | None, size: int | None) -> None:
        """The source says that so many rows, or bytes of text, are to come."""

    def advance(self, table: str, rows: int, size: int) -> None:
        """Until now ``rows`` rows of ``size`` bytes went through."""

    def done(self, outcome: TableOutcome) -> None:
        """The table is through, well or not."""
