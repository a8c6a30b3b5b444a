"""The YAML blocks of a Markdown file, each with the line at which it begins."""

from __future__ import annotations

import re
from dataclasses import dataclass

__all__ = ["Block", "yaml_blocks"]

# CommonMark: three or more backticks or tildes, at most three blanks in front.
_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})\s*([^`\s]*)")


@dataclass(frozen=True, slots=True)
class Block:
    """The text of a block and the line of the file at which its first line stands."""

    text: str
    first_line: int


def yaml_blocks(markdown: str) -> list[Block]:
    """All blocks that are fenced as ``yaml``. One that is never closed goes to the end."""
    blocks: list[Block] = []
    fence, start = "", 0
    lines: list[str] | None = None
    for number, line in enumerate(markdown.split("\n"), start=1):
        match = _FENCE.match(line)
        if not fence and match:
            fence, start = match[1], number + 1
            lines = [] if match[2].lower() == "yaml" else None
        elif fence and match and match[1].startswith(fence) and not match[2]:
            if lines is not None:
                blocks.append(Block("\n".join(lines), start))
            fence, lines = "", None
        elif lines is not None:
            lines.append(line)
    if lines is not None:
        blocks.append(Block("\n".join(lines), start))
    return blocks
