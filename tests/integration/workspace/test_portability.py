"""A Mac has Bash 3.2, openrsync and Python 3.9: the scripts for laptops keep to what those know."""

from __future__ import annotations

import ast
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from .homes import SCRIPTS

SYNC = SCRIPTS / "sync_data.sh"
PYTHON_SCRIPTS = sorted(SCRIPTS.rglob("*.py"))
ALLOWED = SCRIPTS.parents[1] / "rsync_options.txt"


def rsync_commands(script: str) -> list[str]:
    """Each call of rsync, directly or through ``pull``, as one line."""
    joined = script.replace("\\\n", " ")
    lines = (line.strip() for line in joined.splitlines())
    return [line for line in lines if re.search(r"(^|[ {;])(rsync|pull) +-", line)]


def used_options(script: str) -> set[str]:
    found: set[str] = set()
    for command in rsync_commands(script):
        found |= set(re.findall(r"(?<=\s)--?[a-zA-Z][a-z-]*", command))
    return found


def test_rsync_is_asked_only_for_what_openrsync_knows() -> None:
    lines = ALLOWED.read_text().splitlines()
    allowed = {line for line in lines if line and not line.startswith("#")}
    used = used_options(SYNC.read_text())
    assert {"--link-dest", "--partial-dir", "--timeout"} <= used
    assert used <= allowed


def test_the_linter_sees_an_option_that_only_rsync_3_knows() -> None:
    assert used_options('    pull --times \\\n        --info=progress2 "$a" "$b"\n') == {
        "--times",
        "--info",
    }


@pytest.mark.parametrize("dialect", ["bash", "dash"])
def test_shellcheck_finds_nothing_that_an_old_shell_lacks(dialect: str) -> None:
    command = shutil.which("shellcheck", path=str(Path(sys.executable).parent)) or "shellcheck"
    subprocess.run([command, f"--shell={dialect}", str(SYNC)], check=True)


def test_the_scripts_are_found() -> None:
    names = {path.relative_to(SCRIPTS).as_posix() for path in PYTHON_SCRIPTS}
    assert {"laptop/__main__.py", "laptop/manifest.py", "laptop/foreign/text.py"} <= names


@pytest.mark.parametrize("script", PYTHON_SCRIPTS, ids=lambda path: str(path.relative_to(SCRIPTS)))
def test_python_of_a_mac_can_read_it_and_needs_no_package(script: Path) -> None:
    tree = ast.parse(script.read_text(), feature_version=(3, 9))
    imported = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            imported |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level:
            sibling = script.parents[node.level - 1].joinpath(*(node.module or "").split("."))
            assert sibling.is_dir() or sibling.with_suffix(".py").is_file()
        elif isinstance(node, ast.ImportFrom):
            assert node.module is not None
            imported.add(node.module.split(".")[0])
    assert imported - {"duckdb"} <= sys.stdlib_module_names
