"""The operator's line, pasted into other shells than this machine's, with other tools than GNU's.

A Mac's terminal runs zsh; its ``sh`` and ``bash`` are Bash 3.2, which no registry of packages has.
dash, mksh, ksh93 and busybox have less than that one, each in its own way.
"""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from broker.accounts.records.first_contact import first_contact
from rig.old_python import OldPythonError, old_python

from ..homes import Home, Laptop, make_home
from ..test_transfer import wire
from ..transfer import openrsync
from ..transfer.test_sftp import Wire

HOST_KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIDj5AcjnRZPZWOQ8DGG/QuPX5KTboTzZtSnPqzPGufOK"
SHELLS = {
    "bash": ["bash"],
    "zsh": ["zsh", "-f"],
    "dash": ["dash"],
    "mksh": ["mksh"],
    "ksh93": ["ksh93"],
    "busybox": ["busybox", "sh"],
}
TOOLS = (
    *("awk", "basename", "cat", "chmod", "cp", "cut", "dirname", "grep", "head", "ls", "mkdir"),
    *("mktemp", "mv", "printf", "rm", "rmdir", "sed", "tr", "wc"),
)
AS_THEY_ARE = ("env", "rsync", "ssh-add", "ssh-keygen")


def found(*line: str) -> str:
    """The command, if its program is here."""
    program = shutil.which(line[0])
    if program is None:
        pytest.skip(f"no {line[0]} (bin/bootstrap --hosts installs it)")
    return shlex.join([program, *line[1:]])


class Place:
    """A new analyst's machine that has these programs and no others."""

    def __init__(self, folder: Path, home: Home) -> None:
        self.folder, self.home = folder, home
        self.programs = folder / "programs"
        self.programs.mkdir()
        for name in (*TOOLS, *AS_THEY_ARE):
            self.has(name, name)
        self.has("python3", sys.executable)
        self.has("shasum", "shasum")
        made = Wire(folder, home.path)
        for name in ("ssh", "sftp"):
            self.has(name, str(made.programs / name))
        self.laptop = Laptop(folder / "data-broker", home, {"BROKER_PAUSE": "0"})
        self.environment = {
            "HOME": str(folder),
            "PATH": str(self.programs),
            "BROKER_PYTHON": sys.executable,
        }

    def has(self, name: str, *line: str) -> None:
        """Have a program of this name, which is that command."""
        place = self.programs / name
        place.write_text(f'#!/bin/sh\nexec {found(*line)} "$@"\n')
        place.chmod(0o755)

    def paste(self, shell: str) -> subprocess.CompletedProcess[str]:
        """Type the operator's line into this shell."""
        signers = (self.home.path / "server/scripts/allowed_signers").read_text()
        _, _, _, _, *line = first_contact("anna@broker", 22, HOST_KEY, signers)
        return self.type(shell, "\n".join(line))

    def type(self, shell: str, command: str) -> subprocess.CompletedProcess[str]:
        wire(self.laptop, self.home, forced=True)
        return subprocess.run(
            [*shlex.split(found(*SHELLS[shell])), "-c", command],
            cwd=self.folder,
            env={**self.environment, **self.laptop.environment},
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path, make_home(tmp_path))


PLAIN = """
mkdir -p plain/.broker plain/server && cd plain
cp ../data-broker/.broker/allowed_signers .broker/
cp -R ../data-broker/server/scripts server/
rsync -a anna@broker:server/generation/ server/ && bash server/scripts/check_files.sh
"""


def check(ended: subprocess.CompletedProcess[str], place: Place, shell: str) -> None:
    """The data have come, and would have come by a plain rsync, too."""
    assert ended.returncode == 0, ended.stderr
    assert place.laptop.query("FROM stores") == [(7, "")]
    checked = place.type(shell, PLAIN)
    assert (checked.returncode, checked.stderr) == (0, "")
    assert checked.stdout == "broker: 4 files are as they were signed\n"


@pytest.mark.parametrize("shell", SHELLS)
def test_the_line_brings_the_data_in_any_shell(shell: str, place: Place) -> None:
    for name in ("sh", "bash"):
        place.has(name, *SHELLS["dash" if shell == "zsh" else shell])
    check(place.paste(shell), place, shell)


@pytest.mark.parametrize("tools", ["busybox", "toybox"])
def test_it_needs_nothing_of_gnus_tools(tools: str, place: Place) -> None:
    for name in ("sh", "bash"):
        place.has(name, "dash")
    place.has("awk", "original-awk")  # a Mac's
    known = subprocess.run([found(tools)], capture_output=True, text=True, check=False).stdout
    own = {name for name in TOOLS if name in re.split(r"[\s,]+", known)}
    assert len(own) > len(TOOLS) - 3, own
    for name in own - {"awk"}:
        place.has(name, tools, name)
    check(place.paste("dash"), place, "dash")


# In the place of uv, which brings a newer Python, and of the installer of packages.
UV = """
mkdir -p "$UV_PYTHON_INSTALL_DIR/cpython-3.13.1-x/bin"
ln -s {python} "$UV_PYTHON_INSTALL_DIR/cpython-3.13.1-x/bin/python3.13"
"""
INSTALLER = """
import pathlib, sys
place = pathlib.Path(sys.argv[1])
(place / "bin").mkdir(parents=True)
(place / "bin/python").write_text('#!/bin/sh\\nexec {python} "$@"\\n')
(place / "bin/python").chmod(0o755)
(place / ".locked").touch()
"""


def test_a_mac_as_it_comes_gets_a_newer_python_and_the_data(place: Place) -> None:
    try:
        python = old_python()
    except OldPythonError as error:
        pytest.skip(f"Python 3.9 cannot be had here: {error}")
    del place.environment["BROKER_PYTHON"]
    for name in ("sh", "bash"):
        place.has(name, "dash")
    place.has("awk", "original-awk")
    place.has("rsync", sys.executable, openrsync.PLACE)
    place.has("python3", str(python))
    place.has("ln", "ln")
    (place.programs / "uv").write_text("#!/bin/sh\n" + UV.format(python=sys.executable))
    (place.programs / "uv").chmod(0o755)
    installer = place.home.path / "server/scripts/install_locked.py"
    installer.write_text(INSTALLER.format(python=sys.executable))
    place.home.offer_scripts()
    ended = place.paste("zsh")
    assert "bringing Python 3.13" in ended.stderr
    check(ended, place, "zsh")
