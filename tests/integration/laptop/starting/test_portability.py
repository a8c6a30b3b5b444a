"""A Mac has Bash 3.2, openrsync and Python 3.9: what starts there keeps to what those know."""

from __future__ import annotations

import ast
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from broker.laptop.transfer import rsync

from ..homes import ROOT, SCRIPTS

SHELL = sorted(SCRIPTS.glob("*.sh"))
PYTHON = [*sorted(SCRIPTS.glob("*.py")), ROOT / "bin/install_locked.py"]
ALLOWED = Path(rsync.__file__).with_name("rsync_options.txt")


def used_options(source: str) -> set[str]:
    """What looks like an option of rsync in the texts of a module."""
    texts = [
        node.value
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    ]
    return {found for text in texts for found in re.findall(r"^--[a-z-]+", text)}


def test_rsync_is_asked_only_for_what_openrsync_knows() -> None:
    lines = ALLOWED.read_text().splitlines()
    allowed = {line for line in lines if line and not line.startswith("#")}
    used = used_options(Path(rsync.__file__).read_text())
    assert {"--link-dest", "--partial-dir", "--timeout", "--include-from"} <= used
    assert used <= allowed


def test_the_linter_sees_an_option_that_only_rsync_3_knows() -> None:
    assert used_options('run(["--times", f"--info={level}"])') == {"--times", "--info"}


def test_the_scripts_are_found() -> None:
    assert {path.name for path in SHELL} == {
        *("broker.sh", "check_files.sh", "start.sh", "sync_data.sh")
    }
    assert {path.name for path in PYTHON} == {
        *("bootstrap.py", "bring_python.py", "bring_wheels.py", "install_locked.py")
    }


@pytest.mark.parametrize("dialect", ["bash", "dash"])
@pytest.mark.parametrize("script", SHELL, ids=lambda path: path.name)
def test_shellcheck_finds_nothing_that_an_old_shell_lacks(script: Path, dialect: str) -> None:
    command = shutil.which("shellcheck", path=str(Path(sys.executable).parent)) or "shellcheck"
    subprocess.run([command, f"--shell={dialect}", str(script)], check=True)


@pytest.mark.parametrize("script", PYTHON, ids=lambda path: path.name)
def test_python_of_a_mac_can_read_it_and_needs_no_package(script: Path) -> None:
    tree = ast.parse(script.read_text(), feature_version=(3, 9))
    imported = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            imported |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0
            assert node.module is not None
            imported.add(node.module.split(".")[0])
    assert imported <= sys.stdlib_module_names
