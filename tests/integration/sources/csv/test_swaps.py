"""A folder whose owner swaps what is in it, all the time, while its table is read."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from broker.errors import SourceError
from broker.sources.contract import TableRequest, Window
from broker.sources.csv import CsvSource
from tests.hostile.swaps import SWAPPER

KINDS = ["link", "folder", "hard link", "pipe"]
SWAPS = 25_000


@pytest.mark.parametrize("kind", KINDS)
def test_no_swap_shows_the_canary(tmp_path: Path, kind: str) -> None:
    tables, hidden = tmp_path / "tables", tmp_path / "hidden"
    honest = tables / ("t/1.csv" if kind == "folder" else "t.csv")
    canary = hidden / "1.csv"
    for path, text in ((honest, "honest"), (canary, "canary")):
        path.parent.mkdir(parents=True)
        path.write_text(f"a\n{text}\n")
    target = hidden if kind == "folder" else canary
    line = [sys.executable, "-Ic", SWAPPER, kind, str(tables), str(target), str(SWAPS)]
    source, seen, reads = CsvSource({"path": str(tables)}, tmp_path), set(), 0
    with subprocess.Popen(line) as swapper:
        while swapper.poll() is None:
            seen |= rows(source)
            reads += 1
    assert swapper.returncode == 0
    assert reads
    assert seen <= {"honest"}
    assert rows(source) == {"honest"}


def rows(source: CsvSource) -> set[str]:
    """What one reading yields before it ends or is refused."""
    seen: set[str] = set()
    try:
        reading = source.read(TableRequest("t"), Window())
        for batch in reading.batches():
            seen |= set(batch["a"].to_pylist())
    except SourceError:
        pass
    return seen
