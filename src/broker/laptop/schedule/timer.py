"""What a timer of a folder is, on every system. Pure."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol

from ...errors import LaptopError
from ...foreign.text import is_plain

__all__ = ["INTERVALS", "FolderTimer", "TimerState", "Timers", "name_for", "script_of"]

INTERVALS: Mapping[str, str] = {
    "30m": "every 30 minutes",
    "1h": "every hour",
    "6h": "every 6 hours",
}
"""How often, as it is typed and in words."""


@dataclass(frozen=True, slots=True)
class FolderTimer:
    """``environment`` is set beside what the system gives; ``bash`` is a path."""

    root: Path
    every: str
    bash: str
    environment: Mapping[str, str]

    @property
    def name(self) -> str:
        """See ``name_for``."""
        return name_for(self.root)

    def check(self) -> None:
        """Raise ``LaptopError`` for what no file of the system can hold."""
        values = {"the path of this folder": str(self.root), **self.environment}
        for what, value in values.items():
            if not is_plain(value):
                raise LaptopError(
                    f"a timer cannot be given {what}",
                    expected="text in which every character prints",
                    found=value,
                    remedy="Rename the folder, or change that setting, and type this again.",
                )


def name_for(root: Path) -> str:
    """The name under which the system knows the timer: no two folders have the same."""
    return f"data-broker-{hashlib.sha256(os.fsencode(root)).hexdigest()[:12]}"


def script_of(root: Path) -> Path:
    """What a timer runs; once it is not there, the timer does nothing."""
    return root / "server" / "scripts" / "sync_data.sh"


@dataclass(frozen=True, slots=True)
class TimerState:
    """What the system knows of a timer. Instants are in UTC, None where it does not say."""

    is_active: bool
    next_run: datetime | None = None
    last_run: datetime | None = None
    exit_code: int | None = None


class Timers(Protocol):
    """What runs timers of a person. Each call raises ``LaptopError`` where the system refuses."""

    def check(self) -> None:
        """Refuse where there is nothing that would run a timer of this person."""

    def agent_socket(self) -> str | None:
        """The socket of an ssh-agent that a timer finds in its environment."""

    def switch_on(self, timer: FolderTimer) -> None:
        """Make it so; again with another interval it converges."""

    def switch_off(self, name: str) -> list[Path]:
        """Remove all that was made for this timer; returns the files."""

    def state(self, name: str) -> TimerState:
        """How it is now."""
