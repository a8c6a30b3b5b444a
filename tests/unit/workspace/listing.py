"""The list of what analysts fetch: ``python -m tests.unit.workspace.listing`` writes it."""

from __future__ import annotations

import hashlib
from pathlib import Path

from broker import workspace

__all__ = ["LIST", "render", "write"]

FILES = Path(workspace.__file__).parent / "files"
LIST = "scripts/SHA256SUMS"


def render(folder: Path = FILES) -> str:
    """A line for each file below ``scripts`` and ``examples``, as sha256sum(1) writes it."""
    found = sorted(
        str(path.relative_to(folder))
        for part in ("scripts", "examples")
        for path in (folder / part).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    )
    lines = [
        f"{hashlib.sha256((folder / path).read_bytes()).hexdigest()}  {path}\n"
        for path in found
        if path not in (LIST, f"{LIST}.sig", "scripts/allowed_signers")
    ]
    return "".join(lines)


def write(folder: Path = FILES) -> None:
    """Write the list to its place."""
    (folder / LIST).write_text(render(folder))


if __name__ == "__main__":
    write()
