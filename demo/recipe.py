"""What decides how a deployed host looks: while it is the same, no deploy is needed."""

from __future__ import annotations

import hashlib
import os

from .places import ROOT

__all__ = ["fingerprint"]

FOLDERS = ("src", "roles", "playbooks", "library", "plugins", "group_vars", "requirements")
FILES = (
    "site.yml",
    "pyproject.toml",
    "ansible.cfg",
    "README.md",
    "LICENSE",
    "bin/install_locked.py",
)


def fingerprint() -> str:
    """Of all files that a deploy reads in this checkout; a wheel keeps which ones are programs."""
    digest = hashlib.sha256()
    found = [path for name in FOLDERS for path in (ROOT / name).rglob("*")]
    files = [path for path in found if path.is_file() and "__pycache__" not in path.parts]
    for path in sorted([*files, *(ROOT / name for name in FILES)]):
        program, content = os.access(path, os.X_OK), path.read_bytes()
        name = f"{path.relative_to(ROOT)}\0{program}\0{len(content)}\0"
        digest.update(name.encode() + content)
    return digest.hexdigest()
