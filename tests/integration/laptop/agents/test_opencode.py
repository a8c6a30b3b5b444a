"""The files for agents as opencode itself takes them."""

from __future__ import annotations

from broker.laptop.workspace import Workspace
from rig.fakes.model import Step

from .opencode import OpenCode
from .serving import serve_mcp


def write(workspace: Workspace, path: str) -> Step:
    place = str(workspace.root / path)
    return Step(tool="write", input={"filePath": place, "content": "x"})


def test_an_agent_stays_on_its_rails(opencode: OpenCode, workspace: Workspace) -> None:
    serve_mcp(workspace)
    model = opencode.play(
        workspace.root,
        write(workspace, "server/new"),
        write(workspace, "user/new"),
        Step(
            tool="bash",
            input={"command": "bash server/scripts/sync_data.sh", "description": "sync"},
        ),
        Step(tool="broker_query", input={}),
    )
    assert "**/server/**" in model.result(0).text
    assert not (workspace.server / "new").exists()
    assert (workspace.user / "new").read_text() == "x"
    assert "nothing to fetch from `broker`" in model.result(2).text
    assert "42 rows" in model.result(3).text
    assert "`sales/orders`" in model.context  # AGENTS.md
