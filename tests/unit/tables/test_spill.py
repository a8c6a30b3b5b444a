"""Rows that are set aside on the disk."""

from __future__ import annotations

import errno
import shutil
from pathlib import Path
from types import SimpleNamespace

import pyarrow as pa
import pytest

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
