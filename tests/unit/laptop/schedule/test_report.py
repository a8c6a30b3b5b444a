"""What a folder knows of its timer, also after it was moved or copied."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from broker.errors import LaptopError
from broker.laptop.schedule.record import forget_schedule, read_schedule, write_schedule
from broker.laptop.schedule.report import report_schedule
from broker.laptop.schedule.timer import FolderTimer, TimerState
from broker.laptop.workspace import Workspace

RUNS = TimerState(
    is_active=True,
    next_run=datetime(2026, 11, 30, 9, 3, tzinfo=UTC),
    last_run=datetime(2026, 11, 30, 8, 4, tzinfo=UTC),
    exit_code=0,
)


class Known:
    """A system that knows one state, or refuses."""

    def __init__(self, state: TimerState | None) -> None:
        self._state = state

    def check(self) -> None: ...

    def agent_socket(self) -> str | None:
        return None

    def switch_on(self, timer: FolderTimer) -> None: ...

    def switch_off(self, name: str) -> list[Path]:  # noqa: ARG002  as the protocol has it
        return []

    def state(self, name: str) -> TimerState:  # noqa: ARG002  as above
        if self._state is None:
            raise LaptopError("systemd does not answer")
        return self._state


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    (tmp_path / "here/.broker").mkdir(parents=True)
    return Workspace.at(tmp_path / "here")


def test_a_folder_without_a_timer_says_nothing_and_asks_nobody(workspace: Workspace) -> None:
    assert report_schedule(workspace, Known(None)) is None
    write_schedule(workspace, "1h")
    forget_schedule(workspace)
    forget_schedule(workspace)
    assert report_schedule(workspace, Known(None)) is None


def test_one_that_runs_says_when(workspace: Workspace) -> None:
    write_schedule(workspace, "6h")
    report = report_schedule(workspace, Known(RUNS))
    assert report is not None
    assert report.works
    assert report.message == (
        "it syncs by itself every 6 hours, next at 2026-11-30 09:03 UTC, last ended at 2026-11-30 "
        "08:04 UTC with exit code 0"
    )


def test_one_that_does_not_run_says_what_to_type(workspace: Workspace) -> None:
    write_schedule(workspace, "1h")
    for state, words in ((TimerState(is_active=False), "schedule on"), (None, "does not answer")):
        report = report_schedule(workspace, Known(state))
        assert report is not None
        assert not report.works
        assert words in report.message


def test_a_folder_that_was_moved_knows_its_old_timer_and_a_copy_leaves_it(
    workspace: Workspace,
) -> None:
    write_schedule(workspace, "1h")
    moved = workspace.root.with_name("moved")
    workspace.root.rename(moved)
    report = report_schedule(Workspace.at(moved), Known(RUNS))
    assert report is not None
    assert not report.works
    assert f"was made for {workspace.root}" in report.message
    workspace.state.mkdir(parents=True)
    report = report_schedule(Workspace.at(moved), Known(RUNS))
    assert report is not None
    assert "of which this folder is a copy" in report.message


@pytest.mark.parametrize(
    "text", ["", "{}", "[]", '{"root": "/x", "every": "2h"}', '{"root": "/x", "every": ["1h"]}']
)
def test_what_cannot_be_read_is_no_timer(workspace: Workspace, text: str) -> None:
    (workspace.state / "schedule.json").write_text(text)
    assert read_schedule(workspace) is None
