#!/usr/bin/env python3
"""Make a virtual environment that holds exactly what lock files name.

    python3 bin/install_locked.py VENV LOCK... [--project DIRECTORY]

Nothing is resolved: a lock file names every package that is needed, each by its hash, so a newer
release on the index changes nothing. Afterwards `pip check` confirms that no dependency is missing.
An environment that was made from the same locks by the same Python is left as it is. This is the
only way in which the project installs Python packages: the checkout, brokers, laptops and tests.

Standard library only, since it runs before anything is installed; Python 3.7 can read it, so that
who has an old one gets a sentence and not a syntax error. Exit code 0: the environment is as
locked. 1: it is not, with one sentence on standard error; pip's own output is in VENV/install.log.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

OLDEST = (3, 11)
LEAST_BYTES = 50 << 20  # of an environment with nothing but pip
STAMP = ".locked"
LOG = "install.log"
OPTIONS = (
    "--no-deps",
    "--require-hashes",
    "--only-binary=:all:",
    "--no-input",
    "--disable-pip-version-check",
    "--progress-bar=off",
)
# Settings of a person's pip that would install somewhere else than into the environment.
ELSEWHERE = ("PIP_PREFIX", "PIP_ROOT", "PIP_TARGET", "PIP_USER")
# What pip writes when something fails, and what that means; the first that matches counts.
# {0} is what the group matched.
REASONS = (
    (r"No space left on device", "the disk is full. Make room and run this again"),
    (
        r"DO NOT MATCH THE HASHES[\s\S]*?\n\s+(\S+) from ",
        "the index offers another file for {0} than the one that is locked. "
        "Use an index that has the original files (PIP_INDEX_URL)",
    ),
    (
        r"(?i)(?:Failed to establish a new connection|Temporary failure in name resolution"
        r"|Name or service not known|Network is unreachable|Connection refused|timed out"
        r"|Cannot connect to proxy|SSLError|CERTIFICATE_VERIFY_FAILED)",
        "the package index cannot be reached. Check the network and, behind a proxy or with an "
        "index of your own, https_proxy, PIP_INDEX_URL and PIP_CERT",
    ),
    (
        r"\(from versions: none\)[\s\S]*No matching distribution found for (\S+)",
        "the index does not know {0}, or cannot be reached. Check the network and PIP_INDEX_URL",
    ),
    (
        r"No matching distribution found for (\S+)",
        "the index has no file of {0} that Python {python} can install. Use the index of PyPI, "
        "or another Python from 3.11 on",
    ),
    (
        r"(\S+ \S+ requires \S+, which is not installed|\S+ \S+ has requirement .*)",
        "the lock files are not whole: {0}. Lock them anew with `make lock`",
    ),
)


class InstallError(Exception):
    """The environment could not be made; the text is one sentence for a person."""


def main() -> int:
    """Parse the command line and carry it out."""
    parser = argparse.ArgumentParser(description="Install exactly what lock files name.")
    parser.add_argument("venv", type=Path, metavar="VENV")
    parser.add_argument("locks", type=Path, nargs="+", metavar="LOCK")
    parser.add_argument("--project", type=Path, metavar="DIRECTORY", help="linked in, editable")
    options = parser.parse_args()
    try:
        ensure(options.venv, options.locks, options.project)
    except (InstallError, OSError) as error:
        sys.stderr.write(f"{options.venv} cannot be made: {error}.\n")
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


def ensure(venv: Path, locks: list[Path], project: Path | None = None) -> None:
    """Make the environment unless it is as locked; raises ``InstallError`` when it cannot be.

    ``project`` is a source tree that is linked in; its build backend must be among the locks.
    """
    require_python()
    key = fingerprint(locks, project)
    stamp = venv / STAMP
    if stamp.is_file() and stamp.read_text() == key:
        return
    names = ", ".join(str(lock) for lock in locks)
    sys.stderr.write(f"making {venv} from {names} (may take a minute or two)\n")
    os.umask(0o022)  # other users run what root installs
    make(venv)
    requirements = [word for lock in locks for word in ("--requirement", str(lock))]
    run(venv, "-m", "pip", "install", *OPTIONS, *requirements)
    if project:
        run(
            venv,
            *("-m", "pip", "install", "--no-deps", "--no-build-isolation", "--no-index"),
            *("--disable-pip-version-check", "--editable", str(project)),
        )
    run(venv, "-m", "pip", "check", "--disable-pip-version-check")
    stamp.write_text(key)


def require_python() -> None:
    """Refuse a Python that the locked packages do not support, or one without venv."""
    if sys.version_info[:2] < OLDEST:
        raise InstallError(
            f"Python {version()} is too old; Python 3.11 or later is needed. "
            "Run this with a newer one"
        )
    try:
        import ensurepip  # noqa: F401, PLC0415 - Debian has it in a package of its own
        import venv  # noqa: F401, PLC0415
    except ImportError:
        raise InstallError(
            f"Python {version()} is here without its module venv. "
            f"On Debian: apt-get install python{version()}-venv"
        ) from None


def version() -> str:
    """As in the names of Debian's packages: 3.11."""
    return f"{sys.version_info[0]}.{sys.version_info[1]}"


def fingerprint(locks: list[Path], project: Path | None) -> str:
    """Of all that decides what is in the environment."""
    metadata = [project / "pyproject.toml"] if project else []
    digest = hashlib.sha256(f"{sys.version} {sys.base_prefix}".encode())
    for path in [*locks, *metadata]:
        digest.update(path.read_bytes())
    return digest.hexdigest()


def make(venv: Path) -> None:
    """An empty environment, with pip as this Python brings it."""
    line = [sys.executable, "-I", "-m", "venv", "--clear", str(venv)]
    done = subprocess.run(
        line, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
    )
    if done.returncode:
        words = done.stdout.strip().splitlines() or ["python -m venv failed without a message"]
        free = shutil.disk_usage(venv.parent).free
        if free < LEAST_BYTES:  # venv itself tells only that ensurepip failed
            raise InstallError(f"the disk is full. Make room: {free >> 20} MB are free")
        raise InstallError(words[-1].rstrip("."))


def run(venv: Path, *arguments: str) -> None:
    """Run the environment's Python; what it writes goes into the log."""
    settings = {name: value for name, value in os.environ.items() if name not in ELSEWHERE}
    log = venv / LOG
    with log.open("a+", encoding="utf-8", errors="replace") as stream:
        began = stream.tell()
        code = subprocess.run(
            [str(venv / "bin" / "python"), "-I", *arguments],
            env=settings,
            stdin=subprocess.DEVNULL,
            stdout=stream,
            stderr=subprocess.STDOUT,
            check=False,
        ).returncode
        stream.seek(began)
        output = stream.read()
    if code:
        raise InstallError(reason(output, venv) or last_words(output, venv))


def reason(output: str, venv: Path) -> str:
    """The sentence for what pip wrote; empty when nothing is known of it."""
    for pattern, sentence in REASONS:
        found = re.search(pattern, output)
        if found:
            words = sentence.format(*found.groups(), python=version())
            return f"{words} (pip's own words: {venv / LOG})"
    return ""


def last_words(output: str, venv: Path) -> str:
    """What pip itself names as the error, else its last line."""
    lines = [line.strip() for line in output.splitlines() if line.strip()] or ["no output"]
    errors = [line for line in lines if line.startswith("ERROR: ")]
    words = (errors or lines)[-1].removeprefix("ERROR: ").rstrip(".")
    return f"{words} (pip's own words: {venv / LOG})"


if __name__ == "__main__":
    sys.exit(main())
