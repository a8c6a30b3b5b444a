"""What a run says while it goes on. The run tells; how it looks is the command line's business."""

from __future__ import annotations

from typing import Protocol

from .report import Outcome

__all__ = ["Progress", "Silent"]


class Progress(Protocol):
    """Told from several threads at once; every call names its table."""

    def phase(self, table: str, name: str) -> None:
        """The table enters a phase: ``read``, ``census``, ``kept``."""

    def expect(self, table: str, rows: int | None, size: int | None) -> None:
        """The source says that so many rows, or bytes of text, are to come."""

    def advance(self, table: str, rows: int, size: int) -> None:
        """Until now ``rows`` rows of ``size`` bytes went through."""

    def done(self, outcome: Outcome) -> None:
        """The table is through, well or not."""


class Silent:
    """Says nothing."""

    def phase(self, table: str, name: str) -> None:
        """Say nothing."""

    def expect(self, table: str, rows: int | None, size: int | None) -> None:
        """Say nothing."""

    def advance(self, table: str, rows: int, size: int) -> None:
        """Say nothing."""

    def done(self, outcome: Outcome) -> None:
        """Say nothing."""
