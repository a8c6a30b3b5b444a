"""The parts of the story that are the same with hosts and without them."""

from __future__ import annotations

import re
import sys
from pathlib import Path

from .board import Board, Step
from .commands import Commands
from .company import DEFAULT_TODAY, TABLES
from .places import COMPANY, ROOT

__all__ = ["ANALYST", "make_company", "sync_phase", "sync_result", "tool"]

ANALYST = "anna"


def make_company(board: Board, commands: Commands) -> None:
    """Generate the CSV files, in a process of its own, so that the other steps go on meanwhile."""
    with board.step("Make a company") as step:
        stamp = COMPANY / "made-until"
        wanted = f"{DEFAULT_TODAY}\n"
        if stamp.is_file() and stamp.read_text() == wanted and _newer_than_recipe(stamp):
            step.result = "stands since the last time"
            return
        command = [sys.executable, "-m", "demo.company", "--out", str(COMPANY)]
        env = {"PYTHONPATH": str(ROOT)}
        lines = commands.run(step, command, log="company", env=env)
        rows = sum(int(line.split()[1].replace(",", "")) for line in lines)
        stamp.write_text(wanted)
        step.result = f"{rows:,} rows in {len(TABLES)} CSV files"


def _newer_than_recipe(stamp: Path) -> bool:
    recipe = (Path(__file__).parent / "company").rglob("*")
    return stamp.stat().st_mtime > max(path.stat().st_mtime for path in recipe if path.is_file())


def sync_phase(line: str) -> str | None:
    """What a line of ``broker sync`` is worth showing: the table and what is done with it."""
    found = re.search(r"table=(\S+) phase=(\w+)(?: status=(\w+) rows=(\d+))?", line)
    if found is None:
        return line
    table, phase, status, rows = found.groups()
    return f"{table}: {status}, {int(rows):,} rows" if rows else f"{table}: {phase}"


def sync_result(step: Step, lines: list[str]) -> None:
    """Let a step end with the last line of ``sync_data.sh``, which sums up what it did."""
    step.result = next(line for line in reversed(lines) if line.startswith("generation "))


def tool(name: str) -> str:
    """A program of this Python's environment."""
    return str(Path(sys.executable).with_name(name))
