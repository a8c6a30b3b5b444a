"""The commands that README.md and docs/ tell people to type, for the tests that type them.

A block is fenced as ``sh NAME``; a test asks for it by that name. ``tests/unit/docs`` holds that
every block has a name, that no two have the same, and that some test asks for each.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

__all__ = ["ROOT", "Block", "blocks", "documented"]

ROOT = Path(__file__).resolve().parents[1]
_FENCE = re.compile(r"^ *(`{3,})([^`\n]*)\n(.*?)^ *\1 *$", re.MULTILINE | re.DOTALL)
SHELLS = {"bat", "sh", "bash", "console", "shell", "zsh"}


@dataclass(frozen=True)
class Block:
    """A fenced block of commands: ``where`` is file:line, ``name`` is empty if it has none."""

    where: str
    name: str
    text: str

    @property
    def commands(self) -> list[str]:
        """One command per entry: comments left out, continued lines joined."""
        joined = self.text.replace("\\\n", " ")
        lines = (line.strip() for line in joined.splitlines())
        return [line for line in lines if line and not line.startswith("#")]


def blocks() -> list[Block]:
    """Every block of shell commands of the documentation."""
    found = []
    for path in [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]:
        text = path.read_text(encoding="utf-8")
        for match in _FENCE.finditer(text):
            language, *names = match[2].split() or [""]
            if language in SHELLS:
                line = text.count("\n", 0, match.start()) + 1
                where = f"{path.relative_to(ROOT)}:{line}"
                found.append(Block(where, " ".join(names), match[3]))
    return found


def documented(name: str) -> list[str]:
    """The commands of the block of this name; ``LookupError`` if there is none."""
    for block in blocks():
        if block.name == name:
            return block.commands
    raise LookupError(f"no block in README.md or docs/ is fenced as: sh {name}")
