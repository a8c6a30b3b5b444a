from __future__ import annotations

import os
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]


def test_what_changes_the_tools_of_a_person_does_not_reach_those_of_make() -> None:
    own = {
        "ANSIBLE_FILTER_PLUGINS": "/none",
        "ANSIBLE_STDOUT_CALLBACK": "json",
        "FORCE_COLOR": "1",
        "PYTEST_ADDOPTS": "--collect-only",
        "PYTHONOPTIMIZE": "1",
        "PYTHONSAFEPATH": "1",
        "PYTHONWARNINGS": "error",
    }
    command = ["make", "--silent", "--eval", "settings: ; @env", "settings"]
    done = subprocess.run(
        command,
        cwd=ROOT,
        env={**os.environ, **own, "PIP_CERT": "/mine"},
        check=True,
        capture_output=True,
        text=True,
    )
    names = {line.partition("=")[0] for line in done.stdout.splitlines()}
    assert names & {*own} == set()
    assert "PIP_CERT" in names
