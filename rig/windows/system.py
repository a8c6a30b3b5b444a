"""Windows as far as wine has it: a folder of its own, and programs that are run there."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from broker.files import lock

from ..venvs import ROOT
from .parts import COMPILER, HERE, add_packages, add_programs, make_python

__all__ = ["Windows", "WindowsError", "windows"]

CACHE = ROOT / ".cache" / "windows"
NEEDED = {"wine": "wine", COMPILER: "gcc-mingw-w64-x86-64"}
MAKING_SECONDS = 900
RUN_SECONDS = 900  # an environment is made in 45 on a machine that has nothing else to do


class WindowsError(Exception):
    """It cannot be had here; the text says why."""


@dataclass(frozen=True)
class Windows:
    """``folder`` has its drive C, a Python with the laptop's packages, and tools."""

    folder: Path

    @property
    def wheels(self) -> Path:
        """What a broker offers such laptops, as ``server/wheels``."""
        return self.folder / "wheels"

    def path(self, place: Path) -> str:
        """A place of this Linux as it is named there."""
        return f"Z:{place}".replace("/", "\\")

    def python(self, *words: str, **options: Path | str) -> subprocess.CompletedProcess[str]:
        """Run its Python; see ``run``."""
        return self.run([self.path(self.folder / "python/python.exe"), *words], **options)  # type: ignore[arg-type]

    def run(
        self,
        line: Sequence[str],
        *,
        cwd: Path = ROOT,
        path: str = "/usr/bin:/bin",
        environment: Mapping[str, str] | None = None,
    ) -> subprocess.CompletedProcess[str]:
        """Run a program of Windows. ``path`` is where sftp, ssh and ssh-keygen of Linux are found.

        Output is UTF-8 with line ends of Linux.
        """
        known = {
            "PATH": os.environ["PATH"],
            "HOME": str(self.folder),
            "WINEPREFIX": str(self.folder / "prefix"),
            "WINEDEBUG": "-all",
            "WINEPATH": ";".join(self.path(self.folder / name) for name in ("python", "tools")),
            "BRIDGE_PATH": path,
            **(environment or {}),
        }
        done = subprocess.run(
            ["wine", *line],
            cwd=cwd,
            env=known,
            stdin=subprocess.DEVNULL,
            capture_output=True,  # a program of Windows cannot start with files for these
            timeout=RUN_SECONDS,
            check=False,
        )
        texts = [text.decode().replace("\r\n", "\n") for text in (done.stdout, done.stderr)]
        return subprocess.CompletedProcess(line, done.returncode, *texts)


def windows() -> Windows:
    """The one of this checkout, made on first use; raises ``WindowsError`` where that fails."""
    missing = [package for program, package in NEEDED.items() if shutil.which(program) is None]
    if missing:
        raise WindowsError(f"not installed: {', '.join(missing)} (apt-get install them)")
    if sys.version_info[:2] != (3, 11):
        raise WindowsError("its Python takes the standard library of this one, which is not 3.11")
    made = Windows(CACHE / _digest())
    CACHE.mkdir(parents=True, exist_ok=True)
    with lock(CACHE / "lock", purpose="making a Windows", wait_seconds=MAKING_SECONDS):
        if not (made.folder / "made").exists():
            try:
                _make(made)
            except subprocess.CalledProcessError as error:
                raise WindowsError(f"{error.cmd[0]} failed: {error.stderr[-500:]}") from error
            (made.folder / "made").touch()
    return made


def _digest() -> str:
    """Of what decides what is in it."""
    digest = hashlib.sha256(str(ROOT).encode())
    parts = sorted(path for path in HERE.rglob("*") if path.suffix in (".c", ".sh", ".py", ".txt"))
    for path in (*parts, ROOT / "requirements/broker.txt", ROOT / "requirements/mcp.txt"):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:12]


def _make(made: Windows) -> None:
    shutil.rmtree(made.folder, ignore_errors=True)
    with tempfile.TemporaryDirectory() as name:
        work = Path(name)
        make_python(made.folder / "python", work)
        add_packages(made.folder / "python", made.wheels, work)
    (made.folder / "prefix").mkdir()
    made.run(["wineboot", "--init"])
    add_programs(made.folder / "tools", made.folder / "prefix/drive_c/windows/system32")
