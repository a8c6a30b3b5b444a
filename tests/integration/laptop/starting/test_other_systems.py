"""What Windows lacks is not asked for at the start: each module is read without it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from broker.laptop.starting import interpreter, sync_line

from ..homes import SCRIPTS

HIDDEN = ("fcntl", "resource", "grp", "pwd", "termios", "syslog", "pty", "readline")
READ_ALL = f"""
import asyncio, importlib, os, pkgutil, platform, runpy, shutil, subprocess, sys, tempfile, types
import concurrent.futures, urllib.request, zipfile
sys.modules.update(dict.fromkeys({HIDDEN}))
sys.platform = "win32"
sys.modules["msvcrt"] = types.SimpleNamespace(LK_NBLCK=2)
os.O_BINARY = 0
subprocess.CREATE_NO_WINDOW = 0
for name in ("O_NOFOLLOW", "O_NONBLOCK", "O_CLOEXEC", "O_DIRECTORY", "getuid", "fchmod", "fchown"):
    delattr(os, name)
"""
MODULES = (
    READ_ALL
    + """
import broker.laptop
names = [m.name for m in pkgutil.walk_packages(broker.laptop.__path__, "broker.laptop.")]
for name in names:
    if not name.endswith("__main__"):
        importlib.import_module(name)
print(len(names))
"""
)


def run(code: str, *words: str) -> subprocess.CompletedProcess[str]:
    line = [sys.executable, "-c", code, *words]
    return subprocess.run(line, capture_output=True, text=True, check=False, timeout=120)


def test_every_module_can_be_read_without_what_windows_lacks() -> None:
    ended = run(f"import duckdb, pyarrow, pydantic, click, mcp.server.mcpserver\n{MODULES}")
    assert ended.returncode == 0, ended.stderr
    assert int(ended.stdout) > 100


@pytest.mark.parametrize("script", sorted(SCRIPTS.glob("*.py")), ids=lambda path: path.name)
def test_every_script_can_be_read_without_it(script: Path) -> None:
    code = f"{READ_ALL}\nrunpy.run_path(sys.argv[1], run_name='read')"
    ended = run(code, str(script))
    assert ended.returncode == 0, ended.stderr


def test_the_modules_are_hidden() -> None:
    ended = run(f"{READ_ALL}\nimport fcntl")
    assert "ModuleNotFoundError" in ended.stderr


def test_what_runs_before_each_command_of_an_agent_needs_the_standard_library_alone() -> None:
    shown = "; import sys; print(*{name.partition('.')[0] for name in sys.modules})"
    before = {*run(f"import sys{shown}").stdout.split()}
    found = {*run(f"import broker.laptop.agents.hook{shown}").stdout.split()} - before
    assert found - sys.stdlib_module_names == {"broker"}


def test_windows_names_its_programs_otherwise(tmp_path: Path) -> None:
    state = tmp_path / ".broker"
    state.mkdir()
    assert interpreter(state, is_windows=False) == state / "venv/bin/python"
    (state / "venv").write_text("environments/1a\n")
    assert interpreter(state, is_windows=True) == state / "environments/1a/Scripts/python.exe"
    (state / "venv").unlink()
    assert interpreter(state, is_windows=True) == state / "venv/Scripts/python.exe"
    first, *options, script, verb = sync_line(tmp_path, is_windows=True)
    assert (first, options, verb) == (sys.executable, ["-I", "-B", "-X", "utf8"], "sync")
    assert script == str(tmp_path / "bootstrap.py")
    assert sync_line(tmp_path, is_windows=False) == ["bash", str(tmp_path / "sync_data.sh")]


def test_the_scripts_of_windows_have_its_line_ends_and_plain_letters() -> None:
    scripts = sorted(SCRIPTS.glob("*.cmd"))
    assert [path.name for path in scripts] == ["broker.cmd", "sync_data.cmd"]
    for path in scripts:
        content = path.read_bytes()
        assert content.isascii()
        assert content.count(b"\n") == content.count(b"\r\n") == len(content.splitlines())
