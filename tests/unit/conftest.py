"""Unit tests start no processes: that is what makes them quick on any machine."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from typing import Any

import pytest

# What ends after some milliseconds, or what the product itself calls for one step.
ALLOWED = {"cat", "cp", "sh", "ssh-keygen"}


class _Guard:
    """An audit hook cannot be removed, so it is one for the process, and armed for each test."""

    def __init__(self) -> None:
        self.armed = False

    def __call__(self, event: str, arguments: tuple[Any, ...]) -> None:
        if not self.armed or event not in ("subprocess.Popen", "os.posix_spawn"):
            return
        program = Path(str(arguments[0])).name
        if program not in ALLOWED and shutil.which(arguments[0]):
            raise RuntimeError(f"a unit test started {program}; its place is tests/integration")


_GUARD = _Guard()
sys.addaudithook(_GUARD)


@pytest.fixture(autouse=True)
def _no_processes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_GUARD, "armed", True)
