"""A table of three times the memory that it may use."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

LIMIT = 128 * 2**20


def run(module: str, *words: str) -> str:
    command = [sys.executable, "-m", f"tests.integration.tables.{module}", *words]
    done = subprocess.run(
        command,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)},
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_table_of_three_times_the_limit_stays_within_it(tmp_path: Path) -> None:
    output = run("filling", str(tmp_path), str(LIMIT), "950000")
    (_, before), (read, peak) = (map(int, line.split()) for line in output.splitlines())
    assert read > 3 * LIMIT
    assert peak - before < 1.25 * LIMIT


def test_keys_that_are_lost_are_named_within_the_limit(tmp_path: Path) -> None:
    rows = 3_000_000
    before, peak = map(int, run("losing", str(tmp_path), str(LIMIT), str(rows)).split())
    assert rows * 64 > LIMIT  # as texts of their hashes they would not fit
    assert peak - before < 1.25 * LIMIT
