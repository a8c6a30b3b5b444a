"""A fresh broker's side and a fresh laptop for every test."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from .homes import Home, Laptop, make_home


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return make_home(tmp_path)


@pytest.fixture
def laptop(tmp_path: Path, home: Home) -> Laptop:
    """Its ``sleep`` writes down how long it should take, and ends at once."""
    sleep = tmp_path / "hasty" / "sleep"
    sleep.parent.mkdir()
    sleep.write_text(f'#!/bin/sh\necho "$1" >>"{tmp_path}/slept"\n')
    sleep.chmod(0o755)
    path = f"{sleep.parent}{os.pathsep}{os.environ['PATH']}"
    environment = {"PATH": path, "BROKER_PYTHON": sys.executable}
    made = Laptop(tmp_path / "laptop", home, environment)
    made.first_contact()
    return made
