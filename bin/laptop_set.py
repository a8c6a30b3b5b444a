#!/usr/bin/env python3
"""Gather what laptops fetch from a broker: the scripts and examples, and the list of their hashes.

    python3 bin/laptop_set.py FOLDER [WHEEL]

FOLDER gets ``scripts/``, ``examples/`` and ``SHA256SUMS``, which the broker signs. WHEEL is that of
this checkout: with it a laptop can make the environment in which the program runs.

Standard library only. The same checkout gives the same bytes.
"""

from __future__ import annotations

import hashlib
import re
import shutil
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PARTS = ("scripts", "examples")


def main(folder: Path, wheel: Path | None = None) -> None:
    """Carry it out; raises ``OSError``."""
    for part in PARTS:
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / "laptop" / part, folder / part, ignore=ignored)
    scripts = folder / "scripts"
    for path in (ROOT / "bin/install_locked.py", ROOT / "requirements/pip.txt"):
        shutil.copy(path, scripts)
    lock = locked()
    if wheel is not None:
        shutil.copy(wheel, scripts)
        lock += f"./{wheel.name} --hash=sha256:{digest(wheel)}\n"
    (scripts / "requirements.txt").write_text(lock)
    (scripts / "uv.txt").write_text(entry_of("uv", ROOT / "requirements/dev.txt"))
    (folder / "SHA256SUMS").write_text(listing(folder))


def locked() -> str:
    """The packages of the program and its MCP server, each once: ``bin/lock`` makes them agree."""
    texts = [(ROOT / f"requirements/{name}.txt").read_text() for name in ("broker", "mcp")]
    entries = [entry for text in texts for entry in re.split(r"\n(?=\S)", text.strip())]
    return "\n".join(dict.fromkeys(entries)) + "\n"


def entry_of(name: str, lock: Path) -> str:
    """What a lock file says of one package."""
    entries = re.split(r"\n(?=\S)", lock.read_text().strip())
    return next(entry for entry in entries if entry.startswith(f"{name}==")) + "\n"


def listing(folder: Path) -> str:
    """A line for each file, as sha256sum(1) writes it."""
    paths = sorted(
        path.relative_to(folder).as_posix()
        for part in PARTS
        for path in (folder / part).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    )
    return "".join(f"{digest(folder / path)}  {path}\n" for path in paths)


def digest(path: Path) -> str:
    """The SHA-256 of a file."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
