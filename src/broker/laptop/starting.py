"""How this program is started, as people and agents type it and as it does so itself."""

from __future__ import annotations

import sys
from pathlib import Path

from ..portable import IS_WINDOWS

__all__ = ["ENDING", "QUERY", "SYNC", "UTF8", "interpreter", "module_line", "sync_line"]

# With slashes: agents on Windows have PowerShell, which takes both, or a bash.
SYNC = "server/scripts/sync_data.cmd" if IS_WINDOWS else "bash server/scripts/sync_data.sh"
QUERY = "server/scripts/broker.cmd" if IS_WINDOWS else "bash server/scripts/broker.sh"

ENDING = "cmd" if IS_WINDOWS else "sh"
"""Of the scripts of this system."""

UTF8 = ("-X", "utf8") if IS_WINDOWS else ()
"""Options of Python: on Windows it takes texts for those of an old code page without them."""


def module_line(module: str, python: Path | None = None) -> list[str]:
    """A module in a process of its own, by this Python or another with this program in it.

    ``-I``: a file of the analyst's folder, or a variable, never stands in for a module.
    """
    return [str(python or sys.executable), "-I", *UTF8, "-m", module]


def sync_line(scripts: Path, *, is_windows: bool = IS_WINDOWS) -> list[str]:
    """A sync as a process, by the scripts that are in this folder then; words may follow."""
    if is_windows:  # a .cmd would read its words by rules of its own
        return [sys.executable, "-I", "-B", "-X", "utf8", str(scripts / "bootstrap.py"), "sync"]
    return ["bash", str(scripts / "sync_data.sh")]


def interpreter(state: Path, *, is_windows: bool = IS_WINDOWS) -> Path:
    """The Python that the sync brought, with this program in it; ``state`` is ``.broker``.

    On Windows ``venv`` is a file that names its folder: links need rights that people do not have.
    """
    place = state / "venv"
    if not is_windows:
        return place / "bin" / "python"
    if place.is_file():
        place = state / place.read_text(encoding="utf-8").strip()
    return place / "Scripts" / "python.exe"
