"""Ansible ships these files to hosts that have nothing but Debian's own Python."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

SOURCES = Path(__file__).parents[3] / "src"

PROGRAM = """
import sys
sys.path.insert(0, sys.argv[1])
import broker.accounts.issue, broker.accounts.principals, broker.accounts.service.serve
assert "broker.accounts.debian.system" in sys.modules
known = sys.stdlib_module_names | {"broker", "__main__"}
print(sorted({name.partition(".")[0] for name in sys.modules} - known))
"""


def test_accounts_need_the_standard_library_alone() -> None:
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", PROGRAM, str(SOURCES)],
        check=True,
        capture_output=True,
        text=True,
    )
    assert done.stdout == "[]\n"
