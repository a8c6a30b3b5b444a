"""Sources that break off, kills in the middle of a long load, and disks without space."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from broker.errors import SourceError
from broker.manifest import Status
from tests.integration.disk import small_disk

from . import chunked
from .feigned import Feign, Feigned

COLUMNS = "id BIGINT, note VARCHAR"
MERGED = "  - {id: s.t, primary_key: id, sync_strategy: incremental, deletions: census}\n"
TWO = "  - {id: s.big, primary_key: id}\n  - {id: s.small, primary_key: id}\n"


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Path]:
    """A file system of eight mebibytes."""
    with small_disk(tmp_path, "8m") as disk:
        yield disk


def _load(root: Path, doomed: int = 0) -> tuple[list[str], int]:
    """Run an initial load; returns where the windows began that it read, and how it ended."""
    command = [sys.executable, "-m", "tests.integration.sync.chunked", str(root), str(doomed)]
    paths = os.pathsep.join(path for path in sys.path if path)
    done = subprocess.run(
        command,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": paths},
    )
    assert done.returncode in (0, -signal.SIGKILL), done.stderr
    return done.stdout.split(), done.returncode


def test_a_killed_load_goes_on_with_the_chunk_that_it_was_in(tmp_path: Path) -> None:
    read, code = _load(tmp_path, doomed=3)
    assert (read, code) == (["2026-01-01", "2026-01-11", "2026-01-21"], -signal.SIGKILL)
    broker = chunked.broker(tmp_path)
    entry = broker.entry(chunked.TABLE)
    assert (entry.loading, entry.rows) == (True, 20)
    views = broker.published().path / "views/tree/parquet/s"
    assert [path.name for path in views.iterdir()] == ["u.parquet"], "half a table is shown"
    read, code = _load(tmp_path)
    assert (read, code) == (["2026-01-21", "2026-01-31", "2026-02-10"], 0)
    entry = broker.entry(chunked.TABLE)
    assert (entry.loading, entry.rows, entry.status) == (False, chunked.DAYS, Status.OK)
    assert broker.rows(chunked.TABLE) == broker.sources[chunked.TABLE].rows()
    assert list((tmp_path / "data/staging").iterdir()) == []


def test_a_source_that_breaks_off_in_a_merge_changes_nothing(tmp_path: Path) -> None:
    source = Feigned(COLUMNS)
    broker = Feign(tmp_path, {"s.t": source}, MERGED)
    for row in range(9):
        source.put(row, "one")
    broker.sync()
    before, rows = broker.entry("s.t"), broker.rows("s.t")
    for row in range(3, 12):
        source.put(row, "two")

    def broken(number: int) -> None:
        if number == 2:
            raise SourceError("hung up", where="s.t")

    source.on_batch = broken
    assert broker.sync().exit_code == 1
    after = broker.entry("s.t")
    assert (after.status, after.error) == (Status.UNREADABLE, "s.t: hung up")
    assert (after.files, after.watermark) == (before.files, before.watermark)
    assert broker.rows("s.t") == rows
    source.on_batch = lambda _: None
    assert broker.sync().exit_code == 0
    assert broker.rows("s.t") == source.rows()


def test_what_changes_during_a_run_is_read_by_the_next(tmp_path: Path) -> None:
    source = Feigned(COLUMNS)
    description = MERGED.replace("deletions", "incremental_window_days: 0, deletions")
    broker = Feign(tmp_path, {"s.t": source}, description)
    source.put(1, "one")

    def meanwhile(_: int) -> None:
        source.on_batch = lambda _: None
        source.put(2, "late")

    source.on_batch = meanwhile
    broker.sync()
    assert broker.rows("s.t") == [("1", "one")]
    broker.sync()
    assert broker.rows("s.t") == [("1", "one"), ("2", "late")]


def test_a_disk_that_fills_fails_the_table_that_fills_it_alone(small: Path) -> None:
    big, little = Feigned(COLUMNS), Feigned(COLUMNS)
    broker = Feign(small, {"s.big": big, "s.small": little}, TWO)
    big.put(1, "one")
    little.put(1, "one")
    assert broker.sync().exit_code == 0
    noise = "string_agg(md5(CAST(i * 1000 + j AS VARCHAR)), '')"
    big.do(
        f"INSERT INTO source SELECT i, {noise}, NULL FROM range(2, 600) a(i), range(1000) b(j) "
        "GROUP BY i"
    )
    little.put(2, "two")
    report = broker.sync()
    assert report.exit_code == 1
    assert "the disk is full" in str(broker.entry("s.big").error)
    assert broker.rows("s.big") == [("1", "one")]
    assert broker.rows("s.small") == [("1", "one"), ("2", "two")]
    big.do("DELETE FROM source WHERE id > 2")
    assert broker.sync().exit_code == 0
    assert broker.rows("s.big") == big.rows()
    assert broker.store.verify() == []
    assert list((small / "data/staging").iterdir()) == []


def test_what_the_disk_cannot_take_is_not_begun(tmp_path: Path) -> None:
    big, little = Feigned(COLUMNS, size=10**17), Feigned(COLUMNS)
    broker = Feign(tmp_path, {"s.big": big, "s.small": little}, TWO)
    little.put(1, "one")
    assert broker.sync().exit_code == 1
    refused = str(broker.entry("s.big").error)
    assert refused.startswith("s.big: there is not enough free space; nothing was changed")
    assert "expected 95,367,431,641 MiB" in refused
    assert big.windows == []
    assert broker.rows("s.small") == [("1", "one")]
