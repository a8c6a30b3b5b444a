"""The arguments that the transport writes are those that rsync reads."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from broker.transport.secluded import COMMAND, secluded

SHELL = f"""#!{sys.executable}
import subprocess, sys, threading, os
os.chdir(sys.argv[1])
child = subprocess.Popen({list(COMMAND)!r}, stdin=subprocess.PIPE)
child.stdin.write(open(sys.argv[2], "rb").read())
child.stdin.flush()
def feed():
    while data := os.read(0, 65536):
        child.stdin.write(data)
        child.stdin.flush()
    child.stdin.close()
threading.Thread(target=feed, daemon=True).start()
sys.exit(child.wait())
"""


@pytest.mark.parametrize("name", ["plain", "a*b", "q?", "br[c]", "back\\slash", "a\\*b", "end\\"])
def test_a_path_names_one_folder_whatever_is_in_its_name(tmp_path: Path, name: str) -> None:
    for folder in {name, "aXb", "qX", "brc", "backslash"}:
        (tmp_path / "there" / folder).mkdir(parents=True)
        (tmp_path / "there" / folder / "said").write_text(folder)
    shell = tmp_path / "shell"
    shell.write_text(SHELL)
    shell.chmod(0o755)
    before = tmp_path / "before"
    root = f"--confine-root={tmp_path / 'there'}"
    before.write_bytes(secluded(["--sender", "-re.LsfxCIvu", root], [f"./{name}/"]))
    subprocess.run(
        ["rsync", "-r", f"--rsh={shell} {tmp_path / 'there'} {before}", "HOST:x/", "here"],
        cwd=tmp_path,
        check=True,
        capture_output=True,
    )
    found = [path.read_text() for path in (tmp_path / "here").rglob("*") if path.is_file()]
    assert found == [name]
