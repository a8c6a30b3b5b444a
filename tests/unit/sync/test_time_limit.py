"""A source that hangs, trickles or is done in time."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta

import pyarrow as pa
import pytest

from broker.errors import SourceError
from broker.sources.contract import SourceTable, TableRequest, Window
from broker.sync.time_limit import LimitedSource, left_behind
from broker.tables.rows import End
from broker.tables.schema import TableSchema

TABLE = TableRequest("shop.orders")
BATCH = pa.record_batch({"a": ["1"]})
ALL = Window()
LATE = "shop.orders: the source took too long; expected all rows within 1s"


class Slow:
    """A source of endless rows that hangs in the call of a name until it is let go."""

    schema, places = BATCH.schema, None

    def __init__(self, hangs_in: str = "", batches: int = 3) -> None:
        self._hangs_in, self._batches, self.go = hangs_in, batches, threading.Event()

    def _reach(self, call: str) -> None:
        if call == self._hangs_in:
            self.go.wait()

    def discover(self) -> Iterator[SourceTable]:
        return iter(())

    def describe(self, table: TableRequest) -> SourceTable:
        self._reach("describe")
        return SourceTable(table.id, TableSchema(()))

    def read(self, table: TableRequest, window: Window) -> Slow:  # noqa: ARG002 - the contract
        self._reach("read")
        return self

    def read_keys(self, table: TableRequest) -> Slow:  # noqa: ARG002 - the contract
        self._reach("read_keys")
        return self

    def batches(self) -> Iterator[pa.RecordBatch]:
        for _ in range(self._batches):
            yield BATCH
        self._reach("batches")

    def end(self) -> End:
        self._reach("end")
        return End(self._batches, datetime.now(UTC))


def joined() -> None:
    """Wait for the threads of calls that were let go."""
    for thread in threading.enumerate():
        if thread.name == "source":
            thread.join()


def everything(source: LimitedSource) -> int:
    """All that a sync does with a source; the rows that came."""
    source.describe(TABLE)
    list(source.read_keys(TABLE).batches())
    reading = source.read(TABLE, ALL)
    rows = sum(batch.num_rows for batch in reading.batches())
    assert reading.end().rows == rows
    return rows


@pytest.fixture
def limited(monkeypatch: pytest.MonkeyPatch) -> Callable[[Slow, float], LimitedSource]:
    """A limit of one second, of which ``left`` remain."""

    def make(slow: Slow, left: float) -> LimitedSource:
        source = LimitedSource(slow, TABLE.id, timedelta(seconds=1))
        monkeypatch.setattr(source, "_seconds_left", lambda: left)
        return source

    return make


def test_a_source_in_time_is_as_it_is() -> None:
    source = LimitedSource(Slow(), TABLE.id, timedelta(hours=1))
    assert everything(source) == 3
    assert source.read(TABLE, ALL).schema == BATCH.schema
    assert list(source.discover()) == []
    assert not left_behind()


@pytest.mark.parametrize("call", ["describe", "read", "read_keys", "batches", "end"])
def test_a_call_that_hangs_is_left_behind(
    limited: Callable[[Slow, float], LimitedSource], call: str
) -> None:
    slow = Slow(call)
    with pytest.raises(SourceError, match=LATE):
        everything(limited(slow, 0.1))
    assert left_behind()
    slow.go.set()
    joined()
    assert not left_behind()


def test_rows_that_trickle_without_end_are_too_long_too(monkeypatch: pytest.MonkeyPatch) -> None:
    source = LimitedSource(Slow(batches=10**9), TABLE.id, timedelta(seconds=1))
    left = iter(range(100, -1, -1))
    monkeypatch.setattr(source, "_seconds_left", lambda: next(left))
    came = []
    with pytest.raises(SourceError, match=LATE):
        came.extend(source.read(TABLE, ALL).batches())
    joined()


def test_a_source_with_a_limit_of_its_own_has_time_to_say_more() -> None:
    for limit, grace in ((timedelta(seconds=1), 1), (timedelta(hours=1), 60)):
        source = LimitedSource(Slow(), TABLE.id, limit)
        over = source._seconds_left() - limit.total_seconds()
        assert grace - 1 < over <= grace


def test_an_error_of_the_source_stays_its_own() -> None:
    class Broken(Slow):
        def batches(self) -> Iterator[pa.RecordBatch]:
            yield BATCH
            raise TimeoutError("of a socket")

    reading = LimitedSource(Broken(), TABLE.id, timedelta(hours=1)).read(TABLE, ALL)
    with pytest.raises(TimeoutError, match="of a socket"):
        list(reading.batches())


def test_a_reader_that_stops_early_ends_the_thread() -> None:
    batches = LimitedSource(Slow(batches=10**9), TABLE.id, timedelta(hours=1)).read(TABLE, ALL)
    with suppress(StopIteration):
        iterator = batches.batches()
        next(iterator)
        iterator.close()  # type: ignore[attr-defined]
    assert not left_behind()
