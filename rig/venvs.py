"""Environments of their own for what does not belong into the checkout's ``.venv``."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from pathlib import Path

from broker.files import lock

__all__ = ["ROOT", "locked_venv"]

ROOT = Path(__file__).resolve().parents[1]
CACHE = ROOT / ".cache" / "venvs"
INSTALLER = ROOT / "bin" / "install_locked.py"
PIP = ROOT / "requirements" / "pip.txt"
INSTALL_SECONDS = 600
# Locks of sources whose makers release no wheel, by the environment into which they are built.
BUILT = {"scanners": "sslyze"}


def locked_venv(name: str) -> Path:
    """The environment of ``requirements/NAME.txt``, made on first use; others wait for it.

    Raises ``RuntimeError`` with the installer's own sentence.
    """
    locked = ROOT / "requirements" / f"{name}.txt"
    built = [ROOT / "requirements" / f"{BUILT[name]}.txt"] if name in BUILT else []
    contents = b"".join(path.read_bytes() for path in (locked, PIP, *built))
    digest = hashlib.sha256(contents).hexdigest()[:12]
    folder = CACHE / f"{name}-{digest}"
    CACHE.mkdir(parents=True, exist_ok=True)
    waiting = lock(CACHE / f"{name}.lock", purpose="an installation", wait_seconds=INSTALL_SECONDS)
    with waiting:
        command = [sys.executable, str(INSTALLER), str(folder), str(locked), "--pip", str(PIP)]
        command += [word for path in built for word in ("--built", str(path))]
        done = subprocess.run(command, check=False, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(done.stderr)
    return folder
