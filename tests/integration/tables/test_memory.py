"""A table of three times the memory that it may use."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

LIMIT = 128 * 2**20


def test_a_table_of_three_times_the_limit_stays_within_it(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "tests.integration.tables.filling"]
    done = subprocess.run(
        [*command, str(tmp_path), str(LIMIT), "950000"],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)},
    )
    assert done.returncode == 0, done.stderr
    (_, before), (read, peak) = (map(int, line.split()) for line in done.stdout.splitlines())
    assert read > 3 * LIMIT
    assert peak - before < 1.25 * LIMIT
