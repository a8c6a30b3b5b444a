"""A timer of a folder with a hostile name, and a laptop's program that runs timers, played."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from broker.laptop.schedule.calls import CallResult
from broker.laptop.schedule.timer import FolderTimer

__all__ = ["HOSTILE", "Played", "timer_of"]

HOSTILE = "a \"b\" 'c' 100% $HOME ; x&y é #"


def timer_of(root: Path, every: str = "1h") -> FolderTimer:
    return FolderTimer(root, every, "/bin/bash", {"PATH": '/opt/my "tools"/100%:/bin'})


@dataclass
class Played:
    """Answers as ``systemctl`` or ``launchctl``: by the first words after the program's options."""

    answers: dict[str, tuple[int, str]] = field(default_factory=dict)
    lines: list[str] = field(default_factory=list)

    def __call__(self, line: Sequence[str]) -> CallResult:
        words = " ".join(word for word in line[1:] if not word.startswith("--"))
        self.lines.append(words)
        for begin, (code, output) in self.answers.items():
            if words.startswith(begin):
                return CallResult(line, code, output, "" if code == 0 else "refused")
        return CallResult(line, 0, "", "")
