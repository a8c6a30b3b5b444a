"""The time limit of a source: past it, the table that is read fails, and no other."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import TypeVar

import pyarrow as pa

from ..config.values import duration_text
from ..errors import SourceError
from ..sources.contract import Source, SourceTable, TableRequest, Window
from ..tables.intake.ahead import LateError, ahead
from ..tables.row_places import RowPlaces
from ..tables.rows import End, Reading

__all__ = ["LimitedSource", "left_behind"]

Result = TypeVar("Result")

_THREAD = "source"
_MOST_GRACE = timedelta(minutes=1)


class LimitedSource:
    """Every call of one table to its source, within one limit for all of them.

    A thread cannot be ended, so each call runs in one that can be left behind. A source that
    keeps the limit itself says more of what went wrong: it has the same time again, a minute at
    most, to do so.
    """

    def __init__(self, source: Source, table: str, limit: timedelta) -> None:
        """The time of ``table`` (its id) begins now."""
        self._source, self._table, self._limit = source, table, limit
        grace = min(limit, _MOST_GRACE)
        self._deadline = time.monotonic() + (limit + grace).total_seconds()

    def discover(self) -> Iterator[SourceTable]:
        """Every table, in time."""
        return self.each(lambda: iter(self._source.discover()))

    def describe(self, table: TableRequest) -> SourceTable:
        """One table, in time."""
        return self.one(lambda: self._source.describe(table))

    def read(self, table: TableRequest, window: Window) -> Reading:
        """The rows of a window, in time."""
        return _LimitedReading(self, self.one(lambda: self._source.read(table, window)))

    def read_keys(self, table: TableRequest) -> Reading:
        """The keys, in time."""
        return _LimitedReading(self, self.one(lambda: self._source.read_keys(table)))

    def one(self, call: Callable[[], Result]) -> Result:
        """What a call returns; raises ``SourceError`` when it takes too long."""
        return next(self.each(lambda: iter((call(),))))

    def each(self, make: Callable[[], Iterator[Result]]) -> Iterator[Result]:
        """What an iterator yields; raises ``SourceError`` when it takes too long."""
        try:
            yield from ahead(make, name=_THREAD, seconds_left=self._seconds_left)
        except LateError as error:
            raise SourceError(
                "the source took too long",
                where=self._table,
                expected=f"all rows within {duration_text(self._limit)}",
                remedy="Raise 'timeout' of the table, or sync.table_timeout, if that is normal.",
            ) from error

    def _seconds_left(self) -> float:
        return self._deadline - time.monotonic()


class _LimitedReading:
    """A reading whose every step is one of a limited source."""

    def __init__(self, source: LimitedSource, reading: Reading) -> None:
        self.schema: pa.Schema = reading.schema
        self._source, self._reading = source, reading

    @property
    def places(self) -> RowPlaces | None:
        return self._reading.places

    def batches(self) -> Iterator[pa.RecordBatch]:
        return self._source.each(self._reading.batches)

    def end(self) -> End:
        return self._source.one(self._reading.end)


def left_behind() -> bool:
    """Whether a call that took too long still goes on in this process."""
    return any(thread.name == _THREAD for thread in threading.enumerate())
