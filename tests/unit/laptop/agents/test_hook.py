from __future__ import annotations

import io
import json
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest

from broker.laptop.agents import background, hook
from broker.laptop.agents.background import BackgroundSync, take_outcome
from broker.laptop.workspace import Workspace
from tests.unit.laptop.agents.folders import table, workspace_at

Fire = Callable[[str, object], str]


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return workspace_at(tmp_path, table("orders"))


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[Workspace]:
    """Each sync in the background that would have started."""
    found: list[Workspace] = []
    monkeypatch.setattr(background, "start", found.append)
    return found


@pytest.fixture
def fire(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> Fire:
    """Calls the hook as an agent does; gives what it printed."""

    def call(event: str, values: object) -> str:
        content = values if isinstance(values, bytes) else json.dumps(values).encode()
        printed = io.BytesIO()
        monkeypatch.setattr(sys, "argv", ["hook", str(workspace.root), event])
        monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(content)))
        monkeypatch.setattr(sys, "stdout", SimpleNamespace(buffer=printed))
        hook.main()
        return printed.getvalue().decode()

    return call


def log(workspace: Workspace) -> str:
    place = workspace.state / "agents/hooks.log"
    return place.read_text() if place.exists() else ""


def keep(workspace: Workspace, content: str) -> Path:
    place = workspace.state / "agents/sync.json"
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text(content)
    return place


def test_a_command_that_would_break_the_data_is_denied(fire: Fire, workspace: Workspace) -> None:
    call = {"tool_name": "Bash", "tool_input": {"command": "rm -r x"}, "cwd": str(workspace.server)}
    answer = json.loads(fire("pre-tool-use", call))["hookSpecificOutput"]
    assert answer["permissionDecision"] == "deny"
    assert answer["permissionDecisionReason"].startswith("server/ belongs to the broker")
    assert fire("pre-tool-use", {**call, "cwd": str(workspace.root)}) == ""
    assert log(workspace) == ""


@pytest.mark.parametrize(
    "call",
    [
        {"tool_name": "Bash", "tool_input": {"command": f"rm -r server/{'x' * 100_000}"}},
        {"tool_name": "Write", "tool_input": {"file_path": f"server/{'x' * 100_000}"}},
        {
            "tool_name": "Bash",
            "tool_input": {"command": f"duckdb user/duckdb/analytics.duckdb {'x' * 100_000}"},
        },
    ],
)
def test_a_refusal_is_read_as_a_whole_whatever_was_refused(
    fire: Fire, workspace: Workspace, call: dict[str, object]
) -> None:
    """Claude Code cuts what a hook prints after 10,000 characters, and JSON that is cut is none."""
    text = fire("pre-tool-use", {**call, "cwd": str(workspace.root)})
    assert json.loads(text)["hookSpecificOutput"]["permissionDecision"] == "deny"
    assert len(text) < 10_000


def test_the_folder_is_known_by_a_link_as_well(
    fire: Fire, workspace: Workspace, tmp_path: Path
) -> None:
    link = tmp_path.parent / f"{tmp_path.name}-link"
    link.symlink_to(workspace.root)
    call = {"tool_name": "Bash", "tool_input": {"command": "rm -r server"}, "cwd": str(link)}
    assert "deny" in fire("pre-tool-use", call)


@pytest.mark.parametrize("source", ["startup", "resume"])
def test_a_session_that_begins_starts_a_sync(
    fire: Fire, started: list[Workspace], workspace: Workspace, source: str
) -> None:
    text = fire("session-start", {"source": source})
    assert text.startswith("Company data in this folder: generation")
    assert "A sync has started in the background" in text
    assert started == [workspace]


@pytest.mark.parametrize("source", ["clear", "compact"])
def test_a_session_that_goes_on_starts_none(
    fire: Fire, started: list[Workspace], source: str
) -> None:
    assert "started" not in fire("session-start", {"source": source})
    assert started == []


def test_before_the_first_sync_it_says_how_to_sync(
    fire: Fire, started: list[Workspace], workspace: Workspace
) -> None:
    workspace.current.unlink()
    text = fire("session-start", {"source": "startup"})
    assert "there are no data in this folder yet. Run: bash server/scripts/sync_data.sh" in text
    assert started == []


@pytest.mark.parametrize(
    ("event", "values"),
    [
        ("pre-tool-use", b""),
        ("pre-tool-use", b"\xff"),
        ("pre-tool-use", []),
        ("pre-tool-use", {}),
        ("of-tomorrow", {}),
        ("session-start", b"{"),
    ],
)
def test_what_it_cannot_read_is_logged_and_lets_the_agent_go_on(
    fire: Fire, workspace: Workspace, event: str, values: object
) -> None:
    assert fire(event, values) == ""
    assert "Traceback" in log(workspace)


def test_the_log_does_not_grow_for_ever(fire: Fire, workspace: Workspace) -> None:
    keep(workspace, "{}")
    (workspace.state / "agents/hooks.log").write_text("old\n" * 1_000_000)
    fire("pre-tool-use", b"")
    assert len(log(workspace)) < 200_000
    assert log(workspace).rstrip().endswith("(char 0)")


def test_the_outcome_of_a_sync_is_shown_once(workspace: Workspace) -> None:
    kept = '{"started": "a", "ended": "b", "exit_code": 0, "changed": ["orders"]}'
    keep(workspace, kept)
    assert take_outcome(workspace) == BackgroundSync("a", "b", 0, changed=("orders",))
    assert take_outcome(workspace) is None


def test_an_outcome_that_cannot_be_read_stands_in_the_way_once(
    fire: Fire,
    started: list[Workspace],  # noqa: ARG001 - so that none is
    workspace: Workspace,
) -> None:
    place = keep(workspace, "{")
    assert fire("session-start", {"source": "compact"}) == ""
    assert not place.exists()
    assert fire("session-start", {"source": "compact"}) != ""
