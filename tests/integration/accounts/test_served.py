"""File systems that an analyst serves and that answer nothing: root looks, and is not kept."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.skipif(
    os.geteuid() != 0 or not Path("/dev/fuse").exists(), reason="needs root and FUSE"
)

# In a mount namespace of its own: a server that reads no request, as one with allow_other may.
PROGRAM = """
import ctypes, os, sys
sys.path.insert(0, {source!r})
libc = ctypes.CDLL(None, use_errno=True)
assert libc.unshare(0x20000) == 0
assert libc.mount(b"none", b"/", None, 0x44000, None) == 0
device = os.open("/dev/fuse", os.O_RDWR)
options = f"fd={{device}},rootmode=40000,user_id=4711,group_id=4711,allow_other"
assert libc.mount(b"x", {served!r}.encode(), b"fuse", 6, options.encode()) == 0, ctypes.get_errno()
from pathlib import Path
home = Path({home!r})
{look}
"""
WALK = """
from broker.accounts.debian.walk import walk
told = []
print([found.name for found in walk(home, lambda path, error: told.append((path, str(error))))])
print(told)
"""
SPACE = """
from broker.accounts.debian.homes import space_of
print(space_of(home.parent, home.name))
"""
READ = """
from broker.accounts.debian.homes import read_home
from broker.accounts.debian.system import DebianSystem
print(read_home(home.parent, home.name, DebianSystem()).broken)
"""
BENEATH = """
from broker.beneath import walk
print([path for path, _ in walk(home)])
"""
DETACH = """
from broker.mounts import detach_served, is_served
print(is_served(home / "user"))
detach_served(4712)
print(is_served(home / "user"))
detach_served(4711)
print(is_served(home / "user"), os.listdir(home / "user"))
"""


def printed(tmp_path: Path, look: str) -> str:
    home = tmp_path / "homes/anna"
    (home / "user").mkdir(parents=True)
    (home / "user/own").touch()
    (home / "other").mkdir()
    source = str(Path(__file__).parents[3] / "src")
    program = PROGRAM.format(source=source, served=str(home / "user"), home=str(home), look=look)
    line = [sys.executable, "-c", program]
    done = subprocess.run(line, check=False, capture_output=True, text=True, timeout=20)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize(
    ("look", "expected"),
    [
        (WALK, "an account serves is mounted here"),
        (SPACE, "None"),
        (READ, "user: a file system that an account serves is mounted here"),
        (BENEATH, "/other"),
    ],
    ids=["walk", "space", "home", "beneath"],
)
def test_root_is_told_and_does_not_wait(tmp_path: Path, look: str, expected: str) -> None:
    assert expected in printed(tmp_path, look)


def test_what_an_account_serves_is_taken_off(tmp_path: Path) -> None:
    assert printed(tmp_path, DETACH) == "True\nTrue\nFalse ['own']\n"
