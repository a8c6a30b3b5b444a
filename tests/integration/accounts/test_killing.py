from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[3]


def test_a_kill_at_any_change_of_the_disk_is_repaired_by_the_next_run() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.unit.accounts.killing"],
        cwd=ROOT,
        env={"PYTHONPATH": f"{ROOT / 'src'}:{ROOT}", "PATH": "/usr/bin:/bin"},
        check=True,
        capture_output=True,
        text=True,
    )
    seen = json.loads(done.stdout)
    assert seen["wrong"] == []
    assert seen["kills"] > 60
