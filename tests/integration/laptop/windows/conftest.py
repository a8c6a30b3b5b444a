"""A laptop with a Python of Windows, where one can be had, and a broker that it reaches by sftp."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from rig.windows import Windows, WindowsError, windows

from ..homes import Home, Laptop
from ..transfer.test_sftp import Wire

Start = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="session")
def system() -> Windows:
    """Skips the test where there is none."""
    try:
        return windows()
    except WindowsError as error:
        pytest.skip(f"no Windows here: {error}")


@pytest.fixture
def start(system: Windows, laptop: Laptop, home: Home) -> Start:
    """Start a verb as broker.cmd does, by a Python that has the packages."""
    wire = Wire(laptop.path.parent, home.path)

    def run(*words: str) -> subprocess.CompletedProcess[str]:
        return run_in(system, laptop.path, words, wire.path)

    return run


def run_in(
    system: Windows, folder: Path, words: tuple[str, ...], path: str = "/usr/bin:/bin"
) -> subprocess.CompletedProcess[str]:
    """Run the scripts of a folder."""
    own = {"BROKER_PYTHON": system.path(system.folder / "python/python.exe"), "BROKER_PAUSE": "0"}
    line = ["-I", "-B", system.path(folder / "server/scripts/bootstrap.py"), *words]
    return system.python(*line, cwd=folder, path=path, environment=own)
