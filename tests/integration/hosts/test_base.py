"""A base system that cannot be built, with the real mmdebstrap and no network."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]


@pytest.mark.usefixtures("bootable")
def test_without_a_network_it_is_one_sentence_and_nothing_is_left(tmp_path: Path) -> None:
    done = subprocess.run(
        ["unshare", "--net", sys.executable, "-m", "rig.hosts", "base", "13"],
        cwd=ROOT,
        env={**os.environ, "BROKER_HOSTS_DIR": str(tmp_path)},
        check=False,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 1
    building, sentence = done.stderr.splitlines()
    assert building == "building the base system of Debian 13 (trixie)"
    assert "cannot be built: Debian's archive cannot be reached. Check the network" in sentence
    (log,) = tmp_path.rglob("*.log")
    assert str(log) in sentence
    assert "Failed to fetch" in log.read_text()
    assert not [path for path in log.parent.iterdir() if path.is_dir()]
