"""How ``bin/bootstrap --hosts --browser`` brings Chromium, with an apt of the test's own."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.documented import ROOT

TOOLS = ("bash", "dirname", "flock", "mkdir", "sed", "tail", "env")
RECORDS = "#!/bin/bash\necho $0 $* >>{log}\n"


def bootstrapped(folder: Path, *, offers: bool, works: bool) -> tuple[str, list[str], int]:
    """What it prints, the calls of apt, and how it ends."""
    log, bin_ = folder / "calls", folder / "bin"
    bin_.mkdir()
    log.touch()
    for tool in TOOLS:
        (bin_ / tool).symlink_to(str(shutil.which(tool)))
    installed = "[[ $* == *chromium* ]] || printf installed"
    fails = "" if works else "if [[ $* == *install* ]]; then echo E: no room; exit 100; fi"
    stubs = {
        "apt-get": RECORDS.format(log=log) + fails,
        "apt-cache": f"#!/bin/bash\nexit {0 if offers else 100}",
        "dpkg-query": f"#!/bin/bash\n{installed}",
    }
    for name, text in stubs.items():
        (bin_ / name).write_text(f"{text}\n")
        (bin_ / name).chmod(0o755)
    done = subprocess.run(
        [str(ROOT / "bin/bootstrap"), "--hosts", "--browser"],
        cwd=ROOT,
        env={**os.environ, "PATH": str(bin_), "PYTHON": sys.executable},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    calls = [line.partition("apt-get ")[2] for line in log.read_text().splitlines()]
    return done.stderr, calls, done.returncode


@pytest.mark.skipif(os.geteuid() != 0, reason="only root installs packages")
class TestBrowser:
    def test_it_is_installed_where_the_archive_has_it(self, tmp_path: Path) -> None:
        message, calls, code = bootstrapped(tmp_path, offers=True, works=True)
        assert code == 0
        assert "installing the Debian packages: chromium" in message
        assert calls[-1].endswith("install --no-install-recommends chromium")

    def test_where_it_has_none_that_is_one_sentence(self, tmp_path: Path) -> None:
        message, calls, code = bootstrapped(tmp_path, offers=False, works=True)
        assert code == 0
        assert "apt has no package chromium: tests of pages in a browser are skipped" in message
        assert [line.split()[-1] for line in calls] == ["update"]

    def test_an_archive_that_fails_is_an_error(self, tmp_path: Path) -> None:
        message, _, code = bootstrapped(tmp_path, offers=True, works=False)
        assert code == 1
        assert "cannot be installed: no room" in message
