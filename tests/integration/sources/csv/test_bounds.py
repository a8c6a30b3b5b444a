"""Memory does not grow with the file, and tables may be read side by side."""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from broker.sources.contract import TableRequest, Window
from broker.sources.csv import CsvSource

SRC = Path(__file__).parents[4] / "src"
PEAK = """
import resource, sys
from pathlib import Path
from broker.sources.contract import TableRequest, Window
from broker.sources.csv import CsvSource
folder = Path(sys.argv[1])
reading = CsvSource({"path": str(folder)}, folder).read(TableRequest("t"), Window())
rows = sum(batch.num_rows for batch in reading.batches())
assert reading.end().rows == rows
print(rows, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""
LINE = '1234567,"some text, with a comma","and\nmore",2026-01-01T00:00:00Z,12.50\n'


def peak(folder: Path, rows: int) -> int:
    """Peak memory, in KiB, of a process that reads a table of so many rows."""
    path = folder / "t.csv"
    with path.open("w") as stream:
        stream.write("a,b,c,d,e\n")
        for _ in range(rows // 10_000):
            stream.write(LINE * 10_000)
    try:
        done = subprocess.run(
            [sys.executable, "-c", PEAK, str(folder)],
            capture_output=True,
            text=True,
            check=True,
            env={"PYTHONPATH": str(SRC)},
        )
    finally:
        path.unlink()
    count, memory = map(int, done.stdout.split())
    assert count == rows
    return memory


def test_memory_does_not_grow_with_the_file(tmp_path: Path) -> None:
    small, large = peak(tmp_path, 700_000), peak(tmp_path, 2_800_000)  # 50 and 200 MB
    assert large < small + 64 * 1024


@pytest.mark.parametrize("row_filter", [None, "id <> '0'"])
def test_tables_are_read_side_by_side(tmp_path: Path, row_filter: str | None) -> None:
    for number in range(24):
        rows = "".join(f"{row},{number}\n" for row in range(2_000))
        (tmp_path / f"t{number}.csv").write_text(f"id,table\n{rows}")
    source = CsvSource({"path": str(tmp_path)}, tmp_path)

    def tables(number: int) -> set[tuple[int, str]]:
        reading = source.read(TableRequest(f"t{number}", row_filter=row_filter), Window())
        found = {value for batch in reading.batches() for value in batch["table"].to_pylist()}
        return {(reading.end().rows, value) for value in found}

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(tables, range(24)))
    expected = 2_000 if row_filter is None else 1_999
    assert answers == [{(expected, str(number))} for number in range(24)]
