"""Python 3.9, which a stock Mac has: Debian 11's packages, unpacked on first use.

Debian keeps a release on its mirrors for some years after the last update; later there is none.
"""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

from broker.files import lock
from rig.hosts.outer import apt_sources
from rig.hosts.releases import Release
from rig.hosts.shell import HostError
from rig.venvs import ROOT

__all__ = ["OldPythonError", "old_python"]

PACKAGES = ("python3.9-minimal", "libpython3.9-minimal", "libpython3.9-stdlib")
KEYS = "/usr/share/keyrings/debian-archive-keyring.gpg"
SECONDS = 300


class OldPythonError(Exception):
    """It cannot be fetched or started here; the text says why."""


def old_python() -> Path:
    """The program, in ``.cache/python3.9``. 20 MB are fetched once, most of it lists."""
    target = ROOT / ".cache/python3.9"
    target.parent.mkdir(exist_ok=True)
    with lock(target.with_name("python3.9.lock"), purpose="Python 3.9", wait_seconds=SECONDS):
        if not target.is_dir():
            with tempfile.TemporaryDirectory(dir=target.parent) as folder:
                _unpack(Path(folder)).rename(target)
    return target / "usr/bin/python3.9"


def _unpack(folder: Path) -> Path:
    if shutil.which("apt-get") is None:
        raise OldPythonError("there is no apt-get here")
    try:
        mirrors = apt_sources(Release(11, "bullseye")).splitlines()
    except HostError as error:
        raise OldPythonError(str(error)) from error
    lines = [line for line in mirrors if line.endswith(" bullseye main")]  # later pockets may go
    signed = "".join(f"{line.replace('deb ', f'deb [signed-by={KEYS}] ', 1)}\n" for line in lines)
    (folder / "sources.list").write_text(signed)
    (folder / "status").touch()
    for name in ("lists/partial", "archives/partial"):
        (folder / name).mkdir(parents=True)
    own = [
        f"Dir::State={folder}",
        f"Dir::State::status={folder}/status",
        f"Dir::Cache={folder}",
        f"Dir::Etc::sourcelist={folder}/sources.list",
        "Dir::Etc::sourceparts=-",
        "APT::Sandbox::User=root",
    ]
    options = [word for setting in own for word in ("-o", setting)]
    _run(["apt-get", *options, "update"], folder)
    _run(["apt-get", *options, "download", *PACKAGES], folder)
    for package in folder.glob("*.deb"):
        _run(["dpkg-deb", "-x", str(package), "python"], folder)
    _run(["python/usr/bin/python3.9", "-c", "import fcntl, hashlib, json, urllib.request"], folder)
    return folder / "python"


def _run(line: Sequence[str], folder: Path) -> None:
    try:
        done = subprocess.run(
            line, cwd=folder, check=False, capture_output=True, text=True, timeout=SECONDS
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise OldPythonError(str(error)) from error
    if done.returncode:
        raise OldPythonError(done.stderr.strip()[-500:])
