"""The commands by which a deploy makes the key to sign with, cut off anywhere in between."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from tests.unit.ansible.bundle import ROOT, load

VARIABLES = load(ROOT / "roles/app/vars/main.yml")
# As the real one does: it opens the file, and would write it then.
CUT_OFF = """#!/bin/sh
for file; do :; done
echo half > "$file"
kill -9 $PPID
"""


@pytest.fixture
def place(tmp_path: Path) -> Path:
    (tmp_path / "etc").mkdir()
    return tmp_path / "etc"


def make(place: Path, path: str = os.environ["PATH"]) -> subprocess.CompletedProcess[str]:
    script = (VARIABLES["_app_make_key"] + VARIABLES["_app_show_key"]).replace(
        "/etc/data-broker", str(place)
    )
    return subprocess.run(
        ["sh", "-ec", script],
        env={**os.environ, "PATH": path},
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_key_that_was_cut_off_is_no_key_and_the_next_deploy_makes_one(
    place: Path, tmp_path: Path
) -> None:
    cut_off = tmp_path / "bin/ssh-keygen"
    cut_off.parent.mkdir()
    cut_off.write_text(CUT_OFF)
    cut_off.chmod(0o755)
    assert make(place, f"{cut_off.parent}:{os.environ['PATH']}").returncode == -9
    assert not (place / "signing_key").exists()
    made = make(place)
    assert made.returncode == 0, made.stderr
    word, public = made.stdout.splitlines()
    assert word == "made"
    assert (place / "signing_key.pub").read_text().strip() == public
    modes = {path.name: path.stat().st_mode & 0o777 for path in place.iterdir()}
    assert modes == {"signing_key": 0o600, "signing_key.pub": 0o644}
    assert make(place).stdout.splitlines() == [public]
