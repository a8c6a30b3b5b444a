"""The progress of a run that no person looks at."""

from __future__ import annotations

from broker.sync.report import TableOutcome

__all__ = ["Silent"]


class Silent:
    """Says nothing."""

    def phase(self, table: str, name: str) -> None:
        """Say nothing."""

    def expect(self, table: str, rows: int | None, size: int | None) -> None:
        """Say nothing."""

    def advance(self, table: str, rows: int, size: int) -> None:
        """Say nothing."""

    def done(self, outcome: TableOutcome) -> None:
        """Say nothing."""
