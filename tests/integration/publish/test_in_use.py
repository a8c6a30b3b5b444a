"""A process that reads a generation marks it as in use."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from broker.publish.retention import in_use


@pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="no /proc on this system")
def test_a_process_that_works_in_a_generation_marks_it(tmp_path: Path) -> None:
    (tmp_path / "g1").mkdir()
    reader = subprocess.Popen(
        [sys.executable, "-c", "print('in', flush=True); input()"],
        cwd=tmp_path / "g1",
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    with reader:
        assert reader.stdout is not None
        assert reader.stdout.readline() == b"in\n"
        assert in_use(tmp_path) == {"g1"}
        reader.communicate(b"\n")
    assert in_use(tmp_path) == set()
