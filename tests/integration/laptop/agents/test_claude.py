"""The files for agents as Claude Code itself takes them."""

from __future__ import annotations

import gzip
import json
import shutil
from pathlib import Path

import pytest

from broker.laptop.agents.prove import rails
from broker.laptop.agents.transcripts import transcripts
from broker.laptop.agents.trust import claude_trust
from broker.laptop.agents.write import write_agent_files
from broker.laptop.sessions.collect import collect
from broker.laptop.workspace import Workspace
from rig.fakes.model import Step

from .claude import Claude
from .serving import serve_mcp

SYNC = "bash server/scripts/sync_data.sh"
QUERY = 'bash server/scripts/broker.sh sql "SELECT count(*) FROM orders"'
SETTINGS = ".claude/settings.json"
# Whatever the rules of a folder say, but for those that deny.
FREE = ("--allowedTools", "Bash")


def bash(command: str) -> Step:
    return Step(tool="Bash", input={"command": command, "description": "a step of the script"})


def files(workspace: Workspace) -> dict[str, bytes]:
    return {
        str(path.relative_to(workspace.server)): path.read_bytes()
        for path in workspace.server.rglob("*")
        if path.is_file()
    }


def rail(workspace: Workspace, claude: Claude, name: str) -> bool | None:
    """Whether the status of the laptop says that this rail works."""
    return next(r.works for r in rails(workspace, claude.environment) if r.name == name)


def test_an_agent_stays_on_its_rails(claude: Claude, workspace: Workspace) -> None:
    before = files(workspace)
    place = str(workspace.server / "new.txt")
    played = claude.play(
        workspace.root,
        Step(tool="Write", input={"file_path": place, "content": "x"}),
        bash(SYNC),
        bash(QUERY),
        bash("find server -delete"),
    )
    assert played.returncode == 0
    assert files(workspace) == before
    written, synced, queried, removed = (played.model.result(step) for step in range(4))
    assert written.is_error
    assert "denied by your permission settings" in written.text
    assert (synced.is_error, queried.is_error) == (False, False)
    assert queried.text == "answer to sql SELECT count(*) FROM orders"
    assert removed.is_error
    assert f"for newer data run: {SYNC}" in removed.text
    assert f"{workspace.root} \n" in (workspace.user / "synced").read_text()
    answers = [(one["exit_code"], bool(one["stdout"])) for one in played.hooks("PreToolUse")]
    assert answers == [(0, False), (0, False), (0, True)]  # the rule denies before the hook


def test_it_knows_rules_tables_and_ages_as_it_starts(claude: Claude, workspace: Workspace) -> None:
    played = claude.play(workspace.root)
    context = played.model.context
    assert "`sales/orders`" in context  # AGENTS.md, by way of CLAUDE.md
    assert "`orders` (never loaded, promised 60 min)" in context
    (hook,) = played.hooks("SessionStart")
    assert (hook["exit_code"], hook["stderr"]) == (0, "")


def test_the_doctor_finds_nothing_wrong_with_our_files(
    claude: Claude, workspace: Workspace
) -> None:
    complaints = ("Invalid settings", "may not work as written")
    found = claude.doctor(workspace.root)
    assert "Claude Code doctor" in found
    assert [one for one in complaints if one in found] == []
    # It would say so.
    (workspace.root / ".mcp.json").write_text('{"mcpServers": 1}')
    settings = json.loads((workspace.root / SETTINGS).read_text())
    settings["permissions"]["deny"].append("Write(/server/**)")
    (workspace.root / SETTINGS).write_text(json.dumps(settings))
    found = claude.doctor(workspace.root)
    assert [one for one in complaints if one in found] == [*complaints]


@pytest.mark.parametrize(
    "command",
    [
        "echo x > server/parquet/x.parquet",  # these by the rule of the settings
        "rm -rf server/parquet",
        "cp user/duckdb/analytics.duckdb server/",
        "cd server && touch new",
        "truncate -s 0 server/parquet/x.parquet",  # and these by the hook
        "bash -c 'rm -rf server/parquet'",
        "find server -name '*.parquet' -delete",
        "dd if=/dev/null of=server/parquet/x.parquet",
        "cat > server/new <<E\n$HOME\nE",
        "ln -s /etc server/new",
        "duckdb user/duckdb/analytics.duckdb 'DROP VIEW orders'",
        "duckdb -c \"COPY (SELECT 1) TO 'server/parquet/x.parquet'\"",
        "python3 -c \"import duckdb; duckdb.connect('user/duckdb/analytics.duckdb')\"",
    ],
)
def test_what_would_break_the_data_is_refused_to_who_may_run_anything(
    claude: Claude, workspace: Workspace, command: str
) -> None:
    before = files(workspace)
    played = claude.play(workspace.root, bash(command), options=FREE)
    result = played.model.result(0)
    assert result.is_error, result.text
    assert "denied" in result.text or "bash server/scripts/" in result.text
    assert files(workspace) == before
    assert workspace.database.read_text() == "views"


@pytest.mark.parametrize(
    "command",
    [
        "cat server/parquet/x.parquet",
        "cp server/parquet/x.parquet user/mine",
        "rm -f user/nothing",
        "echo 'rm -rf server' > user/note",
    ],
)
def test_what_only_reads_the_data_goes_on(
    claude: Claude, workspace: Workspace, command: str
) -> None:
    played = claude.play(workspace.root, bash(command), options=FREE)
    assert not played.model.result(0).is_error, played.model.result(0).text


@pytest.mark.parametrize("missing", ["environment", "program", "hook"])
def test_where_the_hook_is_gone_commands_go_on(
    claude: Claude, workspace: Workspace, venv: Path, missing: str
) -> None:
    own = workspace.state / "venv"
    own.unlink()
    if missing != "environment":
        shutil.copytree(venv, own, symlinks=True)
        (site,) = own.glob("lib/python*/site-packages")
        (site / "broker.pth").unlink()
        if missing == "hook":  # of a release that has none, or one that was half written
            (site / "broker").mkdir()
            (site / "broker" / "__init__.py").write_text("import sys; sys.exit(2)\n")
    played = claude.play(workspace.root, bash("echo on"), bash("rm -r server"), options=FREE)
    assert played.model.result(0).text == "on"
    assert played.model.result(1).is_error, "the rule of the settings holds without it"
    assert not rail(workspace, claude, "hook PreToolUse")


def test_a_hook_that_fails_says_nothing_and_leaves_a_trace(
    claude: Claude, workspace: Workspace
) -> None:
    settings = (workspace.root / SETTINGS).read_text()
    (workspace.root / SETTINGS).write_text(settings.replace('"session-start"', '"of-tomorrow"'))
    played = claude.play(workspace.root, bash("echo on"), options=FREE)
    assert played.model.result(0).text == "on"
    (started,) = played.hooks("SessionStart")
    assert (started["exit_code"], started["stdout"], started["stderr"]) == (0, "", "")
    assert "KeyError" in (workspace.state / "agents/hooks.log").read_text()


def test_foreign_settings_stay_in_force(claude: Claude, workspace: Workspace) -> None:
    mine = {
        "permissions": {"deny": ["Bash(whoami *)"], "allow": ["Bash(id *)"]},
        "hooks": {
            "PreToolUse": [
                {"matcher": "Bash", "hooks": [{"type": "command", "command": "touch user/seen"}]}
            ]
        },
        "env": {"OF_MINE": "yes"},
    }
    (workspace.root / SETTINGS).write_text(json.dumps(mine))
    assert write_agent_files(workspace) == ()
    played = claude.play(
        workspace.root, bash("whoami"), bash("id"), bash("rm -r server"), bash(SYNC)
    )
    errors = [played.model.result(step).is_error for step in range(4)]
    assert errors == [True, False, True, False]
    assert (workspace.user / "seen").exists()
    assert len(played.hooks("PreToolUse")) >= 4  # theirs and ours


def test_the_server_is_started_and_its_tools_need_no_question(
    claude: Claude, workspace: Workspace
) -> None:
    serve_mcp(workspace)
    played = claude.play(workspace.root, Step(tool="mcp__broker__query", input={}))
    assert {"name": "broker", "status": "connected"}.items() <= played.start["mcp_servers"][
        0
    ].items()
    assert (played.model.result(0).text, played.model.result(0).is_error) == ("42 rows", False)
    assert rail(workspace, claude, "MCP server")


def test_who_does_not_trust_the_folder_is_asked_and_the_status_says_so(
    claude: Claude, workspace: Workspace, tmp_path: Path
) -> None:
    assert rail(workspace, claude, "trust of Claude Code") is True
    stranger = Claude(claude.program, tmp_path / "stranger")
    stranger.trust(workspace.root, accepted=False)
    played = stranger.play(workspace.root, bash(SYNC))
    assert played.model.result(0).is_error
    assert played.hooks("PreToolUse")  # which need no trust without a terminal
    assert rail(workspace, stranger, "trust of Claude Code") is False


def test_in_a_folder_below_no_rail_counts_and_the_status_says_so(
    claude: Claude, workspace: Workspace
) -> None:
    assert rail(workspace, claude, "start of Claude Code") is None
    claude.play(workspace.root)
    assert rail(workspace, claude, "start of Claude Code") is True
    step = bash("find ../server -name x -delete")
    played = claude.play(workspace.user, step, options=FREE)
    assert played.hooks("PreToolUse") == []
    assert not played.model.result(0).is_error
    assert rail(workspace, claude, "start of Claude Code") is False


def test_its_transcript_is_kept_without_secrets_and_again_when_it_goes_on(
    claude: Claude, workspace: Workspace
) -> None:
    """Where it keeps them, and what stands in them, as the program itself does it."""
    token, key = (
        "ghp_" + "Ab3" * 12,
        "-----BEGIN PRIVATE KEY-----\nMIIEvQIB\n-----END PRIVATE KEY-----",
    )
    played = claude.play(
        workspace.root, bash(f"printf '%s\\n' 'token {token}' '{key}'"), options=FREE
    )
    session = played.start["session_id"]
    assert collect(workspace, claude.environment) == []
    (copy,) = (workspace.user / "sessions").iterdir()
    assert copy.name.endswith(f"_{session}.jsonl.gz")
    first = gzip.decompress(copy.read_bytes()).decode()
    for secret in (token, "MIIEvQIB"):
        assert secret not in first
    for shown in ("[redacted: GitHub token]", "[redacted: private key]", "printf"):
        assert shown in first
    assert "left-out" not in first
    claude.play(workspace.root, bash("echo more"), options=(*FREE, "--resume", session))
    assert collect(workspace, claude.environment) == []
    (again,) = (workspace.user / "sessions").iterdir()
    assert again == copy
    assert gzip.decompress(copy.read_bytes()).decode().startswith(first)
    assert "echo more" in gzip.decompress(copy.read_bytes()).decode()


def test_the_transcript_of_a_folder_with_a_long_path_is_found(
    claude: Claude, workspace: Workspace
) -> None:
    """It cuts the name of the folder with transcripts after 200 letters."""
    moved = Workspace.at(workspace.root.with_name("x" * 150) / ("y" * 150))
    moved.root.parent.mkdir()
    workspace.root.rename(moved.root)
    session = claude.play(moved.root, bash("echo here"), options=FREE).start["session_id"]
    assert [one.id for one in transcripts(moved.root, claude.environment)] == [session]
    start = next(claude_trust(moved, claude.environment))
    assert (start.name, start.works) == ("start of Claude Code", True)
