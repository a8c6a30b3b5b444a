"""The sync that a session starts, and what the next one says of it."""

from __future__ import annotations

import json
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

from broker.files import lock
from broker.laptop.agents import background, commands
from broker.laptop.starting import interpreter
from broker.laptop.workspace import Workspace
from tests.unit.laptop.agents.folders import table, workspace_at

NEXT = "2026-11-23T120000Z-7f3a"
SECONDS = 60


def session(workspace: Workspace, source: str = "compact") -> str:
    """What an agent is shown as its session starts."""
    done = subprocess.run(
        commands.hook(workspace.root, "session-start"),
        input=json.dumps({"source": source, "cwd": str(workspace.root)}),
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=True,
    )
    assert done.stderr == ""
    return done.stdout


@dataclass(frozen=True)
class Gate:
    """Two pipes: on one a sync says that it runs, on the other it waits until it may end."""

    workspace: Workspace
    began: Path
    goes: Path

    def wait_for_begin(self) -> None:
        self.began.read_text()

    def let_end(self) -> None:
        """Until its outcome is kept."""
        self.goes.write_text("x")
        place = self.workspace.state / "agents" / "sync.lock"
        with lock(place, purpose="the test", wait_seconds=SECONDS):
            pass


@pytest.fixture
def gate(workspace: Workspace) -> Gate:
    made = Gate(workspace, workspace.user / "began", workspace.user / "goes")
    os.mkfifo(made.began)
    os.mkfifo(made.goes)
    script = workspace.scripts / "sync_data.sh"
    waits = f'echo x >"{made.began}"\ncat "{made.goes}" >/dev/null\nexit '
    script.write_text(script.read_text().replace("exit ", waits))
    return made


def test_a_session_starts_a_sync_and_does_not_wait_for_it(workspace: Workspace, gate: Gate) -> None:
    text = session(workspace, "startup")
    gate.wait_for_begin()
    assert "A sync has started in the background" in text
    assert "The sync in the background that began" not in session(workspace)
    gate.let_end()
    assert (workspace.user / "synced").read_text() == f"{workspace.root} --quiet\n"
    assert "found nothing new." in session(workspace)
    assert "The sync in the background that began" not in session(workspace)


def test_the_next_session_says_what_came(workspace: Workspace, gate: Gate) -> None:
    session(workspace, "startup")
    gate.wait_for_begin()
    # No table has a file here, so only one that was not there before counts as changed.
    workspace_at(workspace.root, table("orders"), table("new"), generation=NEXT)
    gate.let_end()
    assert f"brought `{NEXT}`: other rows in `new`." in session(workspace)


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (1, "failed with exit code 1: `` sync_data: nothing to fetch from `broker` ``."),
        (3, "found nothing new."),
        (75, "met another one that was running."),
    ],
)
def test_the_next_session_says_how_it_ended(
    workspace: Workspace, gate: Gate, code: int, words: str
) -> None:
    (workspace.user / "exit_code").write_text(str(code))
    session(workspace, "startup")
    gate.wait_for_begin()
    gate.let_end()
    assert words in session(workspace)


def test_two_sessions_start_one_sync(workspace: Workspace, gate: Gate) -> None:
    session(workspace, "startup")
    gate.wait_for_begin()
    python = interpreter(workspace.state)
    second = [python, "-I", "-m", background.__name__, workspace.root]
    subprocess.run(second, timeout=SECONDS, check=True)
    gate.let_end()
    assert (workspace.user / "synced").read_text().count("\n") == 1


def test_a_sync_that_was_cut_off_is_shown_as_that(workspace: Workspace) -> None:
    place = workspace.state / "agents" / "sync.json"
    place.parent.mkdir(exist_ok=True)
    place.write_text('{"started": "2026-11-22T10:00:00+00:00", "ended": null, "changed": []}')
    assert "was cut off" in session(workspace)
