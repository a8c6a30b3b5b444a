"""Programs of this laptop that run timers, called."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Sequence

from ...errors import LaptopError
from ...foreign.text import prose

__all__ = ["Call", "CallResult", "call", "must"]

_SECONDS = 60
_MOST_SHOWN = 300

CallResult = subprocess.CompletedProcess[str]
Call = Callable[[Sequence[str]], CallResult]
"""Runs a command line; the exit code is 127 where there is no such program."""


def call(line: Sequence[str]) -> CallResult:
    """In English and UTC, so that what it prints can be read."""
    try:
        return subprocess.run(
            line,
            env={**os.environ, "LC_ALL": "C", "TZ": "UTC"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            timeout=_SECONDS,
            check=False,
        )
    except FileNotFoundError:
        return CallResult(line, 127, "", f"{line[0]} is not installed")
    except subprocess.TimeoutExpired:
        return CallResult(line, 124, "", f"{line[0]} did not answer within {_SECONDS} seconds")


def must(ended: CallResult) -> str:
    """The output; raises ``LaptopError`` where the program did not end well."""
    if ended.returncode == 0:
        return ended.stdout
    raise LaptopError(
        "what runs timers on this laptop refused",
        where=" ".join(ended.args),
        found=prose(ended.stderr or ended.stdout or f"exit code {ended.returncode}", _MOST_SHOWN),
    )
