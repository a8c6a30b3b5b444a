from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

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


@pytest.mark.parametrize("debian", ["11", "bookworm", ""])
def test_a_debian_that_hosts_do_not_run_is_refused_in_one_line(debian: str) -> None:
    command = ["make", "--silent", "help", f"DEBIAN={debian}"]
    done = subprocess.run(command, check=False, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 2
    assert f"DEBIAN is 12 or 13, not '{debian}'" in done.stderr


def test_hosts_run_the_debian_that_make_was_given() -> None:
    code = "from rig.hosts import DEFAULT; print(DEFAULT)"
    command = ["make", "--silent", "DEBIAN=12", "--eval"]
    command += [f"default: ; @{sys.executable} -c '{code}'", "default"]
    done = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
    assert done.stdout == "debian-12\n"
