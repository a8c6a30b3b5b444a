"""What arrives of a push, through the forced program and this machine's own rsync."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = "from broker.transport import main; main()"


def push(folder: Path, *options: str) -> Path:
    """Push ``here/`` to the home of an analyst; returns where it arrives."""
    user = folder / "home/user"
    user.mkdir(parents=True)
    shell = folder / "shell"
    shell.write_text(
        "#!/bin/sh\nshift\n"
        f'export SSH_ORIGINAL_COMMAND="$*" HOME={folder}/home USER=anna\n'
        f"exec {sys.executable} -c '{PROGRAM}'\n"
    )
    shell.chmod(0o755)
    subprocess.run(
        ["rsync", f"--rsh={shell}", *options, "here/", "HOST:user/"],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        check=True,
        capture_output=True,
    )
    return user


@pytest.mark.parametrize("options", [["-a"], ["-rt", "-p"], ["-a", "--chmod=u+s,g+s"]])
def test_no_setuid_and_no_setgid_bit_arrives(options: list[str], tmp_path: Path) -> None:
    here = tmp_path / "here"
    (here / "folder").mkdir(parents=True)
    (here / "shell").write_text("shell")
    (here / "folder").chmod(0o2755)
    (here / "shell").chmod(0o6755)
    there = push(tmp_path, *options)
    assert [(there / name).stat().st_mode & 0o7777 for name in ("folder", "shell")] == [0o755] * 2
