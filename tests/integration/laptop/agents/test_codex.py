"""The files for agents as Codex itself takes them."""

from __future__ import annotations

import shutil

import pytest

from broker.laptop.agents.prove import rails
from broker.laptop.agents.write import write_agent_files
from broker.laptop.workspace import Workspace
from rig.fakes.model import Step

from .codex import Codex
from .serving import serve_mcp

SYNC = "bash server/scripts/sync_data.sh"


def shell(command: str) -> Step:
    return Step(tool="exec_command", input={"cmd": command})


def test_an_agent_stays_on_its_rails(codex: Codex, workspace: Workspace) -> None:
    model = codex.play(workspace.root, shell("find server -delete"), shell(SYNC))
    assert f"for newer data run: {SYNC}" in model.result(0).text
    assert (workspace.server / "parquet" / "x.parquet").read_text() == "rows"
    assert "nothing to fetch from `broker`" in model.result(1).text
    assert "`sales/orders`" in model.context  # AGENTS.md
    assert "`orders` (never loaded, promised 60 min)" in model.context  # the hook of the start


def test_a_patch_of_the_data_is_refused(codex: Codex, workspace: Workspace) -> None:
    patch = "apply_patch <<'E'\n*** Begin Patch\n*** Add File: {}\n+x\n*** End Patch\nE"
    paths = ("server/new", "user/new")
    model = codex.play(workspace.root, *(shell(patch.format(path)) for path in paths))
    assert "server/ belongs to the broker" in model.result(0).text
    assert [(workspace.root / path).exists() for path in paths] == [False, True]


def test_where_the_hook_is_gone_commands_go_on(codex: Codex, workspace: Workspace) -> None:
    (workspace.state / "venv").unlink()
    assert "on" in codex.play(workspace.root, shell("echo on")).result(0).text
    (workspace.state / "venv").mkdir()
    assert "on" in codex.play(workspace.root, shell("echo on")).result(0).text


def test_the_server_is_started_and_its_tools_need_no_question(
    codex: Codex, workspace: Workspace
) -> None:
    serve_mcp(workspace)
    model = codex.play(workspace.root, Step(tool="mcp__broker/query", input={}))
    assert "42 rows" in model.result(0).text


@pytest.mark.parametrize("is_trusted", [True, False])
def test_the_folder_counts_where_it_is_trusted_and_the_status_says_so(
    codex: Codex, workspace: Workspace, is_trusted: bool
) -> None:
    if not is_trusted:
        codex.trusted = codex.trusted.replace('"trusted"', '"untrusted"')
    model = codex.play(workspace.root, shell("echo on"))
    found = {rail.name: rail.works for rail in rails(workspace, codex.environment)}
    assert ("promised 60 min" in model.context) is is_trusted
    assert found["trust of Codex"] is is_trusted


def test_settings_that_stood_there_stay_in_force(codex: Codex, workspace: Workspace) -> None:
    shutil.rmtree(workspace.root / ".codex")
    (workspace.root / ".codex").mkdir()
    place = workspace.root / ".codex" / "config.toml"
    place.write_text('[mcp_servers.other]\ncommand = "/bin/other"\n')
    assert write_agent_files(workspace) == ()
    listed = codex.run("mcp", "list", folder=workspace.root)
    names = [line.split()[0] for line in listed.stdout.splitlines() if line.strip()]
    assert {"other", "broker"} <= {*names}
