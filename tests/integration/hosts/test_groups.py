from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

# No other plugin: each of the three processes would import them all.
OPTIONS = ("-p", "xdist", "-v", "-n", "2", "--dist=loadgroup")
TESTS = """
import pytest

@pytest.mark.xdist_group("host")
@pytest.mark.parametrize("number", range(6))
def test_on_the_host(number):
    pass
"""


def test_tests_of_a_group_run_in_one_worker(tmp_path: Path) -> None:
    (tmp_path / "test_host.py").write_text(TESTS)
    output = subprocess.run(
        [sys.executable, "-m", "pytest", *OPTIONS, str(tmp_path)],
        cwd=tmp_path,
        env={**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    workers = re.findall(r"^\[(gw\d)\].*PASSED", output, re.MULTILINE)
    assert len(workers) == 6
    assert len(set(workers)) == 1
