"""Locks whose holders are killed."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from broker.errors import LockedError
from broker.files import lock


def test_the_kernel_frees_the_lock_of_a_killed_process(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    program = (
        "import sys; from pathlib import Path; from broker.files import lock\n"
        "with lock(Path(sys.argv[1]), purpose='x'): print('held', flush=True); input()"
    )
    holder = subprocess.Popen(
        [sys.executable, "-c", program, path],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    with holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        with pytest.raises(LockedError), lock(path, purpose="x"):
            pass
        holder.kill()
        with lock(path, purpose="x", wait_seconds=30):
            pass


STARTING = """
import os, sys, time
from pathlib import Path
from broker.files import lock
with lock(Path(sys.argv[1]), purpose='x'):
    if os.fork() == 0:  # a child that has not come to its own program yet
        time.sleep(0.3)
        os._exit(0)
    print('held', flush=True)
    input()
"""


def test_a_lock_is_free_although_a_killed_holder_was_about_to_start_a_program(
    tmp_path: Path,
) -> None:
    path = tmp_path / "lock"
    holder = subprocess.Popen(
        [sys.executable, "-c", STARTING, path],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    with holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        holder.kill()
        holder.wait()
        with lock(path, purpose="x"):
            pass


def test_a_lock_is_held_once_and_free_again(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    with lock(path, purpose="the test"):
        with pytest.raises(LockedError, match="busy with the test"), lock(path, purpose="the test"):
            pass
        with pytest.raises(LockedError), lock(path, purpose="the test", wait_seconds=0.01):
            pass
    with lock(path, purpose="the test"):
        assert path.stat().st_mode & 0o7777 == 0o600
