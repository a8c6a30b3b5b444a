"""Rows that are set aside on the disk."""

from __future__ import annotations

import errno
import shutil
from pathlib import Path
from types import SimpleNamespace

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from broker.tables.intake import spill as spilling
from broker.tables.intake.spill import Spill


def test_rows_that_are_set_aside_leave_room_for_the_other_tables(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    batch = pa.record_batch({"word": ["x" * 1000] * 1000})
    free = 300 << 20
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=free))
    with Spill(batch.schema, tmp_path / "rows.arrow", bound=1) as spill:
        spill.append(None, batch)
        free = 256 << 20
        with pytest.raises(OSError, match="No space left") as refused:
            spill.append(None, batch)
    assert refused.value.errno == errno.ENOSPC
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("plain", [0, 1, 30_000, 1 << 30])
@pytest.mark.parametrize("bound", [1, 5_000, 1 << 30])
def test_rows_come_back_in_their_order_from_memory_and_from_both_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, plain: int, bound: int
) -> None:
    monkeypatch.setattr(spilling, "_PLAIN_BYTES", plain)
    schema = pa.schema([("n", pa.int64()), ("word", pa.string())])
    with Spill(schema, tmp_path / "rows.arrow", bound=bound) as spill:
        for start in range(0, 6_000, 100):
            numbers = [*range(start, start + 100)]
            words = [f"word {number}" for number in numbers]
            batch = pa.record_batch([numbers, words], schema=schema)
            spill.append(start // 100 % 3 or None, batch)
        spill.finish()
        packed = (tmp_path / "rows.arrow.lz4").exists()
        assert packed == (bound < 1 << 30 and plain < 1 << 30)
        for partition in (None, 1, 2):
            found = spill.reader([partition], ["n"]).read_all()["n"].to_pylist()
            wanted = [n for n in range(6_000) if (n // 100 % 3 or None) == partition]
            assert found == wanted
        assert spill.reader(spill.partitions()).read_all().num_rows == 6_000
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_cannot_be_ended_is_closed_and_gone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Open, it would keep its space on a full disk."""

    def full() -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    batch = pa.record_batch({"word": ["x" * 1000] * 100})
    spill = Spill(batch.schema, tmp_path / "rows.arrow", bound=1)
    spill.append(None, batch)
    assert spill._writer is not None
    monkeypatch.setattr(spill._writer, "_writer", SimpleNamespace(close=full))
    with pytest.raises(OSError, match="No space left"):
        spill.close()
    assert spill._writer._sink.closed
    assert list(tmp_path.iterdir()) == []


SIZES = st.lists(st.sampled_from([1, 700, 2047, 2048, 2049, 4096, 6000]), max_size=8)


@given(SIZES)
def test_an_even_stream_has_whole_vectors_and_every_row_in_its_place(sizes: list[int]) -> None:
    with Spill(pa.schema([("n", pa.int64())]), Path("none"), bound=1 << 30) as spill:
        done = 0
        for size in sizes:
            spill.append(None, pa.record_batch({"n": [*range(done, done + size)]}))
            done += size
        batches = [*spill.reader([None], even=True)]
    assert [n for batch in batches for n in batch["n"].to_pylist()] == [*range(done)]
    assert all(batch.num_rows % 2048 == 0 for batch in batches[:-1])
