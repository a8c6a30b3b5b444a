"""What a folder remembers of its timer, so that it finds it again after it was moved."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from ...files import write_atomic
from ...foreign.strict_json import read_json
from ..workspace import Workspace
from .timer import INTERVALS, name_for

__all__ = ["ScheduleRecord", "forget_schedule", "read_schedule", "write_schedule"]

_NAME = "schedule.json"


@dataclass(frozen=True, slots=True)
class ScheduleRecord:
    """``root`` is where the folder stood as the timer was made."""

    root: str
    every: str

    @property
    def name(self) -> str:
        """Of the timer."""
        return name_for(Path(self.root))


def write_schedule(workspace: Workspace, every: str) -> None:
    """Keep that a timer was made; raises ``OSError``."""
    facts = asdict(ScheduleRecord(str(workspace.root), every))
    write_atomic(workspace.state / _NAME, json.dumps(facts) + "\n", mode=0o644)


def read_schedule(workspace: Workspace) -> ScheduleRecord | None:
    """None where no timer was made, or where what was kept of it cannot be read."""
    try:
        facts = read_json(workspace.state / _NAME)
        record = ScheduleRecord(str(facts["root"]), str(facts["every"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return record if record.every in INTERVALS else None


def forget_schedule(workspace: Workspace) -> None:
    """There is no timer any more."""
    (workspace.state / _NAME).unlink(missing_ok=True)
