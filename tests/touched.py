"""``python -m tests.touched``: tests of what differs from the last commit, booted hosts aside.

Unit tests run anyway. A room of ``src/broker`` has the folder of its name in
``tests/integration``; what Ansible reads, by ``ansible`` there; and so on, see ``RULES``.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterable
from fnmatch import fnmatch
from pathlib import Path

__all__ = ["main", "touched"]

ROOT = Path(__file__).resolve().parents[1]
INTEGRATION = "tests/integration"
# The first pattern that a changed path matches; {} stands for the third part of that path.
RULES = (
    (f"{INTEGRATION}/test_*.py", "{path}"),
    (f"{INTEGRATION}/*/*", f"{INTEGRATION}/{{}}"),
    ("rig/hosts/*", f"{INTEGRATION}/hosts"),
    ("rig/fakes/*", f"{INTEGRATION}/fakes"),
    ("tests/hostile/*", f"{INTEGRATION}/hostile"),
    ("src/broker/files.py", f"{INTEGRATION}/test_files.py"),
    ("src/broker/audit/*", f"{INTEGRATION}/accounts"),
    ("src/broker/config/*", f"{INTEGRATION}/cli"),
    ("src/broker/metrics/*", f"{INTEGRATION}/sync"),
    ("src/broker/foreign/*", f"{INTEGRATION}/laptop"),
    ("src/broker/manifest/*", f"{INTEGRATION}/laptop"),
    ("laptop/*", f"{INTEGRATION}/laptop"),
    ("src/broker/*/*", f"{INTEGRATION}/{{}}"),
    ("src/broker/*.py", f"{INTEGRATION}/cli"),
    ("demo/*", f"{INTEGRATION}/demo"),
    ("bin/*", f"{INTEGRATION}/install"),
    ("requirements/*", f"{INTEGRATION}/install"),
    ("roles/*", f"{INTEGRATION}/ansible"),
    ("playbooks/*", f"{INTEGRATION}/ansible"),
    ("plugins/*", f"{INTEGRATION}/ansible"),
    ("library/*", f"{INTEGRATION}/ansible"),
    ("group_vars/*", f"{INTEGRATION}/ansible"),
    ("inventories/*", f"{INTEGRATION}/ansible"),
    ("*.yml", f"{INTEGRATION}/ansible"),
    ("ansible.cfg", f"{INTEGRATION}/ansible"),
    ("Makefile", f"{INTEGRATION}/install"),
    ("pyproject.toml", f"{INTEGRATION}/install"),
    ("docs/*", f"{INTEGRATION}/docs"),
    ("README.md", f"{INTEGRATION}/docs"),
)


def touched(changed: Iterable[str], there: Path = ROOT) -> list[str]:
    """The tests for changed paths, each once; those that do not exist are left out."""
    found = {target: None for path in changed if (target := _target(path)) is not None}
    return [path for path in found if (there / path).exists()]


def _target(path: str) -> str | None:
    for pattern, target in RULES:
        if fnmatch(path, pattern):
            parts = [*path.split("/"), "", ""]
            return target.replace("{path}", path).replace("{}", parts[2])
    return None


def main() -> None:
    """Print them, one a line."""
    commands = (
        ["diff", "--name-only", "--no-renames", "--no-ext-diff", "-z", "HEAD"],
        ["ls-files", "--others", "--exclude-standard", "-z"],
    )
    names = [
        subprocess.run(["git", *line], cwd=ROOT, check=True, capture_output=True, text=True).stdout
        for line in commands
    ]
    sys.stdout.write("".join(f"{path}\n" for path in touched("".join(names).split("\0"))))


if __name__ == "__main__":
    main()
