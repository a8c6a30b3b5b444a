"""``broker portal``, as the pages of the documentation type it, for the portal in a folder."""

from __future__ import annotations

import shlex
import subprocess
import sys
from pathlib import Path

__all__ = ["broker"]

_BROKER = Path(sys.executable).with_name("broker")
# Of another account, which may not be able to reach the program: it is read before.
_AS_ANOTHER = """
import os, sys
import broker.cli.portal
from broker.cli import main

os.setgroups([])
os.setgid(int(sys.argv[1]))
os.setuid(int(sys.argv[1]))
sys.argv[1:] = sys.argv[2:]
sys.exit(main())
"""


def broker(
    folder: Path, commands: list[str], *, uid: int | None = None
) -> subprocess.CompletedProcess[str]:
    """A command of the page, without ``sudo``; ``uid`` is the account that types it."""
    (line,) = commands
    program = [str(_BROKER)]
    if uid is not None:
        program = [sys.executable, "-c", _AS_ANOTHER, str(uid)]
    words = [*program, *shlex.split(line)[2:], "--state", str(folder)]
    return subprocess.run(
        words, cwd=folder, check=False, capture_output=True, text=True, timeout=120
    )
