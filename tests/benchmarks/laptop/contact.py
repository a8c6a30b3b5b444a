"""From the operator's line to the first answer, and how long each part takes."""

from __future__ import annotations

import time
from collections.abc import Iterator

from tests.system.laptop.laptops import AnalystFolder

from .figures import Figure, median_of
from .stage import Stage, well

__all__ = ["introduce", "measure"]

_QUESTION = 'bash server/scripts/broker.sh sql "SELECT count(*) AS n FROM bulk"'


def introduce(stage: Stage) -> None:
    """The first folder; pip has the wheels at hand from then on."""
    well(stage.folder.first_contact(stage.line))


def measure(stage: Stage) -> Iterator[Figure]:
    """The same in new folders, part by part."""
    introduce(stage)
    parts: dict[str, list[float]] = {}
    for number in range(stage.pairs):
        for name, seconds in _phases(stage, f"new-{number}"):
            parts.setdefault(name, []).append(seconds)
    total = parts.pop("all")
    for name, runs in parts.items():
        yield median_of(f"first contact: {name}", runs, "s")
    yield median_of("the line to the first answer", total, "s", most=30)


def _phases(stage: Stage, name: str) -> Iterator[tuple[str, float]]:
    """What each part left behind says when it ended: both hosts have the clock of this machine."""
    folder = AnalystFolder(stage.laptop, name)
    began = time.time()
    well(folder.first_contact(stage.line))
    contacted = time.time()
    well(folder.type(_QUESTION))
    ended = time.time()
    state = folder.outside / ".broker"
    (locked,) = state.glob("environments/*/.locked")
    marks = {
        "signed scripts": state / "environment.lock",
        "environment": locked,
        "data": folder.outside / "server/current",
        "views": folder.outside / "user/duckdb/views.sql",
    }
    before = began
    for part, mark in marks.items():
        at = mark.lstat().st_mtime
        yield part, at - before
        before = at
    yield "agents' files", contacted - before
    yield "first answer", ended - contacted
    yield "all", ended - began
    folder.remove()
