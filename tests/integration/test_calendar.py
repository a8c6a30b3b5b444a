"""Nothing in the unit tests depends on the day: a year and more from now they pass as today."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
DAYS = 400
FAKETIME = shutil.which("faketime")


@pytest.mark.long
@pytest.mark.skipif(FAKETIME is None, reason="no faketime (bin/bootstrap --hosts installs it)")
def test_the_unit_tests_pass_with_the_clock_400_days_ahead() -> None:
    environment = {
        **os.environ,
        "BROKER_TEST_ORDER": "long",
        # See rig/fakes/clock.py; the other one is on by default, and slows threads by 20 times.
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        "FAKETIME_FORCE_MONOTONIC_FIX": "0",
    }
    for name in [name for name in environment if name.startswith("PYTEST_")]:
        del environment[name]
    options = ("-q", "-n", "0", "-p", "no:cacheprovider", "-p", "rig.fakes.clock")
    with tempfile.TemporaryDirectory(prefix="later-") as folder:  # short: sockets are made below it
        command = [sys.executable, "-m", "pytest", *options, f"--basetemp={folder}/t", "tests/unit"]
        done = subprocess.run(
            [str(FAKETIME), "-f", f"+{DAYS}d", *command],
            cwd=ROOT,
            env={**environment, "HYPOTHESIS_STORAGE_DIRECTORY": f"{folder}/h"},
            check=False,
            capture_output=True,
            text=True,
            timeout=900,
        )
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
