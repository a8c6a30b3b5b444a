"""Random histories of a source, synced through faults: what is published is what it was."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from broker.errors import BrokerError, SourceError
from tests.integration.publish.faults import Crash, Faults, drop_locks, injected, old_heap_aside

from .feigned import Feign, Feigned

ID = "s.t"
STRATEGIES = {
    "full_refresh": "",
    "incremental": "sync_strategy: incremental, deletions: census, incremental_window_days: 0, "
    "partition_by: moment,",
    "partitioned": "sync_strategy: partitioned, partition_by: moment, "
    "incremental_window_days: 9999,",
    "keyed by census, in one file": "sync_strategy: incremental, deletions: census,",
}
DESCRIPTION = "  - {id: s.t, primary_key: id, max_delete_fraction: 1.0, %s}\n"
COLUMNS = "id BIGINT, moment TIMESTAMPTZ, amount DECIMAL(9,2), note VARCHAR"
INSTANTS = [None, "2026-01-01 00:00:00+00", "2026-01-31 23:59:59.999999+00", "2026-03-15 12:00+00"]
NOTES = [None, "", "NA", "NULL", 'two\n"lines", ok', "😀"]

puts = st.tuples(
    st.just("put"),
    st.tuples(
        st.integers(0, 9),
        st.sampled_from(INSTANTS),
        st.sampled_from([None, "0.00", "-1.05", "9999999.99"]),
        st.sampled_from(NOTES),
    ),
)
deletions = st.tuples(st.just("delete"), st.lists(st.integers(0, 9), max_size=3))
changes_of_columns = st.tuples(
    st.just("columns"),
    st.sampled_from(
        [
            "ALTER TABLE source ADD COLUMN IF NOT EXISTS extra BIGINT",
            "ALTER TABLE source ALTER amount TYPE DECIMAL(12,2)",
        ]
    ),
)


@dataclass(frozen=True)
class Attempt:
    """One run, and what goes wrong in it: a call of the system, a crash, or the source."""

    fault: str
    at: int


attempts = st.builds(
    Attempt,
    st.sampled_from(["none", "none", "error", "crash", "crash", "source"]),
    st.integers(1, 320),
)
runs = st.tuples(
    st.lists(st.one_of(puts, puts, deletions, changes_of_columns), max_size=6), attempts
)


class History:
    """The source, the broker, and what the source held whenever rows of it were published."""

    def __init__(self, root: Path, strategy: str) -> None:
        self.source = Feigned(COLUMNS)
        self.broker = Feign(root, {ID: self.source}, DESCRIPTION % STRATEGIES[strategy])
        self.expected: list[tuple[Any, ...]] | None = None

    def change(self, what: str, how: Any) -> None:
        if what == "put":
            self.source.put(*how)
        elif what == "delete":
            self.source.do("DELETE FROM source WHERE list_contains(?, id)", [how])
        else:
            self.source.do(how)

    def attempt(self, attempt: Attempt) -> None:
        """Run; whatever happened, what is published is of this moment or of the one before."""
        self.source.tick()  # so that the clock tells runs apart
        if attempt.fault == "source":
            self.source.on_batch = self._break_at(attempt.at % 3)
        at = attempt.at if attempt.fault in ("error", "crash") else 0
        faults = Faults(at, is_crash=attempt.fault == "crash")
        with injected(faults), suppress(BrokerError, OSError, Crash):
            self.broker.sync()
        self.source.on_batch = lambda _: None
        drop_locks()
        self.check()

    def _break_at(self, last: int) -> Any:
        def on_batch(number: int) -> None:
            if number >= last:
                raise SourceError("hung up")

        return on_batch

    def check(self) -> None:
        """The published table equals the source as it was when its rows were taken."""
        if self.broker.store.current() is None:
            return
        entry = self.broker.entry(ID)
        if entry.loaded_at == self.source.now:
            self.expected = self.source.rows()
        if self.expected is None:
            assert entry.files == ()
            return
        assert self.broker.rows(ID) == self.expected
        assert entry.rows == len(self.expected)


@pytest.fixture(scope="module", autouse=True)
def cheap() -> Iterator[None]:
    """After each run dead locks are searched for."""
    with old_heap_aside():
        yield


@pytest.mark.parametrize("strategy", STRATEGIES)
@settings(
    max_examples=100 if os.environ.get("BROKER_TORTURE") else 3,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
@given(history=st.lists(runs, min_size=2, max_size=5))
def test_published_is_what_the_source_was(
    strategy: str, history: list[tuple[list[tuple[str, Any]], Attempt]]
) -> None:
    with tempfile.TemporaryDirectory(prefix="broker-test-") as root:
        published = History(Path(root), strategy)
        for changes, attempt in history:
            for what, how in changes:
                published.change(what, how)
            published.attempt(attempt)
        published.attempt(Attempt("none", 0))
        assert published.expected == published.source.rows()
        store = published.broker.store
        assert not any(store.verify(generation.id) for generation in store.generations())
        assert list((Path(root) / "data/staging").iterdir()) == []
