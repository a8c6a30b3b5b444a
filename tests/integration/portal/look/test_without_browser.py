"""A machine on which there is no browser: its pages are not tested, which the run says loud."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tests.documented import ROOT
from tests.unseen import NO_BROWSER, unseen

REASONS = [f"Skipped: {NO_BROWSER}Chromium is not installed"] * 2 + ["Skipped: no faketime"]


def test_a_run_without_a_browser_ends_with_what_was_not_tested(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "pytest", "-q", "--numprocesses=0", "-p", "no:cacheprovider"]
    done = subprocess.run(
        [*command, "-k", "keyboard or theme", "tests/integration/portal/look/test_look.py"],
        cwd=ROOT,
        env={**os.environ, "PATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stdout
    assert (
        "NOT TESTED: 3 tests of the portal in a browser. "
        "Chromium is not installed: apt-get install chromium\n" in done.stdout
    )


def test_tests_without_a_browser_are_counted_by_reason() -> None:
    assert unseen(REASONS) == [
        "NOT TESTED: 2 tests of the portal in a browser. Chromium is not installed"
    ]
    assert unseen([]) == []
