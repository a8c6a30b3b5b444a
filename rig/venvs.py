"""Environments of their own for what does not belong into the checkout's ``.venv``."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from pathlib import Path

from broker.files import lock

__all__ = ["ROOT", "locked_venv", "sslyze"]

ROOT = Path(__file__).resolve().parents[1]
CACHE = ROOT / ".cache" / "venvs"
INSTALLER = ROOT / "bin" / "install_locked.py"
PIP = ROOT / "requirements" / "pip.txt"
INSTALL_SECONDS = 600


def locked_venv(name: str) -> Path:
    """The environment of ``requirements/NAME.txt``, made on first use; others wait for it.

    Raises ``RuntimeError`` with the installer's own sentence.
    """
    locked = ROOT / "requirements" / f"{name}.txt"
    digest = hashlib.sha256(locked.read_bytes() + PIP.read_bytes()).hexdigest()[:12]
    folder = CACHE / f"{name}-{digest}"
    CACHE.mkdir(parents=True, exist_ok=True)
    waiting = lock(CACHE / f"{name}.lock", purpose="an installation", wait_seconds=INSTALL_SECONDS)
    with waiting:
        command = [sys.executable, str(INSTALLER), str(folder), str(locked), "--pip", str(PIP)]
        done = subprocess.run(command, check=False, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(done.stderr)
    return folder


def sslyze() -> Path:
    """The program of sslyze, whose makers release no wheel: built from its locked source."""
    folder = locked_venv("scanners")
    program, source = folder / "bin" / "sslyze", ROOT / "requirements" / "sslyze.txt"
    options = ("--no-deps", "--no-build-isolation", "--require-hashes", "--no-binary=sslyze")
    command = [str(folder / "bin" / "python"), "-m", "pip", "install", "--quiet", *options]
    with lock(CACHE / "sslyze.lock", purpose="an installation", wait_seconds=INSTALL_SECONDS):
        if not program.exists():
            done = subprocess.run(
                [*command, "--requirement", str(source)],
                check=False,
                capture_output=True,
                text=True,
            )
            if done.returncode:
                raise RuntimeError(done.stderr)
    return program
