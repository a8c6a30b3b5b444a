"""How a run looks: a live view on a terminal, one structured line per phase in a unit."""

from __future__ import annotations

import logging
import threading
import time

from rich.progress import (
    BarColumn,
    Progress,
    SpinnerColumn,
    TaskID,
    TaskProgressColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.text import Text

from ..foreign.text import prose
from ..sync.report import TableOutcome
from .screen import PlainColumn, Screen

__all__ = ["Lines", "Live", "fields"]

LOG = logging.getLogger("broker.sync")


class Lines:
    """One line per table and phase: ``table=sales/orders phase=done status=ok rows=500000 …``."""

    def phase(self, table: str, name: str) -> None:
        """The table enters a phase."""
        LOG.info(fields(table=table, phase=name))

    def expect(self, table: str, rows: int | None, size: int | None) -> None:
        """Nothing: the journal gets only results."""

    def advance(self, table: str, rows: int, size: int) -> None:
        """Nothing: the journal gets only results."""

    def done(self, outcome: TableOutcome) -> None:
        """The table is through."""
        line = fields(
            table=outcome.table,
            phase="done",
            status=outcome.status,
            rows=outcome.rows,
            rejects=outcome.rejects,
            duplicates=outcome.duplicates,
            bytes=outcome.bytes_written,
            seconds=f"{outcome.seconds:.2f}",
            error=outcome.error,
        )
        LOG.log(logging.ERROR if outcome.error else logging.INFO, line)
        for warning in outcome.warnings:
            LOG.warning(fields(table=outcome.table, warning=warning))
        for issue in outcome.issues:
            LOG.warning(fields(table=outcome.table, issue=issue.kind, rows=issue.count, text=issue))


class Live:
    """Tables done, and a row for each table under way: rows, MB/s, time, and time to go."""

    def __init__(self, tables: int, console: Screen) -> None:
        """``tables`` is how many the run has."""
        self._console = console
        self._lock = threading.Lock()
        self._rows: dict[str, TaskID] = {}
        self._began: dict[str, float] = {}
        self._counts_rows: dict[str, bool] = {}
        self._progress = Progress(
            SpinnerColumn(finished_text=" "),
            PlainColumn(),
            BarColumn(bar_width=24),
            TaskProgressColumn(),
            PlainColumn("detail"),
            TimeElapsedColumn(),
            TimeRemainingColumn(),
            console=console,
            transient=True,
        )
        self._tables, self._done = tables, 0
        self._all = self._progress.add_task("tables", total=tables, detail=f"0 of {tables}")

    def __enter__(self) -> Live:
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def phase(self, table: str, name: str) -> None:
        """The table enters a phase."""
        with self._lock:
            if table not in self._rows:
                self._rows[table] = self._progress.add_task(table, total=None, detail=name)
                self._began[table] = time.monotonic()
            self._progress.update(self._rows[table], detail=name)

    def expect(self, table: str, rows: int | None, size: int | None) -> None:
        """The expected rows or bytes, from which the remaining time follows."""
        with self._lock:
            self._counts_rows[table] = rows is not None
            total = size if rows is None else rows
            self._progress.update(self._rows[table], total=total or None)

    def advance(self, table: str, rows: int, size: int) -> None:
        """So many rows and bytes went through until now."""
        with self._lock:
            done = rows if self._counts_rows.get(table) else size
            rate = size / 1e6 / max(time.monotonic() - self._began[table], 0.001)
            detail = f"{rows:,} rows, {rate:,.0f} MB/s"
            self._progress.update(self._rows[table], completed=done, detail=detail)

    def done(self, outcome: TableOutcome) -> None:
        """The table is through: its row becomes a line that stays."""
        with self._lock:
            if outcome.table in self._rows:
                self._progress.remove_task(self._rows.pop(outcome.table))
            self._done = min(self._done + 1, self._tables)  # one may be taken back
            detail = f"{self._done} of {self._tables}"
            self._progress.update(self._all, completed=self._done, detail=detail)
        mark = Text("✗", style="red") if outcome.error else Text("✓", style="green")
        line = f"{outcome.table}: {outcome.status}, {outcome.rows:,} rows, {outcome.seconds:.1f} s"
        self._console.print(mark, line)
        for text in (outcome.error, *outcome.warnings, *outcome.issues):
            if text:
                self._console.print(f"  {prose(text)}")


def fields(**values: object) -> str:
    """``key=value`` pairs on one line; a value with blanks or quotes stands in quotes."""
    pairs = []
    for key, value in values.items():
        if value is None:
            continue
        text = prose(value)
        if not text or any(mark in text for mark in ' "='):
            text = '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
        pairs.append(f"{key}={text}")
    return " ".join(pairs)
